"""Engine `rims`: for holes over which something will be laid, so that only their rims are seen.

There a smooth fill goes on exactly where the ground is even and is a blurred ring in leaves;
patches are right in leaves and bring flecks to a wall. So either has its places, by the texture
of what is known nearest to them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .inpainter_opencv import OpenCvInpainter
from .inpainter_patchmatch import PatchMatchInpainter, patchmatch_here

_WINDOW = 9  # pixels in which texture is measured
_EVEN, _TEXTURED = 15.0, 40.0  # standard deviations in grey levels: the one fill, the other
_SOFT = 2.0  # pixels over which one goes over into the other


class RimInpainter:
    """See `inpainter.Inpainter`. Without the library of `patchmatch` it fills as `ns` does."""

    name = "rims"
    multiple = 1
    limit = PatchMatchInpainter.limit

    def __init__(self) -> None:
        self._smooth = OpenCvInpainter("ns")
        self._patches = PatchMatchInpainter() if patchmatch_here() else None

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """See `inpainter.Inpainter`."""
        even = self._smooth.fill(rgb, hole, seed)
        if self._patches is None:
            return even
        share = np.clip((_texture_near(rgb, hole) - _EVEN) / (_TEXTURED - _EVEN), 0, 1)
        if not share[hole].any():
            return even
        share = cv2.GaussianBlur(share, (0, 0), _SOFT)[..., None]
        textured = self._patches.fill(rgb, hole, seed)
        mixed = even * (1 - share) + textured * share
        return np.where(hole[..., None], np.rint(mixed), rgb).astype(np.uint8)


def _texture_near(rgb: NDArray[np.uint8], hole: Mask) -> NDArray[np.float32]:
    """The deviation HxW of greys about the nearest pixel that is known, by known ones alone."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)
    known = (~hole).astype(np.float32)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values * known, (_WINDOW, _WINDOW)), np.float32)

    count = np.maximum(mean(np.ones_like(grey)), 1e-6)
    middle = mean(grey) / count
    spread = np.sqrt(np.maximum(mean(grey * grey) / count - middle * middle, 0))
    _, nearest = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros(int(nearest.max()) + 1, np.float32)
    of_label[nearest[~hole]] = spread[~hole]
    return np.asarray(of_label[nearest], np.float32)
