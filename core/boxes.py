"""Boxes: `(x1, y1, x2, y2)` in float pixels of the upright original, right and bottom exclusive.

Arrays of boxes are float64 of shape (..., 4). Metrics follow METHODS of the cropping
literature: IoU, and boundary displacement as in Chen et al. (WACV 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError

Boxes = NDArray[np.float64]


class Box(NamedTuple):
    """One box; see the module's text for units."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        """Right edge less left edge."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Bottom edge less top edge."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Square pixels; 0 for a box turned inside out."""
        return max(self.width, 0.0) * max(self.height, 0.0)


def parse_box(text: str) -> Box:
    """Read `x1,y1,x2,y2`.

    Raises:
        UsageError: not four numbers, or without extent.
    """
    try:
        box = Box(*(float(part) for part in text.split(",")))
    except (TypeError, ValueError):
        raise UsageError(f"'{text}' is not a box; write x1,y1,x2,y2 in pixels.") from None
    if not np.isfinite(box).all() or box.width <= 0 or box.height <= 0:
        raise UsageError(f"the box '{text}' has no extent; write x1,y1,x2,y2 with x1<x2 and y1<y2.")
    return box


def from_xywh(boxes: NDArray[np.floating]) -> Boxes:
    """(…,4) boxes as x, y, width, height to ours."""
    boxes = np.asarray(boxes, np.float64)
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], -1)


def to_xywh(boxes: Boxes) -> Boxes:
    """Ours to (…,4) boxes as x, y, width, height."""
    boxes = np.asarray(boxes, np.float64)
    return np.concatenate([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], -1)


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Areas (…) in square pixels; 0 for boxes turned inside out."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def iou_matrix(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Intersection over union of every pair: (N,4), (M,4) → (N,M); 0 where both are empty."""
    top = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(bottom - top, 0.0)
    overlap = sides[..., 0] * sides[..., 1]
    union = areas(a)[:, None] + areas(b)[None, :] - overlap
    return np.asarray(np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0))


def contained(a: Boxes, b: Boxes, slack: float = 0.0) -> NDArray[np.bool_]:
    """Which boxes lie in which: (N,4), (M,4) → (N,M), True where a is within b.

    Args:
        a, b: boxes of one picture.
        slack: pixels by which each edge of a may leave b and still count as within.
    """
    low = (a[:, None, :2] >= b[None, :, :2] - slack).all(-1)
    high = (a[:, None, 2:] <= b[None, :, 2:] + slack).all(-1)
    return np.asarray(low & high)


def displacement(a: Boxes, b: Boxes, width: float, height: float) -> NDArray[np.float64]:
    """Boundary displacement, the mean of the four edges' distances in shares of the sides.

    Args:
        a, b: (…,4) boxes of one picture, broadcast against each other.
        width, height: of the picture in pixels.
    """
    scale = np.array([width, height, width, height], np.float64)
    return np.asarray((np.abs(a - b) / scale).mean(-1))


def clip(boxes: Boxes, width: float, height: float) -> Boxes:
    """Move every edge that leaves the picture onto its border."""
    limits = np.array([width, height, width, height], np.float64)
    return np.clip(boxes, 0.0, limits)


def round_inside(boxes: Boxes, width: int, height: int) -> NDArray[np.int64]:
    """Nearest integer edges, inside the picture and at least one pixel wide and high.

    Stable: integer boxes inside the picture come back unchanged, so rounding twice is rounding
    once. Halves round up, whichever side of the box they are on.
    """
    limits = np.array([width, height], np.int64)
    edges = np.floor(np.asarray(boxes, np.float64) + 0.5).astype(np.int64)
    low = np.clip(edges[..., :2], 0, limits - 1)
    high = np.clip(edges[..., 2:], low + 1, limits)
    return np.concatenate([low, high], -1)


def nms(boxes: Boxes, scores: NDArray[np.floating], threshold: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: indices kept, best first; ties keep the earlier box.

    A box goes when its IoU with a kept one is greater than `threshold`.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    kept: list[int] = []
    alive = np.ones(len(boxes), bool)
    for index in order:
        if not alive[index]:
            continue
        kept.append(int(index))
        alive &= iou_matrix(boxes, boxes[index : index + 1])[:, 0] <= threshold
    return np.asarray(kept, np.int64)
