"""Lists of a data set's parts: a text file with a name a line."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import DataError
from ..core.names import printable


def read_names(path: Path) -> list[str]:
    """The names in the list's order.

    Raises:
        DataError: the list is missing, no text, or empty.
    """
    try:
        names = path.read_text("utf-8").split()
    except FileNotFoundError:
        raise DataError(f"{printable(path)} is missing; give the folder that holds it.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read as text ({error}).") from None
    if not names:
        raise DataError(f"{printable(path)} names no photograph; choose another part.")
    return names


def require_named(path: Path, name: str, *files: Path) -> None:
    """Refuse a list that names what is not there.

    Raises:
        DataError: one of the files of `name` is missing.
    """
    for file in files:
        if not file.is_file():
            raise DataError(
                f"{printable(path)} names {printable(name)}, but {printable(file)} is missing; "
                "complete the data set or the list."
            )
