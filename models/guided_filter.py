"""The guided filter (He, Sun, Tang, TPAMI 2013) by a colour picture, in its fast form (2015)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def guided_filter(
    rgb: NDArray[np.uint8],
    values: NDArray[np.float32],
    *,
    radius: float = 0.03,
    smoothness: float = 1e-4,
    side: int = 256,
) -> NDArray[np.float32]:
    """A coarse map brought to a picture's size, its edges moved onto those of the picture.

    In every window the map is fitted by a linear function of the colours; the functions are
    found on the picture at `side` pixels and evaluated at its own size.

    Args:
        rgb: HxWx3, upright sRGB.
        values: the map (n,n), or of any other size, of the same picture.
        radius: of a window, as a share of the longer side.
        smoothness: variance of colours in [0, 1] below which a window is averaged.
        side: of the longer side where the functions are found; smaller pictures are not enlarged.

    Returns:
        HxW, not clipped to the range of `values`.
    """
    height, width = rgb.shape[:2]
    scale = min(side / max(height, width), 1.0)
    small = (max(round(width * scale), 1), max(round(height * scale), 1))
    guide = np.asarray(cv2.resize(rgb, small, interpolation=cv2.INTER_AREA), np.float32) / 255
    p = np.asarray(cv2.resize(values, small, interpolation=cv2.INTER_LINEAR), np.float32)
    reach = 2 * max(round(radius * max(small)), 1) + 1

    def mean(x: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(x, (reach, reach), borderType=cv2.BORDER_REFLECT), np.float32)

    middle, level = mean(guide), mean(p)
    products = guide[..., :, None] * guide[..., None, :]
    second = mean(products.reshape(*guide.shape[:2], 9)).reshape(products.shape)
    spread = second - middle[..., :, None] * middle[..., None, :]
    spread = spread.astype(np.float64) + smoothness * np.eye(3)
    joint = (mean(guide * p[..., None]) - middle * level[..., None]).astype(np.float64)
    slope = np.linalg.solve(spread, joint[..., None])[..., 0].astype(np.float32)
    offset = level - (slope * middle).sum(-1)
    slope, offset = mean(slope), mean(offset)
    slopes = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR)
    offsets = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR)
    colours = np.asarray(rgb, np.float32) / 255
    return np.asarray((slopes * colours).sum(-1) + offsets, np.float32)
