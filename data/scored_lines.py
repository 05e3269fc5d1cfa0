"""Texts of annotated crops: four edges and maybe a score a line, in whatever order they have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.names import printable

SURE = 5.0  # the score of a line that has none, as ProCrop takes it


def read_lines(path: Path) -> list[str]:
    """The lines of a text, empty ones too.

    Raises:
        DataError: the file is missing or no text.
    """
    try:
        return path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise DataError(f"{printable(path)} is missing; complete the data set.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read as text ({error}).") from None


def read_scored_lines(path: Path) -> NDArray[np.float64]:
    """Rows (N,5) of a text: the four edges as they stand, and the score.

    Empty lines do not count. A line of four numbers has the score `SURE`.

    Raises:
        DataError: the file is missing, or a line is not four or five finite numbers.
    """
    lines = read_lines(path)
    rows = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        try:
            row = [float(word) for word in words]
        except ValueError:
            row = []
        if len(row) not in (4, 5) or not np.isfinite(row).all():
            raise DataError(
                f"{printable(path)}, line {number}: expected four edges and a score, got "
                f"'{printable(line[:60])}'."
            )
        rows.append(row if len(row) == 5 else [*row, SURE])
    return np.array(rows, np.float64).reshape(-1, 5)
