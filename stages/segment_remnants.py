"""What an object leaves beside its hole: a leg that its mask lacks, a shadow at its feet.

On a simple background one sees it at once, and there it can be told: its colours are not the
ground's. So every pixel in a ring around the hole is compared with the ground beyond the ring.
What differs by more than the ground there differs from itself, is joined to the hole, ends within
the ring (what goes on beyond it belongs to the background, as a horizon does), and is either more
like the object than like the ground, or the ground in shade below it, goes with the object.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..models.mask_parts import joined
from .segment_canvas import enlarged_beside, reduced, reduced_shares, working_size
from .segment_ground import Ground, Surroundings, apart, beside_lower

_SIDE = 400  # pixels of the long side at which this is looked at
# Of the long side, the ring's width; and of CIELAB, by how much a ground differs from itself where
# nothing is told. Farther away more is found that is no remnant, so it has to be simpler.
_LOOKS = ((0.07, 11.0), (0.14, 6.0))
_LEAST = 9.0  # of CIELAB, by which a remnant differs
_USUAL = 1.6  # times what is usual on the ground, by which it differs
_ALIKE = 0.8  # share of the distance to the ground, within which a pixel is the object's
_LARGEST = 0.12  # of the hole, a remnant at most
_MOST = 0.3  # of the hole, all of them
_GAP = 5  # pixels, closed: what is thin is not seen all along
_THIN, _LONG = 5.0, 3.0  # pixels of a thread's breadth at most; its length at least, in breadths
_LONGEST = 40.0  # pixels of its length at most
_PARTLY = 0.1  # of a thread, that looks like the object
_SPECK = 4  # pixels; fewer are noise


def remnants(rgb: NDArray[np.uint8], hole: Mask, mask: Mask) -> Mask:
    """Pixels beside a hole that are left of the object or of its shadow; often none.

    Args:
        rgb: HxWx3, the picture that shows the object.
        hole: HxW, what is erased of it.
        mask: HxW, the object, in the hole.
    """
    size = working_size(hole.shape, _SIDE)
    small = reduced(rgb, size)
    inside, own = reduced_shares(hole, size) > 0.5, reduced_shares(mask, size) > 0.7
    found = np.zeros_like(inside)
    for width, various in _LOOKS:
        found |= _found(small, inside | found, own & inside, width, various)
    # last, for nothing should be looked for around them
    found |= _found(small, inside | found, own & inside, *_LOOKS[0], thin=True)
    return enlarged_beside(found, hole)


def _found(
    rgb: NDArray[np.uint8],
    hole: Mask,
    own: Mask,
    width: float,
    various: float,
    *,
    thin: bool = False,
) -> Mask:
    """The remnants in a ring of this width where the ground is no more various than that.

    `thin` says whether threads count that are the object's only in places.
    """
    none = np.zeros_like(hole)
    around = Surroundings.of(hole, width)
    if around is None or not own.any():
        return none
    ring, ground = around.ring, Ground.of(rgb, around.beyond, around.reach)
    looked = ground.at(ring)
    usual = ground.usual(looked)
    if usual.min() > various:
        return none
    strange = ground.apart(looked)
    differs = (usual < various) & (strange > np.maximum(_LEAST, _USUAL * usual))
    if not differs.any():
        return none
    taken = ground.shaded(ring) & beside_lower(hole, ring)
    taken[differs] |= apart(looked[differs], ground.at(own)) < _ALIKE * strange[differs]
    odd, whole = none.astype(np.uint8), none.copy()
    odd[ring], whole[ring] = differs & taken, differs
    if thin:
        odd |= _threads(whole, odd > 0)
    closed = cv2.morphologyEx(odd, cv2.MORPH_CLOSE, np.ones((_GAP, _GAP), np.uint8))
    return _ending(np.asarray(closed, bool) & ring, hole, around.away > around.reach - 1.5)


def _threads(differs: Mask, taken: Mask) -> Mask:
    """Thin parts of what differs that are the object's in places: a ski pole mixes with the sky."""
    count, parts, spans, _ = cv2.connectedComponentsWithStats(
        differs.astype(np.uint8), connectivity=8
    )
    found = np.zeros_like(differs)
    for number in range(1, count):
        part = parts == number
        length = np.hypot(spans[number, cv2.CC_STAT_WIDTH], spans[number, cv2.CC_STAT_HEIGHT])
        breadth = 2 * cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 5).max()
        thin = breadth <= _THIN and _LONG * breadth <= length <= _LONGEST
        if thin and (part & taken).sum() >= _PARTLY * part.sum():
            found |= part
    return found


def _ending(odd: Mask, hole: Mask, edge: Mask) -> Mask:
    """The parts of `odd` that touch the hole, end before the ring's edge and are not too large."""
    odd = joined(odd, hole, connectivity=8)
    count, parts, spans, _ = cv2.connectedComponentsWithStats(odd.astype(np.uint8), connectivity=8)
    areas = spans[:, cv2.CC_STAT_AREA]
    going_on = np.unique(parts[edge & odd])
    most = _LARGEST * hole.sum()
    kept = [n for n in range(1, count) if _SPECK <= areas[n] <= most and n not in going_on]
    if areas[kept].sum() > _MOST * hole.sum():
        return np.zeros_like(hole)
    return np.asarray(np.isin(parts, kept))
