"""A hole as groups of parts that are filled apart, each in a window around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask, mask_box

LEAST_MARGIN = 64  # pixels of surroundings on every side, where the picture has them
_CELLS = 64  # parts nearer to each other than the long side's 64th are one

_Edges = NDArray[np.int64]  # (n,4): x1 y1 x2 y2, exclusive


@dataclass(frozen=True, eq=False)
class HoleGroup:
    """Parts of a hole that are filled at once."""

    window: tuple[int, int, int, int]  # x1 y1 x2 y2 in the picture, exclusive
    own: Mask  # the parts, of the window's size

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the window."""
        x1, y1, x2, y2 = self.window
        return slice(y1, y2), slice(x1, x2)


def hole_groups(hole: Mask, context: float) -> list[HoleGroup]:
    """The parts of a hole HxW, smallest first, so that the larger ones see them filled.

    Parts share a window where that costs no more pixels than a window for each.

    Args:
        hole: True where to fill.
        context: what a window adds on every side, in long sides of the parts' box; but at least
            `LEAST_MARGIN` pixels.
    """
    labels, boxes = _parts(hole)
    members = [[label] for label in range(1, len(boxes) + 1)]
    windows = _windows(boxes, context, hole.shape)
    index = 0
    while index < len(members):
        joint = _joint(boxes[index], boxes)
        shared = _windows(joint, context, hole.shape)
        saved = _areas(windows[index][None])[0] + _areas(windows) - _areas(shared)
        saved[index] = -1
        other = int(saved.argmax())
        if saved[other] < 0:
            index += 1
            continue
        members[index] += members.pop(other)
        boxes[index], windows[index] = joint[other], shared[other]
        boxes, windows = np.delete(boxes, other, 0), np.delete(windows, other, 0)
        # the larger window may reach one that was passed; no two others save more than before
        shared = _windows(_joint(boxes[index], boxes[:index]), context, hole.shape)
        saved = _areas(windows[index][None])[0] + _areas(windows[:index]) - _areas(shared)
        reached = np.flatnonzero(saved >= 0)
        index = int(reached[0]) if len(reached) else index
    groups = []
    for names, (x1, y1, x2, y2) in zip(members, windows.tolist(), strict=True):
        own = np.isin(labels[y1:y2, x1:x2], names)
        groups.append(HoleGroup((x1, y1, x2, y2), own))
    return sorted(groups, key=lambda group: (int(group.own.sum()), group.window))


def _parts(hole: Mask) -> tuple[NDArray[np.int32], _Edges]:
    """Number of each pixel's part, 0 outside the hole; and the parts' boxes.

    Parts are told apart on a coarse grid, so that a hole of scattered specks has few of them.
    """
    height, width = hole.shape
    cell = -(-max(height, width) // _CELLS)
    coarse = np.logical_or.reduceat(
        np.logical_or.reduceat(hole, np.arange(0, height, cell), 0), np.arange(0, width, cell), 1
    )
    count, coarse_labels, spans, _ = cv2.connectedComponentsWithStats(coarse.astype(np.uint8))
    labels = coarse_labels.astype(np.int32).repeat(cell, 0)[:height].repeat(cell, 1)[:, :width]
    labels[~hole] = 0
    boxes = np.empty((count - 1, 4), np.int64)
    for label in range(1, count):
        x, y, columns, rows = (int(value) * cell for value in spans[label, :4])
        box = mask_box(labels[y : y + rows, x : x + columns] == label)
        boxes[label - 1] = (x + box.x1, y + box.y1, x + box.x2, y + box.y2)
    return labels, boxes


def _windows(boxes: _Edges, context: float, shape: tuple[int, ...]) -> _Edges:
    sides = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    margin = np.maximum(np.ceil(context * sides).astype(np.int64), LEAST_MARGIN)[:, None]
    grown = boxes + margin * np.array([-1, -1, 1, 1])
    bounds = np.array([shape[1], shape[0], shape[1], shape[0]])
    return np.asarray(np.clip(grown, 0, bounds), np.int64)


def _joint(box: NDArray[np.int64], boxes: _Edges) -> _Edges:
    """The box around `box` and each of `boxes`."""
    low, high = np.minimum(boxes[:, :2], box[:2]), np.maximum(boxes[:, 2:], box[2:])
    return np.concatenate([low, high], 1)


def _areas(edges: _Edges) -> NDArray[np.int64]:
    return (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
