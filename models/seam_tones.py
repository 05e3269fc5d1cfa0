"""Tones of a filled hole, moved so that its pieces meet one another and the rim.

P. Perez, M. Gangnet and A. Blake, Poisson Image Editing, SIGGRAPH 2003: pieces keep their own
differences from pixel to pixel, and where they meet, the mean of what both say of it holds. What is
sought is only how far tones move; it fades with the distance from a seam, so that what is wrong at
one does not spread, and large steps count as edges of things and not as differences of light.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..core.masks import Mask
from .shift_sources import Floats, Ints, Shifts, ShiftSources

_MOST = np.float32(20 / 255)  # of a step that is evened out
_CYCLES = 4
_DAMPED = np.float32(0.8)  # of a step of Jacobi's
_SMALLEST = 16  # pixels of a hole that is not made smaller


def evened(
    sources: ShiftSources, hole: Mask, shifts: Shifts, layout: Ints, reach: float
) -> tuple[Floats, Mask]:
    """The picture HxWx3 with the hole filled by a layout, and where that copies what it may not.

    Args:
        sources: of the picture.
        hole: HxW, not empty.
        shifts: (K,3).
        layout: HxW, numbers of shifts in the hole.
        reach: pixels over which a move of tones fades to 1/e.
    """
    rows, columns = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    window = (
        slice(max(rows[0] - 1, 0), rows[-1] + 2),
        slice(max(columns[0] - 1, 0), columns[-1] + 2),
    )
    inner = hole[window]
    y, x = (places[window] for places in np.mgrid[: hole.shape[0], : hole.shape[1]])
    own = shifts[np.where(inner, layout[window], 0)]
    copied, allowed = sources.at(own, y, x)
    filled = sources.picture.copy()
    flat = np.where(inner[..., None], copied, filled[window])
    pull = np.zeros_like(flat)
    for down, across in ((0, 1), (1, 0)):
        first = slice(0, len(y) - down), slice(0, y.shape[1] - across)
        other = slice(down, None), slice(across, None)
        ahead, ahead_known = sources.at(own[first], y[other], x[other])
        back, back_known = sources.at(own[other], y[first], x[first])
        ahead_known &= inner[first]
        back_known &= inner[other]
        step = (ahead - flat[other]) * ahead_known[..., None]
        step += (flat[first] - back) * back_known[..., None]
        step /= np.maximum(ahead_known.astype(np.float32) + back_known, 1)[..., None]
        step = np.clip(step, -_MOST, _MOST)
        pull[first] -= step
        pull[other] += step
    moved = _solved(pull, inner, np.float32(1 / reach**2))
    filled[window] = flat + moved
    wrong = np.zeros_like(hole)
    wrong[window] = inner & ~allowed
    return filled, wrong


@dataclass(frozen=True, eq=False)
class _Level:
    """The equations at one size: (neighbours + fading) * u - (sum of neighbours) = f."""

    inner: Floats  # (h,w,1), 1 where u is sought, else 0
    weight: Floats  # (h,w,1), of a pixel itself

    @classmethod
    def of(cls, hole: Mask, fading: np.float32) -> _Level:
        neighbours = _beside(np.ones((*hole.shape, 1), np.float32))
        return cls(hole[..., None].astype(np.float32), np.maximum(neighbours, 1) + fading)

    def smoothed(self, u: Floats, f: Floats, times: int) -> Floats:
        for _ in range(times):
            u = u + self.inner * (_DAMPED * ((f + _beside(u)) / self.weight - u))
        return u

    def left(self, u: Floats, f: Floats) -> Floats:
        return self.inner * (f - (self.weight * u - _beside(u)))


def _solved(f: Floats, hole: Mask, fading: np.float32) -> Floats:
    """u (h,w,3), 0 outside the hole, by V-cycles over ever smaller sizes."""
    levels = [_Level.of(hole, fading)]
    while min(hole.shape) > 4 and hole.sum() > _SMALLEST:
        high, wide = hole.shape
        even = np.pad(hole, ((0, high % 2), (0, wide % 2)))
        hole = even.reshape(even.shape[0] // 2, 2, -1, 2).sum((1, 3)) >= 3
        if not hole.any():
            break
        fading = fading * np.float32(4)
        levels.append(_Level.of(hole, fading))
    u = np.zeros_like(f)
    for _ in range(_CYCLES):
        u = _cycle(levels, u, f)
    return u


def _cycle(levels: list[_Level], u: Floats, f: Floats) -> Floats:
    here = levels[0]
    if len(levels) == 1:
        return here.smoothed(u, f, 30)
    u = here.smoothed(u, f, 2)
    left = here.left(u, f)
    high, wide = left.shape[:2]
    even = np.pad(left, ((0, high % 2), (0, wide % 2), (0, 0)))
    small = even.reshape(even.shape[0] // 2, 2, -1, 2, 3).sum((1, 3))
    small = _cycle(levels[1:], np.zeros_like(small), small)
    size = small.shape[1] * 2, small.shape[0] * 2
    large = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)[:high, :wide]
    return here.smoothed(u + here.inner * large, f, 2)


def _beside(u: Floats) -> Floats:
    """The sum of the four neighbours, 0 beyond the edges."""
    total = np.zeros_like(u)
    total[1:] += u[:-1]
    total[:-1] += u[1:]
    total[:, 1:] += u[:, :-1]
    total[:, :-1] += u[:, 1:]
    return total
