"""Tables for people: drawn by Rich on a terminal, aligned text elsewhere."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence


def plain(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> str:
    """A table as aligned text, columns two spaces apart; ends in a line break."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    right = _numeric(columns, rows)
    lines = [title] if title else []
    for row in (list(columns), *cells):
        parts = [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines) + "\n"


def drawn(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> str:
    """A table with lines and, unless NO_COLOR is set, colours; ends in a line break."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left")
    for column, flush in zip(columns, _numeric(columns, rows), strict=True):
        table.add_column(Text(column), justify="right" if flush else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(file=io.StringIO(), force_terminal=True, width=Console().width)
    with console.capture() as captured:
        console.print(table)
    text = captured.get()
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a terminal that has no such lines
        return plain(columns, rows, title)
    return text


def _numeric(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[bool]:
    """Which columns hold numbers only, as numbers or as their text."""
    return [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(columns))]


def _is_number(cell: object) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return False
    return True
