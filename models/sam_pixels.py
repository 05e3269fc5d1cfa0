"""Pictures as Segment Anything's networks take them, and how one is told from another."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_MEAN = np.array([123.675, 116.28, 103.53], np.float32)  # ImageNet's, for [0, 255]
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


def normalised(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture HxWx3 as the network takes it, (3,H,W)."""
    return np.ascontiguousarray(((rgb - _MEAN) / _DEVIATION).transpose(2, 0, 1), np.float32)


def picture_key(rgb: NDArray[np.uint8]) -> bytes:
    """What two pictures HxWx3 share only if they are equal."""
    pixels = hashlib.blake2b(np.ascontiguousarray(rgb).data).digest()
    return pixels + bytes(str(rgb.shape), "ascii")
