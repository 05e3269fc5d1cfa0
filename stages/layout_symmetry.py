"""How like its mirror image a part of a picture is, about an axis near its middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Boxes

Array = NDArray[np.float64]

_CELLS = 14  # a side, that a part is looked at in
_SHIFTS = (0, 1)  # cells that the axis may lie off the middle, half of that in effect
_LEAST = 12.0  # variance of colour below which there is nothing to mirror


def symmetry(looks: Array, boxes: Boxes) -> Array:
    """Likeness (N,2) in [0,1] of left to right, and of above to below, of parts (N,4).

    The correlation of the part with its mirror image over lightness and both colours. What does
    not change across the axis's direction is taken off first: the sky is light above and every
    row is like itself mirrored, which makes no symmetry.

    Args:
        looks: (3,S,S) the picture, squashed.
        boxes: in shares of the picture.
    """
    side = looks.shape[-1]
    line = (np.arange(_CELLS) + 0.5) / _CELLS
    x = boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * line
    y = boxes[:, 1:2] + (boxes[:, 3:] - boxes[:, 1:2]) * line
    columns = np.clip((x * side).astype(int), 0, side - 1)
    rows = np.clip((y * side).astype(int), 0, side - 1)
    parts = looks[:, rows[:, :, None], columns[:, None, :]].astype(np.float32)  # (3,N,c,c)
    across = _mirrored(parts)
    down = _mirrored(parts.swapaxes(2, 3))
    return np.stack([across, down], 1)


def _mirrored(parts: NDArray[np.float32]) -> Array:
    """Greatest correlation (N,) of rows with themselves reversed."""
    best = np.zeros(parts.shape[1])
    for shift in _SHIFTS:
        for cut in {(shift, _CELLS), (0, _CELLS - shift)}:
            part = parts[..., cut[0] : cut[1]]
            part = part - part.mean(3, keepdims=True)
            power = np.einsum("cnyx,cnyx->n", part, part)
            likeness = np.einsum("cnyx,cnyx->n", part, part[..., ::-1])
            enough = power / (_CELLS * _CELLS) > _LEAST
            best = np.maximum(best, np.where(enough, likeness / np.maximum(power, 1e-9), 0))
    return np.clip(best, 0, 1)
