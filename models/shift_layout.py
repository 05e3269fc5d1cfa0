"""Which shift fills which block of a hole: large pieces that meet one another and the rim.

K. He and J. Sun, Statistics of Patch Offsets for Image Completion, ECCV 2012, §4: a label for every
place of the hole is a shift, what may not be copied costs much, and where two shifts meet they
cost what they say differently of both sides of the seam. Places are square blocks here, a seam is
looked at in some depth, and what is known around a block has to look alike at its source.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .grid_labelling import LabelGrid, labelled
from .shift_sources import Floats, Ints, ShiftSources
from .shift_statistics import PatchStatistics

_DEPTH = 2  # pixels on each side of a seam that are compared
_SWEEPS = 20
_BARRED = np.float32(50)  # cost of a pixel that would be copied from where it may not
_RING = 2.0  # weight of what is known around a block against seams
_CONTRAST, _LEAST_CONTRAST = 0.25, 0.05  # standard deviation to which colours are stretched
_BEYOND = 0.5  # squared difference that what is known has from what may not be copied


@dataclass(frozen=True)
class LayoutCosts:
    """Weights of what else shifts cost, besides seams; of squared differences in [0, 3]."""

    tones: float = 0.3  # of wide tones that differ from those expected, for every pixel
    height: float = 0.3  # of a whole picture's height that a pixel comes from above or below
    rarity: float = 6.0  # of a pixel that is like nothing else in the picture
    mirror: float = 0.2  # of the width, within which nothing is mirrored
    seam: float = 0.06  # of a seam whatever it looks like, for a pixel of its length


def laid_out(
    rgb: NDArray[np.uint8],
    hole: Mask,
    barred: Mask,
    statistics: PatchStatistics,
    tones: Floats,
    block: int,
    costs: LayoutCosts,
) -> Ints:
    """For every pixel HxW in a block that the hole touches the number of its shift, else -1.

    Args:
        rgb: HxWx3.
        hole: HxW, not empty.
        barred: HxW, what may not be copied; the hole and more.
        statistics: of the picture, with at least one shift.
        tones: HxWx3 in [0, 1], wide tones of the picture, in the hole those expected.
        block: side of a block in pixels.
        costs: how to choose.
    """
    shifts = statistics.shifts
    blocks = _Blocks.around(hole, block)
    contrast = np.float32(_CONTRAST / max(float(rgb[~hole].std()) / 255, _LEAST_CONTRAST))
    plain = ShiftSources.of(rgb, barred)
    rare = plain.coloured(np.dstack([statistics.rarity * contrast**2] * 3))
    sources, toned = (plain.coloured(each * contrast) for each in (plain.picture, tones))
    seen = np.empty((len(shifts), *blocks.shape, 3), np.float32)
    own = np.empty((*blocks.grid, len(shifts)), np.float32)
    inner = blocks.within(hole)
    known, empty = blocks.inside & ~inner, inner.astype(np.float32)
    here, expected = sources.picture[blocks.place], toned.picture[blocks.place]
    for number, shift in enumerate(shifts):
        colours, allowed = sources.at(shift, blocks.rows, blocks.columns)
        seen[number] = colours
        unlike = np.where(allowed, np.square(colours - here).sum(2), np.float32(_BEYOND))
        cost = _RING * blocks.sums(unlike * known, _DEPTH) + _BARRED * blocks.sums(empty * ~allowed)
        away = np.square(toned.at(shift, blocks.rows, blocks.columns)[0] - expected).sum(2)
        cost += costs.tones * blocks.sums(away * empty)
        odd = rare.at(shift, blocks.rows, blocks.columns)[0][..., 0]
        cost += costs.rarity * blocks.sums(odd * empty)
        if shift[0]:  # what is seen beside its mirror image looks like a face
            turned = sources.width - 1 - (blocks.columns + shift[2])
            near = np.abs(turned - blocks.columns) < costs.mirror * sources.width
            cost += _BARRED * blocks.sums(empty * near)
        cost += costs.height * abs(int(shift[1])) / len(hole) * blocks.sums(empty)
        own[..., number] = cost
    wanted = blocks.sums(empty) > 0
    own[~wanted] = 0
    across = _seams(seen, wanted, block, costs.seam)
    down = _seams(seen.swapaxes(1, 2), wanted.T, block, costs.seam).swapaxes(0, 1)
    labels = labelled(LabelGrid(own, across, np.ascontiguousarray(down)), _SWEEPS)
    return blocks.spread(np.where(wanted, labels, -1), hole.shape)


@dataclass(frozen=True, eq=False)
class _Blocks:
    """The grid of blocks over a hole, and its pixels with `_DEPTH` more on every side."""

    first: tuple[int, int]  # row and column of the first block's first pixel
    grid: tuple[int, int]  # rows and columns of blocks
    side: int
    rows: Ints = field(repr=False)  # (h,1)
    columns: Ints = field(repr=False)  # (1,w)
    place: tuple[Ints, Ints] = field(repr=False)  # the same, within the picture
    inside: Mask = field(repr=False)  # (h,w): on the picture

    @classmethod
    def around(cls, hole: Mask, side: int) -> _Blocks:
        spans = []
        for axis in (1, 0):
            filled = np.flatnonzero(hole.any(axis))
            spans.append((int(filled[0]), -(-int(filled[-1] + 1 - filled[0]) // side)))
        rows, columns = (
            np.arange(first - _DEPTH, first + count * side + _DEPTH) for first, count in spans
        )
        own = [np.clip(x, 0, n - 1) for x, n in zip((rows, columns), hole.shape, strict=True)]
        inside = (own[0] == rows)[:, None] & (own[1] == columns)[None]
        (top, high), (left, wide) = spans
        place = own[0][:, None], own[1][None]
        return cls((top, left), (high, wide), side, rows[:, None], columns[None], place, inside)

    @property
    def shape(self) -> tuple[int, int]:
        return self.inside.shape

    def within(self, mask: Mask) -> Mask:
        """A mask of the picture here, False beyond its edges."""
        return np.asarray(mask[self.place] & self.inside)

    def sums(self, values: NDArray[np.float32], more: int = 0) -> Floats:
        """Sums (R,C) over the blocks of values (h,w), each with `more` pixels on every side."""
        side = self.side + 2 * more
        start = _DEPTH - more
        total = cv2.boxFilter(
            np.asarray(values, np.float32), -1, (side, side), anchor=(0, 0), normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )  # fmt: skip
        high, wide = self.grid
        stops = start + high * self.side, start + wide * self.side
        return np.asarray(total[start : stops[0] : self.side, start : stops[1] : self.side])

    def spread(self, labels: Ints, shape: tuple[int, ...]) -> Ints:
        """The blocks' labels at the pixels of a picture of that shape, -1 elsewhere."""
        large = labels.repeat(self.side, 0).repeat(self.side, 1)
        found = np.full(shape, -1, np.int64)
        window = found[self.first[0] :, self.first[1] :][: len(large), : large.shape[1]]
        window[:] = large[: window.shape[0], : window.shape[1]]
        return found


