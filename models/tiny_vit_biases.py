"""Attention biases of TinyViT, which depend on how far apart two cells of a window are."""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import NDArray

_MOST = 14  # cells a side of the largest window; the pairs of a larger one could fill memory


def distances(window: int) -> NDArray[np.int64]:
    """The number of each pair's distance, (cells,cells), for a window of that many cells a side.

    Distances are counted row by row: those of d rows and e columns have the number d·window + e.
    """
    places = np.arange(window * window)
    row, column = np.divmod(places, window)
    rows, columns = np.abs(row[:, None] - row), np.abs(column[:, None] - column)
    numbers: NDArray[np.int64] = rows * window + columns
    return numbers


def spread_biases(biases: NDArray[np.float32]) -> NDArray[np.float32]:
    """Biases by distance (heads,cells) as biases of pairs (heads,cells,cells).

    Raises:
        ValueError: the distances are not those of a window of the network.
    """
    if biases.ndim != 2:
        raise ValueError("the biases have other axes")
    window = isqrt(biases.shape[1])
    if window**2 != biases.shape[1] or window > _MOST:
        raise ValueError("the biases are of no such window")
    return np.ascontiguousarray(biases[:, distances(window)])
