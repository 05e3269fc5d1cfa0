"""Light and dark over wide areas of a picture, told from its texture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_MIDDLE = 128.0  # grey level that stays where it is


def wide_tones(rgb: NDArray[np.uint8], radius: float) -> NDArray[np.float32]:
    """How far a picture HxWx3 is from middle grey, over about `radius` pixels around each one."""
    away = rgb.astype(np.float32) - np.float32(_MIDDLE)
    blurred = cv2.GaussianBlur(away, (0, 0), radius, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def rounded(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Grey levels as bytes."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
