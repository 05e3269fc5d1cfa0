"""`python -m compose.cli` is the command `compose`."""

from .main import main

if __name__ == "__main__":
    main()
