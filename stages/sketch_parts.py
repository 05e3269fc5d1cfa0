"""The outlines of small parts, such as eyes, as lines to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from .sketch_outlines import resampled

if TYPE_CHECKING:
    from ..models.segment_parts import Part

Points = NDArray[np.float64]

_FINE = 4  # times the canvas, at which outlines are found
_MOST = 6  # parts that are drawn


def part_outlines(parts: Sequence[Part], shape: tuple[int, int]) -> list[Points]:
    """The closed outlines (n,2), x and y in pixels of a canvas HxW, of the most striking parts.

    Args:
        parts: best first, of a picture of any size with the canvas's proportions.
        shape: height and width.
    """
    size = shape[1] * _FINE, shape[0] * _FINE
    found = []
    for part in parts[:_MOST]:
        cover = cv2.resize(part.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        borders, _ = cv2.findContours(
            (cover > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        if borders:
            border = max(borders, key=cv2.contourArea)[:, 0]
            ring = resampled((border.astype(np.float64) + 0.5) / _FINE)
            found.append(np.concatenate([ring, ring[:1]]))
    return found
