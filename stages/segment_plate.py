"""Holes of plates, on which nothing of what was erased should be left.

What a hole encloses is a part of the object that its mask left out, or ground that is seen through
it; in the search for objects it does little harm, and on a plate it is all that one sees.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import grown
from ..core.masks import Mask
from .segment_config import SegmentConfig
from .segment_hole import hole_around, hole_radius
from .segment_remnants import remnants
from .segment_shadows import shadows
from .segment_stems import stems

# Cutting out by colours (GrabCut) what is joined to the masks leaves a sixth less of objects on
# plates of train photographs, but cuts into what stands beside them, and plates look no better.
_ISLAND = 0.05  # share of a hole, up to which what it encloses is filled in
_WIDER = 0.5  # of the hole's own widening, by which it is wider than remnants


def plate_hole(rgb: NDArray[np.uint8], mask: Mask, others: Mask, config: SegmentConfig) -> Mask:
    """`segment_hole.hole_around` with what is left of the objects and their shadows, no islands.

    Args:
        rgb: HxWx3, the picture that shows the objects.
        mask: HxW, not empty, of all objects.
        others: HxW, what is known to be something else.
        config: the settings.
    """
    radius = hole_radius(mask, config)
    filled = _without_islands(
        _without_slits(hole_around(rgb, mask, others, config), others, radius), others
    )
    if radius < 1:
        return filled
    filled = _with(filled, remnants(rgb, filled, mask), others, radius)
    filled = _with(filled, stems(rgb, filled, mask), others, radius)
    return _with(filled, shadows(rgb, filled), others, radius)


def _with(hole: Mask, found: Mask, others: Mask, radius: int) -> Mask:
    """The hole with what was found beside it, and islands filled."""
    left = found & ~others
    if not left.any():
        return hole
    wider = grown(left, max(round(radius * _WIDER), 1)) & ~others
    return _without_islands(hole | wider, others)


def _without_slits(hole: Mask, others: Mask, radius: int) -> Mask:
    """The hole with what lies between its parts, narrower than it was widened by.

    Hair and blurred rims reach there, and what is filled would take its tones from them.
    """
    if radius < 1:
        return hole
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    # beyond the frame there is no hole, so that nothing is closed against it
    bits = np.pad(hole.astype(np.uint8), radius)
    closed = cv2.morphologyEx(bits, cv2.MORPH_CLOSE, disc)[radius:-radius, radius:-radius] > 0
    return np.asarray(hole | (closed & ~others))


def _without_islands(hole: Mask, others: Mask) -> Mask:
    filled = hole.copy()
    count, parts, spans, _ = cv2.connectedComponentsWithStats((~filled).astype(np.uint8))
    most = _ISLAND * int(filled.sum())
    height, width = filled.shape
    for number in range(1, count):
        x, y, wide, high, size = (int(value) for value in spans[number])
        enclosed = x > 0 and y > 0 and x + wide < width and y + high < height
        if enclosed and size <= most:
            filled |= (parts == number) & ~others
    return filled
