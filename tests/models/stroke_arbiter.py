"""Hard-edged strokes on a 16 times finer grid: a judge that shares nothing with the renderer.

A sample is inked if it lies within half a width of a curve, which is followed in steps of a
quarter of a pixel on average, so that chords are less than .01 pixels off. Nothing is blended at
edges, so that overlaps are exact.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FINE = 16  # samples a side of a pixel


def inked(
    points: Floats, width: float, size: tuple[int, int], fine: int = FINE
) -> NDArray[np.bool]:
    """Which samples (height * fine, width * fine) of a canvas one stroke (4,2) covers.

    Args:
        points: control points x, y in pixels.
        width: the full one in pixels.
        size: height and width of the canvas in pixels.
        fine: samples a side of a pixel.
    """
    out = np.zeros((size[0] * fine, size[1] * fine), np.bool)
    radius = width / 2
    curve = _followed(points)
    for a, b in pairwise(curve):
        low = np.floor((np.minimum(a, b) - radius) * fine).astype(int).clip(0, out.shape[::-1])
        high = np.ceil((np.maximum(a, b) + radius) * fine).astype(int).clip(0, out.shape[::-1])
        x = (np.arange(low[0], high[0]) + 0.5) / fine - a[0]
        y = (np.arange(low[1], high[1])[:, None] + 0.5) / fine - a[1]
        dx, dy = b - a
        share = ((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-300)).clip(0, 1)
        hit = (x - share * dx) ** 2 + (y - share * dy) ** 2 <= radius**2
        out[low[1] : high[1], low[0] : high[0]] |= hit
    return out


def union(points: Floats, width: Floats, size: tuple[int, int], fine: int = FINE) -> Floats:
    """The share (H,W) of every pixel that any of the strokes (S,4,2), (S,) covers."""
    out = np.zeros((size[0] * fine, size[1] * fine), np.bool)
    for stroke, thick in zip(points, width, strict=True):
        out |= inked(stroke, float(thick), size, fine)
    return pixels(out[None].astype(np.float32), fine)[0]


def painted(
    points: Floats,
    width: Floats,
    color: Floats,
    opacity: Floats,
    size: tuple[int, int],
    background: Floats,
    fine: int = FINE,
) -> Floats:
    """The picture (3,H,W) of strokes laid over one another, each sample by itself."""
    out = np.empty((3, size[0] * fine, size[1] * fine), np.float32)
    out[:] = np.asarray(background)[:, None, None]
    for s in range(len(points)):
        hit = inked(points[s], float(width[s]), size, fine)
        out[:, hit] += opacity[s] * (color[s][:, None] - out[:, hit])
    return pixels(out, fine)


def pixels(samples: NDArray[np.float32], fine: int) -> Floats:
    """Means (C,H,W) over the samples (C,H*fine,W*fine) of every pixel."""
    c, h, w = samples.shape
    cut = samples.reshape(c, h // fine, fine, w // fine, fine)
    return np.asarray(cut.mean((2, 4), dtype=np.float64))


def _followed(points: Floats) -> Floats:
    """Points on the curve, near enough to one another that chords and curve are one."""
    length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    t = np.linspace(0, 1, int(np.ceil(4 * length)) + 64)[:, None]
    a, b, c, d = points
    ab, bc, cd = a + t * (b - a), b + t * (c - b), c + t * (d - c)  # de Casteljau
    abc, bcd = ab + t * (bc - ab), bc + t * (cd - bc)
    return abc + t * (bcd - abc)
