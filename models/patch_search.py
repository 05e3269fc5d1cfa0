"""What surrounds a photograph, put together from its own patches at one size of the canvas.

C. Barnes et al., PatchMatch, SIGGRAPH 2009, §3, in rounds of whole arrays instead of scans, and
Y. Wexler, E. Shechtman and M. Irani, Space-Time Completion of Video, TPAMI 2007, §3: patches that
fit what is there now are found, and every pixel becomes the mean of what the patches over it say,
those nearer to the photograph having more to say, so that it grows outward from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..core.masks import Mask
from .patch_sources import RADIUS, Floats, Ints, PatchSources, described

_STEPS_AT_FIRST, _STEPS = (8, 4, 2, 1), (2, 1)  # pixels to the neighbours that are asked
_FIRST = 2  # rounds that ask far ones, too
_ANYWHERE = 3  # rounds that try places drawn from all
_HEIGHT = 2.0  # weight of a patch's height in the photograph against its colours
_SLACK = 0.06  # of the photograph's height, by which a patch may lie elsewhere for nothing
_LOOSE, _LOOSEST = 0.5, 0.1  # more of it by the distance, and in heights at most
_TRUST = 0.06  # of the longer side: distance at which what is filled has 1/e of its say
_LEAST_TRUST, _LEAST_WEIGHT = 0.02, 0.01


@dataclass(frozen=True, eq=False)
class CanvasLevel:
    """The canvas at one size, the photograph on it, and what the search there needs."""

    shape: tuple[int, int]  # height, width
    corner: tuple[int, int]  # row and column of the photograph's first pixel
    sources: PatchSources = field(repr=False)
    hole: Mask = field(repr=False)  # around the photograph
    rows: Ints = field(repr=False)  # (N,) of the hole's pixels
    columns: Ints = field(repr=False)
    distance: Floats = field(repr=False)  # (N,) to the photograph

    @classmethod
    def of(
        cls, shape: tuple[int, int], corner: tuple[int, int], photo: Floats, banned: Mask
    ) -> CanvasLevel:
        """A level for a photograph HxWx3 in [0, 1] whose parts `banned` are not to be repeated."""
        hole = np.ones(shape, bool)
        hole[_window(corner, photo.shape)] = False
        rows, columns = np.nonzero(hole)
        away = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        return cls(
            shape,
            corner,
            PatchSources.of(photo, banned),
            hole,
            rows,
            columns,
            np.asarray(away[hole], np.float32),
        )

    def with_photo(self, picture: Floats) -> Floats:
        """The picture (h,w,3) with the photograph in its place."""
        own = self.sources.colours[:, : self.sources.width]
        picture[_window(self.corner, own.shape)] = own
        return picture

    def at_same_height(self, random: Generator) -> tuple[Ints, Ints]:
        """A place to start from for every pixel of the hole."""
        rows = np.clip(self.rows - self.corner[0], 0, self.sources.height - 1)
        return rows, random.integers(0, 2 * self.sources.width, len(rows))


def _window(corner: tuple[int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    return slice(corner[0], corner[0] + shape[0]), slice(corner[1], corner[1] + shape[1])


class PatchSearch:
    """The patches that fit a picture at one level, improved round by round.

    Args:
        level: the canvas.
        places: rows and columns (N,) of sources to start from, one for each pixel of the hole.
        random: of all draws.
    """

    def __init__(self, level: CanvasLevel, places: tuple[Ints, Ints], random: Generator) -> None:
        self._level, self._random = level, random
        self.rows, self.columns = places
        wrong = ~level.sources.allowed[self.rows, self.columns]
        self.rows[wrong], self.columns[wrong] = level.sources.drawn(int(wrong.sum()), random)
        self._cost = np.zeros(len(self.rows), np.float32)
        self._now = np.empty((0, 0), np.float32)  # descriptions at the hole's pixels
        height = level.sources.height
        self._own_height = np.clip(level.rows - level.corner[0], 0, height - 1).astype(np.float32)
        loose = np.minimum(level.distance * np.float32(_LOOSE), np.float32(_LOOSEST * height))
        self._slack = np.float32(_SLACK * height) + loose

    def improve(self, picture: Floats, number: int) -> None:
        """Round `number`: look for better patches for the picture (h,w,3) as it is now."""
        level, random, count = self._level, self._random, len(self.rows)
        self._now = described(picture)[level.rows, level.columns]
        self._cost = self._costs(self.rows, self.columns)
        for step in _STEPS_AT_FIRST if number < _FIRST else _STEPS:
            for down, across in ((0, step), (0, -step), (step, 0), (-step, 0)):
                self._ask_neighbours(down, across)
        tall, wide = level.sources.height // 2, level.sources.width
        reach = wide
        while reach >= 2:
            near = min(reach, tall)
            self._consider(
                self.rows + random.integers(-near, near + 1, count),
                self.columns + random.integers(-reach, reach + 1, count),
            )
            reach //= 3
        if number < _ANYWHERE:
            self._consider(*level.sources.drawn(count, random))

    def field(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns (h,w) of the sources of all pixels; the photograph's are its own."""
        level = self._level
        rows, columns = np.zeros((2, *level.shape), np.int32)
        down, across = np.mgrid[: level.sources.height, : level.sources.width]
        window = _window(level.corner, down.shape)
        rows[window], columns[window] = down, across
        rows[level.rows, level.columns] = self.rows
        columns[level.rows, level.columns] = self.columns
        return rows, columns

    def voted(self, picture: Floats, *, sharp: bool) -> Floats:
        """The picture (h,w,3) with the hole filled by what the patches say; `sharp`: by those
        whose middles are next to a pixel only."""
        level, sources = self._level, self._level.sources
        height, width = level.shape
        scale = 2 * max(float(np.sort(self._cost)[int(0.6 * (len(self._cost) - 1))]), 1e-5)
        say = np.maximum(np.exp(-self._cost / np.float32(scale)), np.float32(_LEAST_WEIGHT))
        far = np.float32(_TRUST * max(level.shape))
        say *= np.maximum(np.exp(-level.distance / far), np.float32(_LEAST_TRUST))
        weights = np.zeros(level.shape, np.float32)
        weights[level.rows, level.columns] = say
        rows, columns = self.field()
        total = np.zeros((len(say), 3), np.float32)
        weight = np.zeros(len(say), np.float32)
        reach = 1 if sharp else RADIUS
        last = 2 * sources.width - 1
        flat = sources.colours.reshape(-1, 3)
        for down in range(-reach, reach + 1):
            for across in range(-reach, reach + 1):
                if not sharp and (down + across) % 2:
                    continue
                y, x = level.rows + down, level.columns + across
                within = (y >= 0) & (y < height) & (x >= 0) & (x < width)
                place = np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1)
                own = weights.ravel()[place] * within
                source_y = np.clip(rows.ravel()[place] - down, 0, sources.height - 1)
                source_x = np.clip(columns.ravel()[place] - across, 0, last)
                total += own[:, None] * flat[source_y * (last + 1) + source_x]
                weight += own
        filled = picture.copy()
        filled[level.rows, level.columns] = total / weight[:, None]
        return filled

    def _ask_neighbours(self, down: int, across: int) -> None:
        """Try what a neighbour's source says of the pixel itself."""
        level = self._level
        rows, columns = self.field()
        y = np.clip(level.rows + down, 0, level.shape[0] - 1)
        x = np.clip(level.columns + across, 0, level.shape[1] - 1)
        self._consider(rows[y, x] - (y - level.rows), columns[y, x] - (x - level.columns))

    def _consider(self, rows: Ints, columns: Ints) -> None:
        """Take other sources where they are better."""
        sources = self._level.sources
        wide = 2 * sources.width
        within = (rows >= 0) & (rows < sources.height) & (columns >= 0) & (columns < wide)
        rows, columns = np.clip(rows, 0, sources.height - 1), np.clip(columns, 0, wide - 1)
        cost = self._costs(rows, columns)
        better = within & sources.allowed[rows, columns] & (cost < self._cost)
        self.rows = np.where(better, rows, self.rows)
        self.columns = np.where(better, columns, self.columns)
        self._cost = np.where(better, cost, self._cost)

    def _costs(self, rows: Ints, columns: Ints) -> Floats:
        """How badly sources fit: by colours, and by where in the photograph they lie."""
        sources = self._level.sources
        apart = sources.numbers[rows * (2 * sources.width) + columns] - self._now
        fit = np.einsum("nk,nk->n", apart, apart)
        off = np.maximum(np.abs(rows - self._own_height) - self._slack, 0) / sources.height
        return np.asarray(fit + _HEIGHT * off * off, np.float32)
