"""Where a picture is painted: the window around the boxes, and the rim in which it fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box


@dataclass(frozen=True)
class WindowConfig:
    """How much around the boxes is seen, and how the rim fades."""

    margin: float = 0.6  # of the longer side of the boxes' union, added to it
    least: int = 64  # pixels of the window's side, where the picture has as many
    rim: float = 0.02  # of the longer side of the boxes' union: the feathered zone's width
    least_rim: int = 4  # pixels


def window_around(boxes: Sequence[Box], width: int, height: int, config: WindowConfig) -> Box:
    """The window of whole pixels inside a picture that the boxes' surroundings are seen in.

    It is square but where the picture is too small for that.
    """
    x1, y1 = (min(box[axis] for box in boxes) for axis in (0, 1))
    x2, y2 = (max(box[axis] for box in boxes) for axis in (2, 3))
    longer = max(x2 - x1, y2 - y1)
    side = round(max(longer * (1 + config.margin), longer + 2 * _rim(longer, config), config.least))
    across, down = min(side, width), min(side, height)
    left = round(min(max((x1 + x2 - across) / 2, 0), width - across))
    top = round(min(max((y1 + y2 - down) / 2, 0), height - down))
    return Box(float(left), float(top), float(left + across), float(top + down))


def feather(
    boxes: Sequence[Box], width: int, height: int, config: WindowConfig
) -> NDArray[np.float32]:
    """How much of the painted picture is taken, (height,width) float32.

    All of it in the boxes of whole pixels, and ever less outside, down to nothing at the end of
    the rim.
    """
    hole = np.zeros((height, width), np.uint8)
    for x1, y1, x2, y2 in boxes:
        hole[int(y1) : int(y2), int(x1) : int(x2)] = 1
    x1, y1 = (min(box[axis] for box in boxes) for axis in (0, 1))
    x2, y2 = (max(box[axis] for box in boxes) for axis in (2, 3))
    away = cv2.distanceTransform(1 - hole, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    fading = 1 - away / (_rim(max(x2 - x1, y2 - y1), config) + 1)
    return np.clip(fading, 0, 1).astype(np.float32)


def _rim(longer: float, config: WindowConfig) -> int:
    return max(round(config.rim * longer), config.least_rim)
