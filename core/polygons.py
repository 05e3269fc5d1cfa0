"""Polygons as masks, with the pixels that COCO's own tools give.

Corners lie on a grid five times finer than the pixels, edges step along their longer axis, and a
pixel is inside where the number of edges that cross its column's middle above it is odd.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import MaskError
from .masks import Mask

_FINE = 5  # steps of a pixel
_TRACED = 3  # small pixels along the side of one, of which outlines are drawn
_FARTHEST = 4  # sides of the picture by which a corner may lie outside


def fill_polygons(polygons: Iterable[NDArray[np.floating]], size: tuple[int, int]) -> Mask:
    """The union of polygons as bool HxW.

    Args:
        polygons: each (N,2), x and y in pixels, N at least 3; closed by itself.
        size: width and height of the mask.

    Raises:
        MaskError: a polygon has too few corners, or corners that are not finite or lie far
            outside of the picture.
    """
    width, height = size
    union = np.zeros((height, width), bool)
    for polygon in polygons:
        corners = np.asarray(polygon, np.float64)
        _check(corners, max(size))
        union |= _inside(corners, width, height)
    return union


def largest_outline(mask: Mask) -> NDArray[np.float64]:
    """The outline of the largest connected part of a mask: (N,2) corners, x and y in pixels.

    `fill_polygons` of it gives that part again, its holes filled.

    Raises:
        MaskError: the mask is empty.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        raise MaskError("the mask is empty; mark at least one pixel.")
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    # an outline runs through the middles of pixels: of small ones it runs near their edges
    fine = part.repeat(_TRACED, 0).repeat(_TRACED, 1)
    lines, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    line = max(lines, key=cv2.contourArea).reshape(-1, 2)
    corner = np.array([columns[0], rows[0]], np.float64)
    return np.asarray((line + 0.5) / _TRACED + corner, np.float64)


def _check(corners: NDArray[np.float64], side: int) -> None:
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise MaskError("a polygon has fewer than three corners; leave it out.")
    if not np.isfinite(corners).all() or np.abs(corners).max() > (_FARTHEST + 1) * side:
        raise MaskError("a polygon lies far outside of its picture; check the picture's size.")


def _inside(corners: NDArray[np.float64], width: int, height: int) -> Mask:
    fine = np.trunc(_FINE * corners + 0.5).astype(np.int64)
    steps = [_steps(a, b) for a, b in zip(fine, np.roll(fine, -1, 0), strict=True)]
    x, y = np.concatenate(steps).T
    here = np.flatnonzero(x[1:] != x[:-1])  # between two fine columns
    low_x, low_y = np.minimum(x[here], x[here + 1]), np.minimum(y[here], y[here + 1])
    middle = (low_x - _FINE // 2) % _FINE == 0  # of a column of pixels
    column = (low_x[middle] - _FINE // 2) // _FINE
    row = np.ceil((low_y[middle] + 0.5) / _FINE - 0.5)
    row = np.clip(row, 0, height).astype(np.int64)
    kept = (column >= 0) & (column < width)
    crossings = np.zeros((height + 1, width), np.uint8)
    np.add.at(crossings, (row[kept], column[kept]), 1)
    return np.asarray(np.bitwise_xor.accumulate(crossings[:height] & 1, 0), bool)


def _steps(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Points (N,2) from a to b, one step of the longer axis after the other."""
    across, down = np.abs(b - a)
    along = 0 if across >= down else 1
    low, high = (a, b) if a[along] <= b[along] else (b, a)
    t = np.arange(high[along] - low[along] + 1)
    slope = (high[1 - along] - low[1 - along]) / max(len(t) - 1, 1)
    points = np.empty((len(t), 2), np.int64)
    points[:, along] = low[along] + t
    points[:, 1 - along] = np.trunc(low[1 - along] + slope * t + 0.5)
    return points if low is a else points[::-1]
