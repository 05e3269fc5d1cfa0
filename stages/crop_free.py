"""Crops of any aspect: which to consider, and their neighbours for a finer search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Boxes, clip, round_inside
from ..models.crop_belief import CropBelief
from .crop_limits import IntBoxes, Limits

_LINES = 7  # of the coarse grid, each way
_NARROWEST = 2  # its crops span this many cells or more

# what one step does to x1, y1, x2, y2: an edge moves, or the whole crop does
_EDGES = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]
_SHIFTS = [(1, 0, 1, 0), (0, 1, 0, 1)]
_MOVES = np.array(_EDGES + _SHIFTS, np.int64)
_MOVES = np.concatenate([_MOVES, -_MOVES])


class FreeCrops:
    """Every crop within the limits."""

    def __init__(self, limits: Limits) -> None:
        """Search within `limits`."""
        self.limits = limits

    def candidates(self, belief: CropBelief) -> IntBoxes:
        """Crops (N,4) worth considering: the hypotheses, a coarse grid, and the whole picture.

        What is too small, or cuts what is kept, is grown until it is not.
        """
        shares = np.concatenate([belief.boxes.astype(np.float64), _grid()])
        grown = _grow(self.limits.pixels(shares), self.limits)
        nearest = round_inside(grown, self.limits.width, self.limits.height)
        outer = np.concatenate([np.floor(grown[:, :2]), np.ceil(grown[:, 2:])], 1).astype(np.int64)
        boxes = np.where(self.limits.allow(nearest)[:, None], nearest, outer)
        return np.concatenate([boxes[self.limits.allow(boxes)], self.limits.whole])

    def neighbours(self, box: IntBoxes, share: float) -> IntBoxes:
        """Crops (K,4) that differ from `box` (4,) by a step of `share` of the picture's sides."""
        across = max(round(share * self.limits.width), 1)
        down = max(round(share * self.limits.height), 1)
        boxes = box + _MOVES * np.array([across, down, across, down], np.int64)
        return boxes[self.limits.allow(boxes)]


def _grid() -> NDArray[np.float64]:
    lines = np.arange(_LINES) / (_LINES - 1)
    low, high = np.nonzero(np.subtract.outer(np.arange(_LINES), np.arange(_LINES)) <= -_NARROWEST)
    across, down = np.meshgrid(np.arange(len(low)), np.arange(len(low)), indexing="ij")
    spans = np.stack([lines[low], lines[high]])
    (x1, x2), (y1, y2) = spans[:, across.ravel()], spans[:, down.ravel()]
    return np.stack([x1, y1, x2, y2], 1)


def _grow(boxes: Boxes, limits: Limits) -> Boxes:
    """The boxes (N,4), grown about their centres just enough, and moved inside."""
    width, height = float(limits.width), float(limits.height)
    boxes = clip(boxes, width, height)
    if limits.keep is not None:
        boxes[:, :2] = np.minimum(boxes[:, :2], limits.keep[:2])
        boxes[:, 2:] = np.maximum(boxes[:, 2:], limits.keep[2:])
    if limits.least_area == 0:
        return boxes
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6)
    factor = np.sqrt(np.maximum(limits.least_area / (sides[:, 0] * sides[:, 1]), 1))
    across = np.minimum(sides[:, 0] * factor, width)
    down = np.minimum(np.maximum(sides[:, 1] * factor, limits.least_area / across), height)
    across = np.minimum(np.maximum(across, limits.least_area / down), width)
    grown = np.stack([across, down], 1)
    corner = (boxes[:, :2] + boxes[:, 2:] - grown) / 2
    corner = np.clip(corner, 0, np.array([width, height]) - grown)
    return np.concatenate([corner, corner + grown], 1)
