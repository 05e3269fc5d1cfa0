"""Engine `u2netp` of salient subjects: U²-Net, small (Qin et al., Pattern Recognition 2020)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .crop_builtin import OnnxNetwork
from .crop_input import squash
from .hub import resolve
from .saliency import CHECKPOINT

_SIDE = 320
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]


class U2NetSaliency:
    """See `saliency.SaliencyReader`; the checkpoint is found by the hub and never fetched.

    Args:
        threads: of one picture.

    Raises:
        ModelError: the checkpoint is not on this machine; the sentence says how to get it.
    """

    name = CHECKPOINT

    def __init__(self, threads: int = 1) -> None:
        self._network = OnnxNetwork(resolve(CHECKPOINT), threads)

    def read(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The map HxW in [0, 1] of a picture HxWx3, stretched to reach both ends."""
        pixels = squash(rgb, _SIDE)
        pixels = (pixels / max(float(pixels.max()), 1.0) - _MEAN) / _DEVIATION
        first = self._network.run(**{"input.1": pixels[None]})[0][0, 0]
        low, high = float(first.min()), float(first.max())
        stretched = (first - low) / max(high - low, 1e-6)
        size = (rgb.shape[1], rgb.shape[0])
        return np.asarray(cv2.resize(stretched, size, interpolation=cv2.INTER_LINEAR), np.float32)
