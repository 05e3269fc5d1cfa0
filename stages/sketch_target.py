"""The picture that a sketch is made after, on the sketch's canvas (MROSS, target preparation)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import InputError, UsageError
from ..core.images import DEFAULT_MAX_PIXELS, Header, load_reduced
from ..core.names import printable

LARGER = 4  # times the canvas, on which small regions are looked at
MOST_LARGE = 1792  # pixels of its long side, except where the canvas itself has more
CANVAS = 224  # pixels of the long side, MROSS's own
MIN_SIDE = 16  # pixels that a picture has to have on the canvas, in both directions
FIX_SCALE_MARGIN = 20  # pixels of the original around its long side, MROSS's own

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Placement:
    """Where the upright original lies on the canvas; all in canvas pixels."""

    x: int
    y: int
    width: int
    height: int
    canvas: tuple[int, int]  # width, height
    original: tuple[int, int]  # width, height of the upright original in its own pixels

    def points(self, xy: NDArray[np.floating]) -> Points:
        """Points (…,2) of the upright original, as x, y in its pixels, moved to the canvas."""
        scale = np.array([self.width / self.original[0], self.height / self.original[1]])
        moved: Points = np.asarray(xy, np.float64) * scale + np.array([self.x, self.y], np.float64)
        return moved

    def picture(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A full-frame HxWx3 picture of any resolution on a white canvas."""
        canvas = np.full((self.canvas[1], self.canvas[0], 3), 255, np.uint8)
        resized = Image.fromarray(rgb).resize((self.width, self.height), Image.Resampling.BICUBIC)
        canvas[self._rows, self._columns] = np.asarray(resized)
        return canvas

    def plane(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        """A full-frame HxW plane in [0,1], `bool` included, averaged; 0 beside the picture."""
        canvas = np.zeros((self.canvas[1], self.canvas[0]), np.float32)
        plane = Image.fromarray(values.astype(np.float32))
        resized = plane.resize((self.width, self.height), Image.Resampling.BILINEAR)
        canvas[self._rows, self._columns] = np.clip(np.asarray(resized), 0, 1)
        return canvas

    @property
    def _rows(self) -> slice:
        return slice(self.y, self.y + self.height)

    @property
    def _columns(self) -> slice:
        return slice(self.x, self.x + self.width)


@dataclass(frozen=True, eq=False)
class Target:
    """A picture on its canvas; `header` has the file's own size."""

    rgb: NDArray[np.uint8]  # HxWx3, laid over white
    large: NDArray[np.uint8]  # the same on a canvas up to `LARGER` times as wide and high
    alpha: NDArray[np.float32] | None  # HxW in [0,1], None where the file is opaque everywhere
    placement: Placement
    header: Header

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas in pixels."""
        return self.placement.canvas


def prepare_target(
    path: str | Path,
    *,
    canvas: int = CANVAS,
    fix_scale: bool = False,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Target:
    """Read a picture, lay it over white, and bring it to the canvas with its proportions kept.

    Args:
        path: the picture.
        canvas: pixels of the canvas's long side, at least 16.
        fix_scale: centre it on a white square whose side is its long side and 20 pixels.
        max_pixels: refuse larger pictures.

    Raises:
        ImageError: the picture cannot be read.
        InputError: it would be less than 16 pixels wide or high on the canvas.
        UsageError: the canvas is smaller than that itself.
    """
    if canvas < MIN_SIDE:
        raise UsageError(f"a canvas of {canvas} pixels is too small; give {MIN_SIDE} or more.")
    near = max(canvas, min(LARGER * canvas, MOST_LARGE))
    picture = load_reduced(path, near, max_pixels=max_pixels)
    placement = place(picture.header.width, picture.header.height, canvas, fix_scale=fix_scale)
    if min(placement.width, placement.height) < MIN_SIDE:
        raise InputError(
            f"{printable(path)} is only {placement.width}x{placement.height} on a canvas of "
            f"{canvas}; crop it to its subject or use a larger canvas."
        )
    alpha = None
    if picture.alpha is not None:
        alpha = placement.plane(picture.alpha.astype(np.float32) / 255)
    rgb = picture.over()
    large = place(picture.header.width, picture.header.height, near, fix_scale=fix_scale)
    return Target(placement.picture(rgb), large.picture(rgb), alpha, placement, picture.header)


def place(width: int, height: int, canvas: int, *, fix_scale: bool = False) -> Placement:
    """Where a picture of this size in pixels lies on a canvas of this long side."""
    long = max(width, height) + (FIX_SCALE_MARGIN if fix_scale else 0)
    # halves up, unlike `round`; and never 0, for the caller's refusal to be the one that speaks
    inside = [max(int(side * canvas / long + 0.5), 1) for side in (width, height)]
    frame = (canvas, canvas) if fix_scale else (inside[0], inside[1])
    x, y = (frame[0] - inside[0]) // 2, (frame[1] - inside[1]) // 2
    return Placement(x, y, inside[0], inside[1], frame, (width, height))
