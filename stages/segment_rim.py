"""The rim of an object that its mask misses, where that counts as the object behind it.

A strip of a fig between the fig's mask and the bowl's is real, and the bowl's mask has it. The
hole around the fig was wide enough to take it away, so that the filled picture contradicts the
original there: such pixels that touch the fig's mask go with the fig, and the bowl shows what was
filled in. Label maps and masks stay as they were found.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..models.mask_parts import joined
from .segment_canvas import FullCanvas, enlarged
from .segment_found import LoopResult

_APART = 48  # of 255, by which a filled pixel contradicts a plain picture
_USUAL = 3.0  # times what is usual in the ring, by which it contradicts any


def missed_rims(result: LoopResult[FullCanvas]) -> dict[int, Mask]:
    """The rims of all objects that stand before others, by number; HxW of the full picture.

    Only those are in it that have one. No rim holds a pixel of another one.
    """
    rims: dict[int, Mask] = {}
    if not result.rounds:
        return rims
    original = result.rounds[0].canvas.full
    shape, taken = original.shape[:2], np.zeros(original.shape[:2], bool)
    for number, behind in sorted(result.before, key=lambda pair: result.order.index(pair[0])):
        front, below = result.instances[number], result.instances[behind]
        if front.erased is None or front.erased >= below.seen:
            continue  # what is filled in behind it is not known
        later = result.rounds[below.seen]
        ring = enlarged(below.visible & later.erased, shape) & ~taken
        rim = rim_of(enlarged(front.amodal, shape), ring, original, later.canvas.full)
        if rim.any():
            taken |= rim
            rims[number] = rims[number] | rim if number in rims else rim
    return rims


def rim_of(front: Mask, ring: Mask, rgb: NDArray[np.uint8], filled: NDArray[np.uint8]) -> Mask:
    """What of `ring` belongs to what `front` masks.

    Args:
        front: HxW, an object.
        ring: HxW, where something behind it is seen and was filled when the object was erased.
        rgb: HxWx3, the picture with the object.
        filled: HxWx3, the picture without it.

    Returns:
        HxW, within `ring` and joined to `front`; often empty.
    """
    ring = ring & ~front
    none = np.zeros_like(front)
    if not ring.any():
        return none
    apart = cv2.absdiff(rgb, filled).max(2)
    # a filled texture differs from the true one everywhere: that is no rim
    least = max(_APART, _USUAL * float(np.median(apart[ring])))
    odd = ring & (apart > least)
    if not odd.any():
        return none
    return joined(odd, front)
