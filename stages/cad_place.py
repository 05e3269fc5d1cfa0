"""Canvas and place of a photograph that gets expanded; ProCrop's CAD (METHODS of CAD construction).

ProCrop gives the canvas, 700 to 1024 pixels a side; how much of it the photograph takes and where
it lies are GenCrop's numbers (Hong et al., AAAI 2024): an area of 10 to 50 % of the canvas, and a
long side of 50 to 90 % where that does not fit. Sides through which a subject runs stay at the
canvas's edge, for nothing here can go on with half a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ..core.boxes import Box
from ..core.errors import UsageError
from ..core.masks import Mask

LEFT, TOP, RIGHT, BOTTOM = range(4)
_STRIP = 1 / 40  # of the shorter side: how near the border a subject has to come to be cut by it
_TRIES = 50


@dataclass(frozen=True)
class PlaceConfig:
    """How canvases are drawn.

    Raises:
        UsageError: a range is empty or leaves what is possible.
    """

    side: tuple[int, int] = (700, 1024)  # pixels of both sides of the canvas (ProCrop)
    # Share of the canvas that the photograph takes. GenCrop: .1 to .5; what patches make of the
    # other nine tenths is not believable, so that by default at least 30 % is real.
    area: tuple[float, float] = (0.3, 0.6)
    fallback: tuple[float, float] = (0.5, 0.9)  # long side in those of the canvas (GenCrop)
    enlarged: float = 1.5  # of a small photograph at most; ProCrop only shrinks
    cut: float = 0.06  # share of a side that a subject takes up, from which it counts as cut there
    keep_cut: bool = True  # whether sides that cut a subject stay at the canvas's edge

    def __post_init__(self) -> None:
        low, high = self.side
        if not 64 <= low <= high <= 4096:
            raise UsageError(
                f"canvases of {low} to {high} pixels a side are no range within 64 to 4096; give "
                "--canvas low,high."
            )
        if not 0 < self.area[0] <= self.area[1] < 1:
            raise UsageError(
                f"shares of {self.area[0]:g} to {self.area[1]:g} of the canvas are no range within "
                "0 to 1; give --area low,high."
            )


@dataclass(frozen=True)
class Placement:
    """A canvas and the whole pixels of it that the photograph takes."""

    width: int
    height: int
    region: tuple[int, int, int, int]  # x1, y1, x2, y2; right and bottom exclusive

    @property
    def box(self) -> Box:
        """The region as a box."""
        return Box(*(float(edge) for edge in self.region))


def cut_sides(subject: Mask, config: PlaceConfig) -> tuple[bool, bool, bool, bool]:
    """Through which sides (left, top, right, bottom) of its photograph a subject HxW runs."""
    reach = max(round(min(subject.shape) * _STRIP), 1)
    strips = subject[:, :reach], subject[:reach].T, subject[:, -reach:], subject[-reach:].T
    left, top, right, bottom = (bool(s.any(1).mean() > config.cut) for s in strips)
    return left, top, right, bottom


def place(
    width: int,
    height: int,
    config: PlaceConfig,
    random: Generator,
    cut: tuple[bool, bool, bool, bool] = (False,) * 4,
) -> Placement:
    """A canvas for a photograph of that size, and where the photograph lies on it.

    Args:
        width, height: of the photograph in pixels; it keeps its aspect to within a pixel.
        config: how.
        random: all draws.
        cut: sides (left, top, right, bottom) that lie on the canvas's edge. With all four, or
            where the photograph's shape leaves no room beside two of them, the last ones are let
            go, the bottom last of all.
    """
    held = list(cut if config.keep_cut else (False,) * 4)
    for free in (TOP, RIGHT, LEFT):
        spanned = (held[LEFT] and held[RIGHT], held[TOP] and held[BOTTOM])
        if not any(spanned):
            break
        found = None if all(spanned) else _spanning(width, height, spanned, config, random)
        if found is not None:
            return _laid(found, held, random)
        held[free] = False
    return _laid(_free(width, height, config, random), held, random)


_Sizes = tuple[int, int, int, int]  # of the canvas and of the photograph on it


def _free(width: int, height: int, config: PlaceConfig, random: Generator) -> _Sizes:
    low, high = config.side
    for _ in range(_TRIES):
        across, down = (int(side) for side in random.integers(low, high + 1, 2))
        share = random.uniform(*config.area)
        scale = (share * across * down / (width * height)) ** 0.5
        own = round(width * scale), round(height * scale)
        if own[0] <= across and own[1] <= down and scale <= config.enlarged and min(own) > 0:
            return across, down, *own
    across, down = (int(side) for side in random.integers(low, high + 1, 2))
    fit = min(across / width, down / height)
    scale = min(fit * random.uniform(*config.fallback), max(config.enlarged, fit / 2))
    return across, down, max(round(width * scale), 1), max(round(height * scale), 1)


def _spanning(
    width: int, height: int, spanned: tuple[bool, bool], config: PlaceConfig, random: Generator
) -> _Sizes | None:
    """Sizes for a photograph that takes all of one side of the canvas; None if none fit."""
    low, high = config.side
    own = np.array([width, height], float)
    along = 0 if spanned[0] else 1
    for _ in range(_TRIES):
        side = int(random.integers(low, high + 1))
        share = random.uniform(*config.area)
        other = round(side * own[1 - along] / own[along])
        room = round(other / share)
        if low <= room <= high and side / own[along] <= config.enlarged and other > 0:
            sizes = (side, room) if along == 0 else (room, side)
            return (*sizes, side, other) if along == 0 else (*sizes, other, side)
    return None


def _laid(sizes: _Sizes, held: list[bool], random: Generator) -> Placement:
    across, down, width, height = sizes
    x, y = (int(random.integers(0, room + 1)) for room in (across - width, down - height))
    if held[LEFT]:
        x = 0
    elif held[RIGHT]:
        x = across - width
    if held[TOP]:
        y = 0
    elif held[BOTTOM]:
        y = down - height
    return Placement(across, down, (x, y, x + width, y + height))
