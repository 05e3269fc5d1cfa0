"""The stem below an object, which goes on out of the picture: of a flower, a lamp, a sign.

A mask often ends somewhere along it, and what stays on a plate is a stump. So a strip below the
hole is taken along that is as narrow as it was where it leaves the hole, is unlike the ground on
either side and like the object above it, and goes on to the picture's lower border.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .segment_canvas import enlarged_beside, reduced, reduced_shares, working_size

_SIDE = 400  # pixels of the long side at which this is looked at
_WIDTHS = (3, 4, 5, 6, 7, 8, 10, 12)  # pixels of a stem's breadth there
_HEAD = 8  # rows below the hole in which a stem has to be seen to begin
_TIP = 24  # rows of the object above those
_LEAST = 8  # rows below the hole; less is a foot
_UNLIKE = 9.0  # of CIELAB, by which a stem differs from either side
_ALIKE = 0.6  # times that, by which it may differ from the object above, and from its beginning
_MOST_ALIKE = 10  # percentile of the object's pixels there, by how alike they are
_DRIFT = 2  # pixels a row's middle may be beside that of the row above
_ROWS = 3  # averaged around a row: against noise
_SEEN = 0.8  # of the rows, in which it is unlike both sides

Lab = NDArray[np.float32]


def stems(rgb: NDArray[np.uint8], hole: Mask, mask: Mask) -> Mask:
    """Stems below the parts of a hole; mostly none.

    Args:
        rgb: HxWx3, the picture that shows the object.
        hole: HxW, what is erased of it.
        mask: HxW, the object, in the hole.
    """
    size = working_size(hole.shape, _SIDE)
    inside, own = reduced_shares(hole, size) > 0.5, reduced_shares(mask, size) > 0.7
    lab = cv2.cvtColor(reduced(rgb, size).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    smooth = np.asarray(cv2.blur(lab, (1, _ROWS)), np.float32)
    found = np.zeros_like(inside)
    count, parts, spans, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    for number in range(1, count):
        bottom = int(spans[number, cv2.CC_STAT_TOP] + spans[number, cv2.CC_STAT_HEIGHT])
        if len(inside) - bottom < _LEAST:
            continue
        tip = np.flatnonzero(parts[bottom - 1] == number)
        found |= _stem(smooth, own & (parts == number), bottom, tip)
    return enlarged_beside(found, hole)


def _stem(lab: Lab, own: Mask, bottom: int, tip: NDArray[np.intp]) -> Mask:
    """The stem that leaves a part of the hole above row `bottom`, at columns `tip`."""
    none = np.zeros_like(own)
    head = lab[bottom : bottom + _HEAD].mean(0)
    above = own.copy()
    above[: max(bottom - _TIP, 0)] = False
    begin = _strip(head, tip)
    if begin is None or not above.any():
        return none
    contrast, left, width = begin
    colour = head[left : left + width].mean(0)
    if np.percentile(np.linalg.norm(lab[above] - colour, axis=1), _MOST_ALIKE) > _ALIKE * contrast:
        return none
    found, seen = none.copy(), 0
    for row in range(bottom, len(lab)):
        places = range(max(left - _DRIFT, 1), min(left + _DRIFT, lab.shape[1] - width - 1) + 1)
        away = [float(np.linalg.norm(lab[row, x : x + width].mean(0) - colour)) for x in places]
        if not away or min(away) > _ALIKE * contrast:
            return none
        left = places[int(np.argmin(away))]
        seen += _contrast(lab[row], left, width) >= _UNLIKE
        found[row, left - 1 : left + width + 1] = True
    return found if seen >= _SEEN * (len(lab) - bottom) else none


def _strip(row: Lab, tip: NDArray[np.intp]) -> tuple[float, int, int] | None:
    """The contrast, left end and width of the strip in a row (W,3) of colours below a tip."""
    strips = [
        (_contrast(row, left, width), left, width)
        for width in _WIDTHS
        for left in range(max(int(tip[0]) - width, 1), min(int(tip[-1]), len(row) - width - 1) + 1)
    ]
    best = max(strips, key=lambda strip: strip[0], default=None)
    return best if best is not None and best[0] > _UNLIKE else None


def _contrast(row: Lab, left: int, width: int) -> float:
    """By how much a strip differs from the side that is more like it; each as wide as it."""
    strip = row[left : left + width].mean(0)
    sides = row[max(left - width - 1, 0) : max(left - 1, 1)], row[left + width + 1 :][:width]
    if not all(len(side) for side in sides):
        return 0.0
    return min(float(np.linalg.norm(side.mean(0) - strip)) for side in sides)
