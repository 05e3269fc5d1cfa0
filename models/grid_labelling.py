"""Labels for the cells of a grid, such that costs of cells and of neighbours are low together.

Min-sum belief propagation whose messages sweep across the grid in the four directions in turn, as
M. Tappen and W. Freeman, Comparison of Graph Cuts with Belief Propagation for Stereo, ICCV 2003,
do; whole rows or columns at a time. A labelling is read off cell by cell, each given those before
it, and improved where a single cell can do better.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

_READ_EVERY = 3  # sweeps after which a labelling is read
_MENDS = 3  # rounds of improving single cells


@dataclass(frozen=True, eq=False)
class LabelGrid:
    """What labels cost on a grid of R rows and C columns with K labels a cell."""

    own: Floats = field(repr=False)  # (R,C,K)
    across: Floats = field(repr=False)  # (R,C-1,K,K): a cell's label, that of the one to its right
    down: Floats = field(repr=False)  # (R-1,C,K,K): a cell's label, that of the one below

    def cost(self, labels: Labels) -> float:
        """The sum of all costs of a labelling (R,C)."""
        r, c = np.mgrid[: labels.shape[0], : labels.shape[1]]
        beside, below = (slice(None), slice(1, None)), (slice(1, None), slice(None))
        total = self.own[r, c, labels].sum(dtype=np.float64)
        total += self.across[r[beside], c[beside] - 1, labels[:, :-1], labels[:, 1:]].sum()
        total += self.down[r[below] - 1, c[below], labels[:-1], labels[1:]].sum()
        return float(total)

    def mended(self, labels: Labels) -> Labels:
        """A labelling (R,C) that costs no more: cells changed, every other one at a time."""
        odd = np.indices(labels.shape).sum(0) % 2
        for turn in range(2 * _MENDS):
            cost = self.own.copy()
            left, right = labels[:, :-1, None, None], labels[:, 1:, None, None]
            cost[:, 1:] += np.take_along_axis(self.across, left, 2)[:, :, 0]
            cost[:, :-1] += np.take_along_axis(self.across, right, 3)[..., 0]
            above, below = labels[:-1, :, None, None], labels[1:, :, None, None]
            cost[1:] += np.take_along_axis(self.down, above, 2)[:, :, 0]
            cost[:-1] += np.take_along_axis(self.down, below, 3)[..., 0]
            labels = np.where(odd == turn % 2, cost.argmin(2), labels)
        return labels


def labelled(grid: LabelGrid, sweeps: int) -> Labels:
    """The best labelling (R,C) that so many sweeps in all four directions find."""
    messages = _Messages(grid)
    best, least = grid.mended(grid.own.argmin(2)), np.inf
    for number in range(1, sweeps + 1):
        messages.sweep()
        if number % _READ_EVERY and number != sweeps:
            continue
        labels = grid.mended(messages.read())
        cost = grid.cost(labels)
        if cost < least:
            best, least = labels, cost
    return best


class _Messages:
    """What cells have heard from their neighbours on each side, (R,C,K)."""

    def __init__(self, grid: LabelGrid) -> None:
        self._grid = grid
        self._left, self._right, self._above, self._below = np.zeros(
            (4, *grid.own.shape), np.float32
        )

    def sweep(self) -> None:
        grid, own = self._grid, self._grid.own
        height, width = own.shape[:2]
        left, right, above, below = self._left, self._right, self._above, self._below
        beside = own + above + below
        for c in range(1, width):
            said = beside[:, c - 1] + left[:, c - 1]
            left[:, c] = _least((said[:, :, None] + grid.across[:, c - 1]), 1)
        for c in range(width - 1, 0, -1):
            said = beside[:, c] + right[:, c]
            right[:, c - 1] = _least((said[:, None] + grid.across[:, c - 1]), 2)
        beside = own + left + right
        for r in range(1, height):
            said = beside[r - 1] + above[r - 1]
            above[r] = _least((said[:, :, None] + grid.down[r - 1]), 1)
        for r in range(height - 1, 0, -1):
            said = beside[r] + below[r]
            below[r - 1] = _least((said[:, None] + grid.down[r - 1]), 2)

    def read(self) -> Labels:
        """Diagonal by diagonal, given the labels to the left and above."""
        grid = self._grid
        height, width = grid.own.shape[:2]
        labels = np.zeros((height, width), np.int64)
        heard = grid.own + self._right + self._below
        for diagonal in range(height + width - 1):
            r = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
            c = diagonal - r
            cost = heard[r, c]
            i = c > 0
            cost[i] += grid.across[r[i], c[i] - 1, labels[r[i], c[i] - 1]]
            i = r > 0
            cost[i] += grid.down[r[i] - 1, c[i], labels[r[i] - 1, c[i]]]
            labels[r, c] = cost.argmin(1)
        return labels


def _least(values: Floats, axis: int) -> Floats:
    least = values.min(axis)
    return np.asarray(least - least.min(1, keepdims=True), np.float32)
