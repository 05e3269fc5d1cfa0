"""Work for other processes, which import it by this name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from compose.core.errors import DataError


def square(number: int) -> tuple[int, int]:
    if number == 3:
        raise DataError("three is odd; take another.")
    return number * number, os.getpid()


def die_once(folder: Path, number: int) -> int:
    """Kill its own process the first time that the number is 2."""
    mark = folder / "died"
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number + 10


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def nap(path: Path) -> None:
    part = path.with_suffix(".part")
    part.write_text(str(os.getpid()))
    part.rename(path)
    time.sleep(60)
