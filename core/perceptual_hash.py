"""A hash of what a picture looks like, equal or nearly so for copies at other sizes and qualities.

The sign of the 64 lowest frequencies of a small grey picture against their median: the "pHash" of
Zauner (Implementation and Benchmarking of Perceptual Image Hash Functions, 2010).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

BITS = 64
NEAR = 8  # bits; pictures that differ in no more are taken for copies of each other
_SIDE, _KEPT = 32, 8
_FLAT = 0.01  # a coefficient is above the median only by more than grain


def perceptual_hash(rgb: NDArray[np.uint8]) -> int:
    """64 bits of a picture HxWx3 sRGB; 0 where it is of one colour."""
    small = cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    waves = cv2.dct(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255)
    low = waves[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:]) + _FLAT  # the mean grey is no part of the measure
    bits[0] = False
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hash_distances(value: int, others: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """In how many of 64 bits each of `others` (N,) differs from `value`."""
    return np.asarray(np.bitwise_count(others ^ np.uint64(value)), np.uint8)
