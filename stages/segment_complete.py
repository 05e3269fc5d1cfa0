"""How far an object reaches behind what was erased in front of it, guessed from its outline.

What a filled hole shows of an object is what the inpainter happened to continue. Outlines of most
things bulge more than they bend in, so that the part of a hole that lies within the convex hull of
what is known of an object more often belongs to it than not.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..core.masks import Mask, mask_box
from ..models.mask_parts import joined

# shares of what is known of the object, below and above which nothing is guessed: there the
# filling has shown it all, or next to nothing
_LEAST, _MOST = 0.02, 1.0


def guessed_behind(known: Mask, erased: Mask, others: Mask) -> Mask:
    """The part of a hole that an object probably takes beside what is known of it.

    Args:
        known: HxW, not empty: its extent as it was found.
        erased: HxW, what was erased before it was seen so.
        others: HxW, where other things are seen.

    Returns:
        HxW, in `erased`, joined to `known`, neither in that nor in `others`; maybe empty.
    """
    free = erased & ~known & ~others
    none = np.zeros_like(known)
    if not free.any():
        return none
    box = mask_box(known)
    rows, columns = slice(int(box.y1), int(box.y2)), slice(int(box.x1), int(box.x2))
    own = known[rows, columns].astype(np.uint8)
    hull = np.zeros_like(own)
    cv2.fillConvexPoly(hull, cv2.convexHull(cv2.findNonZero(own)), 1)
    inside = (hull > 0) & free[rows, columns]
    guess = joined(inside, own > 0)
    if not _LEAST * own.sum() <= guess.sum() <= _MOST * own.sum():
        return none
    none[rows, columns] = guess
    return none
