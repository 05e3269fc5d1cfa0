"""Fast multi-level foreground estimation (Germer et al., ICPR 2020), section 3.

A pixel of an object's edge shows I = aF + (1 - a)B. F and B are found together, from a picture of
one pixel up to the full one, as what explains I and is smooth where alpha is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SMOOTH = 1e-5  # weight of equal neighbours where alpha is flat (the paper's regularisation)
_SLOPE = 1.0  # added a unit of alpha's step between neighbours
_SMALL = 32  # pixels a side up to which a level is iterated long
_ROUNDS = (10, 2)  # of small and of large levels


def estimate_foreground(image: Floats, alpha: Floats) -> Floats:
    """The object's own colours F (HxWx3) where alpha is below 1; elsewhere those of the image.

    Args:
        image: HxWx3 in [0, 1], what the photograph shows.
        alpha: HxW in [0, 1].
    """
    height, width = alpha.shape
    levels = max(int(np.ceil(np.log2(max(height, width)))), 1)
    fore = back = np.zeros((1, 1, 3), np.float32)
    for level in range(levels + 1):
        share = level / levels
        size = max(round(width**share), 1), max(round(height**share), 1)
        small = _shrunk(image, size)
        a = _shrunk(alpha, size)
        if level == 0:
            fore, back = _start(image, alpha)
        fore, back = _grown(fore, size), _grown(back, size)
        rounds = _ROUNDS[max(size) > _SMALL]
        fore, back = _solve(small, a, fore, back, rounds)
    return np.where(alpha[..., None] >= 1, image, fore).astype(np.float32)


def _start(image: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """The mean colours of object and ground, 1x1x3 each."""

    def mean(weight: Floats) -> Floats:
        total = (image * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
        return np.asarray(total, np.float32).reshape(1, 1, 3)

    return mean(alpha), mean(1 - alpha)


def _solve(
    image: Floats, alpha: Floats, fore: Floats, back: Floats, rounds: int
) -> tuple[Floats, Floats]:
    """Jacobi's iterations of the 2x2 systems, one a pixel."""
    padded = np.pad(alpha, 1, mode="edge")
    steps = [(0, 1), (2, 1), (1, 0), (1, 2)]
    height, width = alpha.shape

    def shifted(x: Floats, step: tuple[int, int]) -> Floats:
        return x[step[0] : step[0] + height, step[1] : step[1] + width]

    weights = [_SMOOTH + _SLOPE * np.abs(alpha - shifted(padded, step)) for step in steps]
    total = np.sum(weights, 0)
    a, b = alpha, 1 - alpha
    first, both, second = a * a + total, a * b, b * b + total
    scale = 1 / (first * second - both * both)
    for _ in range(rounds):
        right = [a[..., None] * image, b[..., None] * image]
        for step, weight in zip(steps, weights, strict=True):
            for k, layer in enumerate((fore, back)):
                near = np.pad(layer, ((1, 1), (1, 1), (0, 0)), mode="edge")
                right[k] = right[k] + weight[..., None] * shifted(near, step)
        fore = (second[..., None] * right[0] - both[..., None] * right[1]) * scale[..., None]
        back = (first[..., None] * right[1] - both[..., None] * right[0]) * scale[..., None]
        fore, back = np.clip(fore, 0, 1), np.clip(back, 0, 1)
    return fore.astype(np.float32), back.astype(np.float32)


def _shrunk(values: Floats, size: tuple[int, int]) -> Floats:
    shrunk = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    shape = (size[1], size[0], *values.shape[2:])
    return np.asarray(shrunk, np.float32).reshape(shape)


def _grown(values: Floats, size: tuple[int, int]) -> Floats:
    grown = cv2.resize(values, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown, np.float32).reshape(size[1], size[0], 3)
