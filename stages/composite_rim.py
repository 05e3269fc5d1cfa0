"""Cut-outs whose rim still has the colours of the ground they were cut from.

What is mixed at the edge of a cut-out cannot be unmixed, for the picture behind is gone; but it can
be seen that the rim is lighter or darker than what lies inside all along, and coloured anew.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .segment_alpha import inner_colours

Floats = NDArray[np.float32]

_RIM = 2.5  # pixels from what is transparent that may be mixed
_THIN = 2  # pixels: thinner parts have no inside to take colours from
_FRINGE = 0.04  # of [0, 1], how far the rim's median lies from the inside if it is a fringe
_SHRINK = 0.6  # pixels by which a cut-out with a fringe is narrowed
_CLEAR = 0.05


def clean_rim(rgb: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """Colours (HxWx3) and alpha (HxW) without a fringe.

    Mixed pixels next to what is transparent take the colours further inside. Where the opaque rim
    as a whole is lighter or darker than the inside, it does too, and is narrowed a little.
    """
    padded = np.pad(alpha, 1)
    clear = (padded > _CLEAR).astype(np.uint8)
    distance = cv2.distanceTransform(clear, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    solid = (distance > _RIM) & (alpha > 0.98)
    if not solid.any():
        return rgb, alpha
    inner = inner_colours(np.rint(rgb * 255).astype(np.uint8), solid, _RIM) / 255
    # a leg of three pixels is no rim: only what is near to something solid is
    reach = cv2.distanceTransform((~solid).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = np.clip((_RIM + _THIN - reach) / _THIN, 0, 1)
    rim = (distance > 0) & (distance <= _RIM - 1) & (alpha > 0.5) & (near > 0.5)
    weight = np.where(distance <= _RIM, np.clip((1 - alpha) / 0.25, 0, 1), 0) * near
    soft = alpha
    if rim.any():
        light = (rgb - inner).mean(-1)[rim]
        if abs(float(np.median(light))) > _FRINGE:
            weight = np.maximum(
                weight, near * np.clip(_RIM + 0.5 - distance, 0, 1) * (distance > 0)
            )
            narrowed = np.clip(alpha * np.clip((distance - _SHRINK) / 1.0, 0, 1), 0, 1)
            soft = np.where(near > 0.5, narrowed, alpha).astype(np.float32)
    # colours under what is fully transparent are anybody's guess, and resizing may touch them
    weight = np.where(alpha <= _CLEAR, 1, weight)[..., None]
    return np.asarray(weight * inner + (1 - weight) * rgb, np.float32), soft
