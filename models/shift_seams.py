"""Seams between pieces of a filled hole, moved pixel by pixel to where they show least."""

from __future__ import annotations

import cv2
import numpy as np

from ..core.masks import Mask
from .grid_labelling import LabelGrid, labelled
from .shift_sources import Floats, Ints, Shifts, ShiftSources

_CHOICES = 4  # shifts that a pixel may take
_SWEEPS = 3
_BARRED = np.float32(50)
_RIM = 2.0  # weight of the hole's rim against seams
_BEYOND = 0.3  # squared difference that what is known has from what may not be copied
_SEAM = np.float32(1e-3)  # cost of a pixel of any seam
_NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def recut(sources: ShiftSources, hole: Mask, shifts: Shifts, layout: Ints, reach: int) -> Ints:
    """A layout HxW (numbers of shifts in the hole, -1 elsewhere) whose seams may have moved.

    Args:
        sources: of the picture.
        hole: HxW, not empty.
        shifts: (K,3) in the picture's pixels.
        layout: HxW, numbers of shifts, at least within the hole.
        reach: pixels by which a seam may move.
    """
    rows, columns = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inner, own = hole[window], layout[window]
    choices, spare = _choices(inner, own, reach)
    y, x = (places[window] for places in np.mgrid[: hole.shape[0], : hole.shape[1]])
    cutter = _Cutter(sources, shifts[choices], choices, inner, y, x)
    grid = LabelGrid(cutter.own(hole, spare), cutter.seams(0, 1), cutter.seams(1, 0))
    labels = labelled(grid, _SWEEPS)
    found = np.full(hole.shape, -1, np.int64)
    found[window] = np.where(
        inner, np.take_along_axis(choices, labels[..., None], 2)[..., 0], np.int64(-1)
    )
    return found


def _choices(inner: Mask, layout: Ints, reach: int) -> tuple[Ints, Mask]:
    """The shifts (h,w,_CHOICES) that are most frequent around each pixel, its own among them; and
    which of them are spare, its own again."""
    shape = (*inner.shape, _CHOICES)
    choices, shares = np.zeros(shape, np.int64), np.full(shape, -1, np.float32)
    for number in np.unique(layout[inner]):
        here = (layout == number) & inner
        share = cv2.blur(
            here.astype(np.float32), (2 * reach + 1,) * 2, borderType=cv2.BORDER_CONSTANT
        )
        share += 10 * here
        lowest = shares.argmin(2)[..., None]
        low = np.take_along_axis(shares, lowest, 2)[..., 0]
        better = (share > 1e-6) & (share > low)
        kept = np.take_along_axis(choices, lowest, 2)[..., 0]
        np.put_along_axis(choices, lowest, np.where(better, number, kept)[..., None], 2)
        np.put_along_axis(shares, lowest, np.where(better, share, low)[..., None], 2)
    spare = shares < 0
    return np.where(spare, np.where(inner, layout, 0)[..., None], choices), spare


class _Cutter:
    """Costs of pixels and their neighbours, for the choices (h,w,C) that they have."""

    def __init__(
        self, sources: ShiftSources, shifts: Shifts, choices: Ints, inner: Mask, y: Ints, x: Ints
    ) -> None:
        self._sources, self._shifts, self._choices = sources, shifts, choices
        self._inner, self._y, self._x = inner, y, x
        self._several = (choices != choices[..., :1]).any(2)

    def own(self, hole: Mask, spare: Mask) -> Floats:
        """Costs (h,w,C) of what may not be copied, and of unlikeness to what is known beside."""
        picture, (height, width) = self._sources.picture, hole.shape
        _, allowed = self._sources.at(self._shifts, self._y[..., None], self._x[..., None])
        cost = np.where(allowed, np.float32(0), _BARRED) + np.float32(1e-4) * spare
        for down, across in _NEIGHBOURS:
            y, x = self._y + down, self._x + across
            beside_y, beside_x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
            rim = self._inner & ~hole[beside_y, beside_x]
            rim &= (beside_y == y) & (beside_x == x)
            there = picture[beside_y[rim], beside_x[rim]][:, None]
            colours, copied = self._sources.at(self._shifts[rim], y[rim][:, None], x[rim][:, None])
            unlike = np.where(copied, np.square(colours - there).sum(2), np.float32(_BEYOND))
            cost[rim] += np.float32(_RIM) * unlike
        cost[~self._inner] = 0
        return np.asarray(cost, np.float32)

    def seams(self, down: int, across: int) -> Floats:
        """Costs (.,.,C,C) between each pixel and the one next to it, below or to the right."""
        height, width = self._inner.shape
        first = slice(0, height - down), slice(0, width - across)
        other = slice(down, height), slice(across, width)
        both = self._inner[first] & self._inner[other]
        both &= self._several[first] | self._several[other]
        y, x = self._y[first][both][:, None], self._x[first][both][:, None]
        sides = []
        for part in (first, other):
            shifts = self._shifts[part][both]
            at = [self._sources.at(shifts, y + d, x + a)[0] for d, a in ((0, 0), (down, across))]
            sides.append(np.concatenate(at, 2))
        apart = np.square(sides[0][:, :, None] - sides[1][:, None]).sum(3)
        names = [self._choices[part][both] for part in (first, other)]
        apart += _SEAM * (names[0][:, :, None] != names[1][:, None])
        costs = np.zeros((*both.shape, apart.shape[1], apart.shape[1]), np.float32)
        costs[both] = apart
        return costs
