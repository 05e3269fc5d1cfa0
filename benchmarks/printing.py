"""Tables as Markdown, and how a benchmark ends when it cannot run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from compose.core.errors import ComposeError


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, padded so that it reads well as plain text; the first column is names."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * (width - 1)}:" if place else "-" * width for place, width in enumerate(widths)]
    return "\n".join([line(columns), line(rule), *map(line, rows)])


def run(main: Callable[[], int]) -> None:
    """Run a benchmark and exit; what the user can mend is one sentence on stderr."""
    try:
        code = main()
    except ComposeError as error:
        print(f"error: {error}", file=sys.stderr)
        code = error.exit_code
    sys.exit(code)
