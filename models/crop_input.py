"""What the crop networks see of a picture; the same code for training and for use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CropInput = tuple[NDArray[np.float32], NDArray[np.float32], float]


def squash(rgb: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The picture HxWx3 at side x side pixels whatever its shape, as (3,side,side) in 0..255."""
    image = Image.fromarray(rgb).resize((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.ascontiguousarray(np.asarray(image, np.float32).transpose(2, 0, 1))


def log_aspect(width: int, height: int) -> float:
    """Natural logarithm of width over height."""
    return float(np.log(width / height))
