"""Objects that touch, taken apart where their looks part."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .grouping import CELLS, CellGrouping
from .guided_filter import guided_filter
from .mask_parts import connected_parts
from .mask_split import nearest_number
from .normalized_cut import LEAST_CELLS, recursive_cut

_COVERED = 0.5  # share of a cell that a mask covers, for the cell to have a say
_REACH = 0.03  # of the picture: how far borders between objects move onto edges; about a cell


def split_by_looks(
    rgb: NDArray[np.uint8], mask: Mask, grouping: CellGrouping, most_alike: float
) -> NDArray[np.int32]:
    """Numbers 1, 2, … of the objects in a mask (h,w), 0 outside it.

    Each connected part is taken apart by itself. One that covers too few cells stays whole.

    Args:
        rgb: HxWx3, of any size and of the mask's shape.
        mask: small, a few hundred pixels a side.
        grouping: tells how much alike cells are.
        most_alike: see `normalized_cut.recursive_cut`.
    """
    size = mask.shape[1], mask.shape[0]
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    numbers = np.zeros(mask.shape, np.int32)
    count = 0
    for part in connected_parts(mask):
        cells = covered_cells(part)
        parts = np.ones(len(cells), np.int32)
        if len(cells) >= 2 * LEAST_CELLS:
            affinity = grouping.affinity(rgb, cells)
            if affinity is not None:
                parts = recursive_cut(affinity, most_alike)
        if parts.max(initial=1) > 1:
            numbers[part] = count + _to_pixels(small, cells, parts)[part]
        else:
            numbers[part] = count + 1
        count = int(numbers.max())
    return numbers


def covered_cells(mask: Mask) -> NDArray[np.intp]:
    """Numbers of the cells that a mask (h,w) covers by more than half."""
    share = cv2.resize(mask.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.flatnonzero(share > _COVERED)


def _to_pixels(
    rgb: NDArray[np.uint8], cells: NDArray[np.intp], parts: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The parts' numbers (h,w): cells' memberships interpolated, along the picture's edges."""
    grid = np.zeros(CELLS * CELLS, np.int32)
    grid[cells] = parts
    grid = nearest_number(grid.reshape(CELLS, CELLS))
    height, width = rgb.shape[:2]
    members = [
        guided_filter(
            rgb,
            cv2.resize((grid == number).astype(np.float32), (width, height)),
            radius=_REACH,
            side=max(height, width),
        )
        for number in range(1, int(parts.max()) + 1)
    ]
    found = np.argmax(members, 0).astype(np.int32) + 1
    # a part that its neighbours swallowed leaves a gap in the numbers
    return np.unique(found, return_inverse=True)[1].reshape(found.shape).astype(np.int32) + 1
