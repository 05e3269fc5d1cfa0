"""Attention biases of TinyViT, which depend on how far apart two cells of a window are."""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import NDArray


def distances(window: int) -> NDArray[np.int64]:
    """The number of each pair's distance, (cells,cells), for a window of that many cells a side.

    Distances are counted row by row: those of d rows and e columns have the number d·window + e.
    """
    places = np.arange(window * window)
    row, column = np.divmod(places, window)
    return np.abs(row[:, None] - row) * window + np.abs(column[:, None] - column)


def spread_biases(biases: NDArray[np.float32]) -> NDArray[np.float32]:
    """Biases by distance (heads,cells) as biases of pairs (heads,cells,cells)."""
    return np.ascontiguousarray(biases[:, distances(isqrt(biases.shape[1]))])
