"""Recursive normalised cuts (Shi and Malik, TPAMI 2000) of a few hundred cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_CELLS = 6  # of a part; an object of fewer cells shows too little of its looks


def recursive_cut(
    affinity: NDArray[np.float32], most_alike: float, least: int = LEAST_CELLS
) -> NDArray[np.int32]:
    """Part numbers 1, 2, … (K,) of K cells.

    A set of cells is cut in two while the mean affinity across the best cut is below
    `most_alike`.

    Args:
        affinity: (K,K) in (0, 1], symmetric.
        most_alike: 0 cuts nothing; what is higher cuts more.
        least: cells of a part.
    """
    numbers = np.zeros(len(affinity), np.int32)
    waiting = [np.arange(len(affinity))]
    count = 0
    while waiting:
        cells = waiting.pop()
        inner = affinity[np.ix_(cells, cells)].astype(np.float64)
        side = best_cut(inner, least)
        if side is not None and inner[side][:, ~side].mean() < most_alike:
            waiting += [cells[side], cells[~side]]
        else:
            count += 1
            numbers[cells] = count
    return numbers


def best_cut(affinity: NDArray[np.float64], least: int = LEAST_CELLS) -> NDArray[np.bool_] | None:
    """One side (K,) of the best normalised cut, equation (2) there, along the second eigenvector.

    Returns:
        None where no cut leaves `least` cells on both sides.
    """
    if len(affinity) < 2 * least:
        return None
    degree = affinity.sum(1)
    root = 1 / np.sqrt(degree)
    _, vectors = np.linalg.eigh(root[:, None] * affinity * root)
    order = np.argsort(vectors[:, -2] * root, kind="stable")
    # of the first 1, 2, … cells in that order: their degrees, and the affinity among themselves
    first = np.cumsum(degree[order])
    among = np.cumsum(np.cumsum(affinity[np.ix_(order, order)], 0), 1).diagonal()
    across, rest = first - among, degree.sum() - first
    costs = (across / first + across / np.maximum(rest, 1e-12))[least - 1 : len(order) - least]
    side = np.zeros(len(order), bool)
    side[order[: least + int(np.argmin(costs))]] = True
    return side
