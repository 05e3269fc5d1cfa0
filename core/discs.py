"""Discs for morphology, and masks grown by them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .masks import Mask


def disc(radius: int) -> NDArray[np.uint8]:
    """The kernel of this many pixels to each side, 0 or more."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2), np.uint8)


def grown(mask: Mask, radius: int) -> Mask:
    """What lies within `radius` pixels of a mask HxW; below 1, the mask itself."""
    if radius < 1:
        return mask
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc(radius)), bool)
