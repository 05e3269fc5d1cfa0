"""A cut-out says itself what its subject is: what of it is not transparent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.masks import mask_box

_CLEAR = 0.05  # share of transparent pixels from which on a picture is a cut-out
_OPAQUE = 128  # of 255


def cutout_box(alpha: NDArray[np.uint8] | None, width: int, height: int) -> Box | None:
    """The box of a cut-out's subject in a picture of `width` x `height`; None if it is none.

    Args:
        alpha: hxw at any scale of the picture.
        width, height: of the upright picture in pixels.
    """
    if alpha is None:
        return None
    opaque = alpha >= _OPAQUE
    if not opaque.any() or opaque.mean() > 1 - _CLEAR:
        return None
    box = mask_box(opaque)
    across, down = width / alpha.shape[1], height / alpha.shape[0]
    return Box(
        float(np.floor(box.x1 * across)),
        float(np.floor(box.y1 * down)),
        float(min(np.ceil(box.x2 * across), width)),
        float(min(np.ceil(box.y2 * down), height)),
    )
