"""Holes of plates, on which nothing of what was erased should be left.

In the search for objects a leg that is left does little harm, and a hole should take no more than
it must. On a plate a leg that stands alone is all that one sees. So what is joined to the masks and
has the colours of what they hold is cut out by GrabCut, and little islands are filled in.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask, mask_box
from ..models.grab_cut import grab_cut, small_size
from .segment_config import SegmentConfig
from .segment_hole import grown, hole_around, hole_radius

# Chosen on photographs of train splits, where it leaves a quarter less of objects on plates.
_REACH, _SURE = 6.0, 2.0  # radii of the widening: outside a mask what may be left; inside, sure
_INSIDE, _OUTSIDE = 0.7, 0.3  # how likely pixels are the object's, before colours are compared
_ISLAND = 0.05  # share of a hole, up to which what it encloses is a part of the object left out


def plate_hole(rgb: NDArray[np.uint8], mask: Mask, others: Mask, config: SegmentConfig) -> Mask:
    """`segment_hole.hole_around` with what is left of objects besides.

    Args:
        rgb: HxWx3, the picture that shows the objects.
        mask: HxW, not empty, of all objects.
        others: HxW, what is known to be something else.
        config: the settings.
    """
    hole = hole_around(rgb, mask, others, config)
    radius = hole_radius(mask, config)
    if radius >= 1:
        hole = hole | grown(_left(rgb, mask, others, radius), radius)
    return _without_islands(hole)


def _left(rgb: NDArray[np.uint8], mask: Mask, others: Mask, radius: int) -> Mask:
    """What is joined to a mask HxW, near it, and by its colours belongs to it."""
    box, margin = mask_box(mask), round((_REACH + 2) * radius)
    rows = slice(max(int(box.y1) - margin, 0), int(box.y2) + margin)
    columns = slice(max(int(box.x1) - margin, 0), int(box.x2) + margin)
    here = mask[rows, columns]
    height, width = here.shape
    away, deep = (
        cv2.distanceTransform(each.astype(np.uint8), cv2.DIST_L2, 5) for each in (~here, here)
    )
    bar = (away > _REACH * radius) | others[rows, columns]
    size = small_size(width, height)
    small = cv2.resize(rgb[rows, columns], size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    barred, sure, own = (
        cv2.resize(each.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for each in (bar, deep > _SURE * radius, here)
    )
    soft = np.where(own >= 0.5, np.float32(_INSIDE), np.float32(_OUTSIDE))
    cut = grab_cut(small, soft, inside=sure > 0.99, outside=(barred > 0.5) & (own < 0.5))
    large = cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5
    large = np.asarray(large) | here
    _, parts = cv2.connectedComponents(large.astype(np.uint8), connectivity=4)
    found = np.zeros_like(mask)
    found[rows, columns] = np.isin(parts, np.unique(parts[here])) & ~others[rows, columns]
    return found


def _without_islands(hole: Mask) -> Mask:
    """A hole with what little of the picture it encloses."""
    filled = hole.copy()
    count, parts, spans, _ = cv2.connectedComponentsWithStats((~hole).astype(np.uint8))
    most = _ISLAND * int(hole.sum())
    height, width = hole.shape
    for number in range(1, count):
        x, y, wide, high, size = (int(value) for value in spans[number])
        enclosed = x > 0 and y > 0 and x + wide < width and y + high < height
        if enclosed and size <= most:
            filled |= parts == number
    return filled
