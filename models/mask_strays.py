"""Parts of a corrected mask that lie apart from it, and are its surroundings by their colours.

Who looks for the thin ends of an object finds legs behind a rail, and now and then a tree that
stands near by. Both lie apart from the object, but the leg is coloured as it is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask, mask_box
from .mask_parts import connected_parts

_NEAR = 0.008  # of the long side: what lies nearer goes with the object
_HELD = 0.3  # of a part, that the coarse mask has: then it was not the correction that added it
_RING = 0.03  # of the long side, what lies around a part
# Of CIELAB, and as a multiple of how far the part is from what lies around it: how far it is from
# the object. Of 21 such parts on VOC 2012 train, 6 of 11 of the background go, 2 of 10 of objects.
_UNLIKE, _TIMES = 3.5, 2.5
_NEAREST = 5  # sample that a pixel is compared with: a few may be odd themselves
_PART, _SAMPLES = 400, 2000  # at most

Colours = NDArray[np.float32]  # CIELAB


def without_strays(rgb: NDArray[np.uint8], mask: Mask, coarse: Mask) -> Mask:
    """The mask without what its correction added apart from it, and is not coloured as it is.

    Args:
        rgb: HxWx3 upright sRGB.
        mask: HxW, corrected.
        coarse: HxW, all objects as they were found.
    """
    main, *others = connected_parts(mask) or [mask]
    if not others:
        return mask
    long = max(mask.shape)
    away = cv2.distanceTransform((~main).astype(np.uint8), cv2.DIST_L2, 5)
    own: Colours | None = None
    kept = mask.copy()
    for part in others:
        if away[part].min() < _NEAR * long or coarse[part].mean() > _HELD:
            continue
        own = _some(_lab(rgb), main, _SAMPLES) if own is None else own
        apart, around = _apart(rgb, part, mask, own, max(_RING * long, 5.0))
        if apart > max(_UNLIKE, _TIMES * around):
            kept &= ~part
    return kept


def _apart(
    rgb: NDArray[np.uint8], part: Mask, mask: Mask, own: Colours, reach: float
) -> tuple[float, float]:
    """How far a part's colours are from the object's, and from those around it within `reach`."""
    box, room = mask_box(part), int(reach) + 1
    rows = slice(max(int(box.y1) - room, 0), int(box.y2) + room)
    columns = slice(max(int(box.x1) - room, 0), int(box.x2) + room)
    inner, near = part[rows, columns], rgb[rows, columns]
    away = cv2.distanceTransform((~inner).astype(np.uint8), cv2.DIST_L2, 5)
    ring = (away > 2) & (away < reach) & ~mask[rows, columns]
    if not ring.any():
        return 0.0, 0.0
    lab = _lab(near)
    looked = _some(lab, inner, _PART)
    return _distance(looked, own), _distance(looked, _some(lab, ring, _SAMPLES))


def _lab(rgb: NDArray[np.uint8]) -> Colours:
    values = cv2.GaussianBlur(rgb.astype(np.float32) / 255, (0, 0), 1.0)
    return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2LAB), np.float32)


def _some(lab: Colours, where: Mask, most: int) -> Colours:
    """The colours (n,3) of at most that many pixels of a mask, evenly taken from its rows."""
    inside = lab[where]
    return np.asarray(inside[np.linspace(0, len(inside) - 1, min(most, len(inside))).astype(int)])


def _distance(some: Colours, samples: Colours) -> float:
    """The median distance of colours (n,3) to their few nearest among samples (m,3)."""
    squares = ((some[:, None] - samples[None]) ** 2).sum(-1)
    rank = min(_NEAREST, squares.shape[1]) - 1
    return float(np.median(np.sqrt(np.partition(squares, rank, axis=1)[:, rank])))
