"""The tables of a set as parquet, by pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.files import atomic_write
from ..core.names import printable


def require_pyarrow() -> None:
    """Say early that pyarrow is missing.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UsageError(
            "--parquet needs pyarrow; run: pip install 'compose-toolkit[parquet]'."
        ) from None


def write_parquet(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a table beside its CSV form, whole or not at all; equal tables give equal bytes.

    Args:
        path: of the CSV form.
        columns: their names.
        rows: values of one type a column, or None; names of files that are no UTF-8 are written
            as they are shown.

    Raises:
        UsageError: pyarrow is not installed.
        OutputError: it cannot be written.
    """
    require_pyarrow()
    import pyarrow
    from pyarrow import parquet

    told = [[_utf8(value) for value in row] for row in rows]
    values = zip(*told, strict=True) if told else ([] for _ in columns)
    table = pyarrow.table(
        {name: list(column) for name, column in zip(columns, values, strict=True)}
    )
    with atomic_write(path.with_suffix(".parquet")) as part:
        parquet.write_table(table, part)


def _utf8(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return printable(value)
    return value
