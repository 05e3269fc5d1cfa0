"""A picture out of which objects are erased, at the size of the search and, beside it, at its own.

Holes are filled at the full size, window by window, so that what the layers show is as sharp as
the engine can make it; the search sees the result reduced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..models.inpainter import Inpainter, for_plates
from ..models.inpainting import fill_hole

Rgb = NDArray[np.uint8]
Fill = Callable[[Rgb, Mask, int], Rgb]  # picture, hole, seed: the picture with the hole filled

_ENLARGED = 0.3  # of a pixel, that is enough for it to be found


class Canvas(Protocol):
    """What the loop erases from; never changed, every filling gives a new one."""

    @property
    def rgb(self) -> Rgb:
        """HxWx3, in which objects are looked for."""
        ...

    def filled(self, hole: Mask, seed: int) -> Self:
        """With the hole HxW filled, and every pixel outside of it as it was."""
        ...

    def plate(self) -> Self:
        """The same, to be filled for looking at and not for searching; maybe itself."""
        ...


@dataclass(frozen=True, eq=False)
class PlainCanvas:
    """A picture at one size and any function that fills holes."""

    rgb: Rgb = field(repr=False)
    fill: Fill

    def filled(self, hole: Mask, seed: int) -> PlainCanvas:
        """See `Canvas.filled`; of what the function gives only the hole is used."""
        new = self.fill(self.rgb, hole, seed)
        return PlainCanvas(np.where(hole[..., None], new, self.rgb).astype(np.uint8), self.fill)

    def plate(self) -> PlainCanvas:
        """See `Canvas.plate`."""
        return self


@dataclass(frozen=True, eq=False)
class Filling:
    """How holes are filled."""

    inpainter: Inpainter
    working: int  # the longest side in pixels of a window that is filled
    feather: float  # of a hole's inner rim, as a share of the long side


@dataclass(frozen=True, eq=False)
class FullCanvas:
    """A picture at its own size, and reduced."""

    full: Rgb = field(repr=False)
    rgb: Rgb = field(repr=False)
    filling: Filling

    @classmethod
    def of(cls, full: Rgb, side: int, filling: Filling) -> FullCanvas:
        """Reduce a picture to a long side of `side` pixels, unless it is smaller."""
        return cls(full, reduced(full, working_size(full.shape[:2], side)), filling)

    def filled(self, hole: Mask, seed: int) -> FullCanvas:
        """See `Canvas.filled`; outside of the enlarged hole, `full` is as it was."""
        how = self.filling
        large = enlarged(hole, self.full.shape[:2])
        full = fill_hole(
            how.inpainter,
            self.full,
            large,
            seed=seed,
            working=how.working,
            feather=how.feather * max(large.shape),
        )
        height, width = hole.shape
        rgb = np.where(hole[..., None], reduced(full, (width, height)), self.rgb)
        return FullCanvas(full, rgb.astype(np.uint8), how)

    def plate(self) -> FullCanvas:
        """See `Canvas.plate`."""
        engine = for_plates(self.filling.inpainter)
        if engine is self.filling.inpainter:
            return self
        return replace(self, filling=replace(self.filling, inpainter=engine))


def working_size(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Width, height of a picture of height, width `shape` with a long side of at most `side`."""
    height, width = shape[:2]
    scale = min(side / max(height, width), 1.0)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def reduced(rgb: Rgb, size: tuple[int, int]) -> Rgb:
    """A picture averaged down to width, height; itself if it has that size."""
    if rgb.shape[1::-1] == size:
        return rgb
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def reduced_shares(mask: Mask, size: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel of a picture of width, height a mask covers, in [0, 1]."""
    shares = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(shares, np.float32)


def enlarged(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask at height, width `shape`, its outline smooth; itself if it has that size.

    Not empty unless `mask` is.
    """
    height, width = shape[:2]
    if mask.shape == (height, width):
        return mask
    soft = cv2.resize(mask.astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_LINEAR)
    large = np.asarray(soft > 127)
    if large.any() or not mask.any():
        return large
    nearest = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(nearest, bool)


def enlarged_beside(found: Mask, hole: Mask) -> Mask:
    """What was found at a reduced size, at the size of a hole HxW and outside of it."""
    if found.shape == hole.shape:
        return found & ~hole
    if not found.any():
        return np.zeros_like(hole)
    soft = cv2.resize(found.astype(np.float32), hole.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft > _ENLARGED) & ~hole