def _seams(seen: Floats, wanted: Mask, side: int, least: float) -> Floats:
    """Costs (R,C-1,K,K) of two shifts in blocks side by side; 0 where one need not be filled.

    Args:
        seen: (K,h,w,3), the picture at all shifts.
        wanted: (R,C), blocks that have to be filled.
        side: of the blocks.
        least: cost of a pixel of any seam.
    """
    count = len(seen)
    high, wide = wanted.shape
    both = wanted[:, :-1] & wanted[:, 1:]
    costs = np.zeros((high, wide - 1, count, count), np.float32)
    if not both.any():
        return costs
    starts = side * np.arange(1, wide)  # of the strips, whose middle is the seam
    columns = (starts[:, None] + np.arange(2 * _DEPTH)).ravel()
    strips = seen[:, _DEPTH : _DEPTH + high * side][:, :, columns]
    strips = strips.reshape(count, high, side, wide - 1, 2 * _DEPTH * 3).transpose(1, 3, 0, 2, 4)
    found = np.ascontiguousarray(strips.reshape(high, wide - 1, count, -1)[both])
    norms = np.einsum("nkd,nkd->nk", found, found)
    apart = norms[:, :, None] + norms[:, None] - 2 * (found @ found.transpose(0, 2, 1))
    price = np.float32(least * side) * (1 - np.eye(count, dtype=np.float32))
    costs[both] = np.maximum(apart, 0) + price
    return costs
