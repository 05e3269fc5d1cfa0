"""Engines `telea` and `ns`: OpenCV's two inpainters, which continue colours into the hole.

A. Telea, An Image Inpainting Technique Based on the Fast Marching Method, 2004; M. Bertalmio,
A. Bertozzi and G. Sapiro, Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting, 2001.
Both give smooth colours without texture.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask

_RADIUS = 3.0  # pixels around each one that are looked at


class OpenCvInpainter:
    """See `inpainter.Inpainter`.

    Args:
        method: which of the two.
    """

    multiple = 1
    limit = 1024  # a smooth fill gains nothing from more pixels, which take long

    def __init__(self, method: Literal["telea", "ns"]) -> None:
        self.name: str = method
        self._flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture with the hole filled; nothing is drawn at random."""
        if len(rgb) == 1:  # there OpenCV reads memory that it never wrote, but not in a column
            return self.fill(rgb.transpose(1, 0, 2), hole.T, seed).transpose(1, 0, 2)
        filled = cv2.inpaint(np.ascontiguousarray(rgb), hole.astype(np.uint8), _RADIUS, self._flag)
        return np.asarray(filled, np.uint8)
