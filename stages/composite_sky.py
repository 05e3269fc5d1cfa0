"""Where a photograph has sky, so that nothing casts a shadow onto it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .composite_engine import Placed

_SMALL = 192  # pixels of the longer side at which the sky is looked for
_FLAT = 0.02  # of [0, 1]: steps between neighbours within the sky
_SKY = 0.16  # distance of a sky's colour from that of the picture's upper edge
_NIGHT = 0.12  # of [0, 1]: what is darker at the upper edge may be anything
_HIGH = 0.26  # of the picture's height, from above: what ends there hangs or flies


def sky_of(background: NDArray[np.uint8]) -> Mask:
    """What hangs together with the upper edge without a step (a small mask): mostly sky."""
    height, width = background.shape[:2]
    scale = min(_SMALL / max(height, width), 1.0)
    size = max(round(width * scale), 3), max(round(height * scale), 3)
    small = cv2.resize(background, size, interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), 0.6), np.float32) / 255
    step = np.maximum(
        np.abs(np.diff(small, axis=0, prepend=small[:1])).max(-1),
        np.abs(np.diff(small, axis=1, prepend=small[:, :1])).max(-1),
    )
    top = np.median(small[: max(size[1] // 20, 1)], axis=0, keepdims=True)
    top = np.asarray(cv2.blur(top, (max(size[0] // 4, 1), 1)))
    like = np.sqrt(((small - top) ** 2).mean(-1)) < _SKY
    flat = ((step < _FLAT) & like & (top.max(-1) > _NIGHT)).astype(np.uint8)
    _, labels = cv2.connectedComponents(flat, connectivity=4)
    rim = np.unique(labels[0])
    sky = np.isin(labels, rim[rim > 0])
    # clouds and birds: whatever has sky below it in most of its neighbourhood
    smooth = cv2.blur(sky.astype(np.float32), (9, 3), borderType=cv2.BORDER_REPLICATE) > 0.5
    below = np.cumsum(smooth[::-1], axis=0)[::-1] > 0
    return np.asarray(sky | below)


def stands(placed: Placed, sky: Mask, size: tuple[int, int]) -> bool:
    """Whether the object plausibly stands on something: its lower edge is not in the sky, nor high.

    Args:
        placed: the object.
        sky: as from `sky_of`.
        size: width and height of the background.
    """
    x1, _, x2, y2 = placed.box
    if y2 < _HIGH * size[1]:
        return False
    across, down = sky.shape[1] / size[0], sky.shape[0] / size[1]
    left, right = int(x1 * across), max(int(np.ceil(x2 * across)), int(x1 * across) + 1)
    rows = np.clip(np.array([y2 * down - 1, y2 * down + 1]).astype(int), 0, sky.shape[0] - 1)
    return float(sky[rows[0] : rows[1] + 1, left:right].mean()) < 0.5
