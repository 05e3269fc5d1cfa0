"""The grid of crops that the `builtin` network gives logits to, without any network library."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

# edges are numbered 0 left, 1 top, 2 right, 3 bottom; the six tables come in this order
EDGE_PAIRS = ((0, 2), (1, 3), (0, 1), (2, 3), (0, 3), (1, 2))

SHORTEST = 0.3  # least width and height of a crop on the grid, as a share of the picture's
SMALLEST = 0.12  # least area, as a share; drawn crops are hardly ever smaller


@functools.cache
def grid_indices(grid: int) -> NDArray[np.int64]:
    """Lines (M,4) of all crops on the grid, left, top, right, bottom, in a fixed order."""
    least = int(np.ceil(SHORTEST * grid))
    spans = np.array([(a, b) for a in range(grid + 1) for b in range(a + least, grid + 1)])
    across, down = np.meshgrid(np.arange(len(spans)), np.arange(len(spans)), indexing="ij")
    across, down = spans[across.ravel()], spans[down.ravel()]
    lines = np.stack([across[:, 0], down[:, 0], across[:, 1], down[:, 1]], 1)
    area = (lines[:, 2] - lines[:, 0]) * (lines[:, 3] - lines[:, 1])
    lines = lines[area > SMALLEST * grid * grid]
    lines.setflags(write=False)
    return lines


def grid_boxes(grid: int) -> NDArray[np.float32]:
    """The same crops (M,4) as shares of the picture."""
    return (grid_indices(grid) / grid).astype(np.float32)


def grid_logits(tables: NDArray[np.floating], grid: int) -> NDArray[np.float32]:
    """Logits (M,) of all crops on the grid from the tables (6,G+1,G+1) of one picture."""
    lines = grid_indices(grid)
    logits = np.zeros(len(lines), np.float32)
    for table, (i, j) in zip(tables, EDGE_PAIRS, strict=True):
        logits += table[lines[:, i], lines[:, j]]
    return logits
