"""What of an object's newly seen extent looks like it.

Behind what was erased a segmenter sees what an inpainter put there, which is copied from around the
hole: from the object, or from the ground. Ground within a mask is no part of the object.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .segment_canvas import reduced, reduced_shares, working_size
from .segment_ground import Ground, apart

_SIDE = 400  # pixels of the long side at which this is looked at
_REACH = 0.2  # of the long side, from which colours are taken
_FEWEST = 40  # pixels of object and of ground that tell something
_SMOOTH = 5  # pixels, of a square in which the majority counts


def like_object(rgb: NDArray[np.uint8], part: Mask, own: Mask, ground: Mask) -> Mask:
    """The pixels of `part` whose colours are nearer to the object's than to the ground's.

    All of them, where too little is seen of either to tell.

    Args:
        rgb: HxWx3, with the holes filled.
        part: HxW, what was painted and is taken for the object.
        own: HxW, where the object is seen for certain.
        ground: HxW, where nothing that is known is seen, and nothing was painted.
    """
    size = working_size(part.shape, _SIDE)
    small = reduced(rgb, size)
    asked, object_, rest = (reduced_shares(mask, size) > 0.5 for mask in (part, own, ground))
    if not asked.any():
        return part
    reach = max(round(_REACH * max(asked.shape)), 3)
    near = cv2.distanceTransform((~asked).astype(np.uint8), cv2.DIST_L2, 5) <= reach
    object_, rest = object_ & near, rest & near
    if min(object_.sum(), rest.sum()) < _FEWEST:
        return part
    seen = Ground.of(small, rest, reach)
    points = seen.at(asked)
    like = object_.astype(np.float32)
    like[asked] = apart(points, seen.at(object_)) <= seen.apart(points)
    # the majority around, of the pixels that were looked at
    votes, of = (cv2.blur(each, (_SMOOTH, _SMOOTH), borderType=cv2.BORDER_CONSTANT)
                 for each in (like, (asked | object_).astype(np.float32)))  # fmt: skip
    share = np.where(of > 0, votes / np.maximum(of, 1e-6), 1).astype(np.float32)
    wide = cv2.resize(share, part.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(part & (wide >= 0.5))
