"""Tables of figures as files: comma-separated values, or Markdown."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..core.errors import OutputError, UsageError
from ..core.files import atomic_write
from ..core.names import printable

SUFFIXES = (".csv", ".md")

Row = Mapping[str, object]


def require_table(path: Path) -> None:
    """Refuse, before any work, a file that is neither or cannot be written.

    Raises:
        UsageError: its suffix says neither.
        OutputError: it is a folder, or its own takes no files.
    """
    _require_suffix(path)
    if os.path.isdir(path):
        raise OutputError(f"{printable(path)} is a folder; give the table another name.")
    folder = next(above for above in path.absolute().parents if os.path.exists(above))
    try:  # permissions alone do not tell: nobody can write in /proc, root not either
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OutputError(
            f"cannot write {printable(path)} ({reason}); write the table to another folder."
        ) from error


def _require_suffix(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"'{path.name}' is no table; end its name in {' or '.join(SUFFIXES)}.")


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Every key of the rows, in the order in which they come up."""
    return list(dict.fromkeys(key for row in rows for key in row))


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as the file's suffix says; what a row lacks is left empty.

    Numbers have all their digits in .csv and four in .md.

    Raises:
        UsageError: see `require_table`.
        OutputError: it cannot be written.
    """
    _require_suffix(path)
    text = as_csv(rows) if path.suffix.lower() == ".csv" else as_markdown(rows)
    with atomic_write(path) as part:
        part.write_bytes(text.encode())


def as_csv(rows: Sequence[Row]) -> str:
    """With a line of names first (RFC 4180, but lines end in a line feed)."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def as_markdown(rows: Sequence[Row]) -> str:
    """A pipe table; columns of numbers are set flush right."""
    columns = columns_of(rows)
    marks = [
        "---:" if all(isinstance(row.get(name), int | float | None) for row in rows) else "---"
        for name in columns
    ]
    lines = [columns, marks, *([cell(row.get(name)) for name in columns] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: object) -> str:
    """A value for people: four digits of a number, a dash for what is not there."""
    if value is None:
        return "-"
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
