"""A finished sketch and its photograph on one canvas, to be compared pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import InputError, UsageError
from ..core.images import DEFAULT_MAX_PIXELS, load_picture
from ..core.names import printable
from .sketch_broad import lines_of
from .sketch_raster import raster, stretched
from .sketch_target import CANVAS, MIN_SIDE, prepare_target

if TYPE_CHECKING:
    from ..core.drawing import Drawing

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Pairing:
    """How a sketch and its photograph are brought together."""

    canvas: int = CANVAS  # pixels of the long side
    fix_scale: bool = False  # the photograph stands on a white square with a margin
    squash: bool = False  # a photograph of other proportions is squashed to the sketch's
    max_pixels: int = DEFAULT_MAX_PIXELS


@dataclass(frozen=True, eq=False)
class SketchPair:
    """Both as pictures of one size."""

    sketch: Picture  # HxWx3
    lines: Picture  # HxWx3, without the washes of an SVG
    photo: Picture  # HxWx3, on white
    paper: tuple[int, int, int]  # what the sketch is drawn on
    drawing: Drawing | None  # on the canvas; None where the sketch came as pixels
    left_out: tuple[str, ...] = ()  # what of an SVG is not drawn, say "fills: 3"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas in pixels."""
        return int(self.photo.shape[1]), int(self.photo.shape[0])


def read_pair(sketch: Path, target: Path, pairing: Pairing) -> SketchPair:
    """Read a sketch, an SVG or a picture, and its photograph.

    Raises:
        InputError: a file cannot be read, or they have other proportions and `squash` is off.
        UsageError: the canvas is too small, or torch is not installed and the sketch is an SVG.
    """
    if sketch.suffix.lower() == ".svg":
        from ..data.svg import read_svg_noting

        drawing, left_out = read_svg_noting(sketch)
        own = (float(drawing.size[0]), float(drawing.size[1]))
        photo = _photo(sketch, own, target, pairing)
        drawing = stretched(drawing, (photo.shape[1], photo.shape[0]))
        red, green, blue = (round(255 * float(value)) for value in drawing.background)
        pixels = lines = raster(drawing)
        if len(narrow := lines_of(drawing)) < len(drawing):
            lines = raster(narrow)
        return SketchPair(pixels, lines, photo, (red, green, blue), drawing, left_out)
    pixels = load_picture(sketch, max_pixels=pairing.max_pixels).over()
    photo = _photo(sketch, (pixels.shape[1], pixels.shape[0]), target, pairing)
    pixels = _resized(pixels, (photo.shape[1], photo.shape[0]))
    return SketchPair(pixels, pixels, photo, (255,) * 3, None)


def _photo(sketch: Path, own: tuple[float, float], target: Path, pairing: Pairing) -> Picture:
    """The photograph on the canvas of a sketch whose own size is `own`, width and height."""
    finer = 2 if pairing.squash else 1  # so that squashing is averaging
    prepared = prepare_target(
        target,
        canvas=finer * pairing.canvas,
        fix_scale=pairing.fix_scale,
        max_pixels=pairing.max_pixels,
    )
    scale = pairing.canvas / max(own)
    wanted = (own[0] * scale, own[1] * scale)
    if pairing.squash:
        size = (round(wanted[0]), round(wanted[1]))
        if min(size) < MIN_SIDE:
            raise UsageError(
                f"{printable(sketch)} is only {size[0]}x{size[1]} on a canvas of "
                f"{pairing.canvas}; give a larger one by --canvas."
            )
        return _resized(prepared.rgb, size)
    # both were rounded to whole pixels once, the sketch on its own canvas
    slack = 1 + scale
    if any(abs(a - b) > slack for a, b in zip(wanted, prepared.size, strict=True)):
        raise InputError(
            f"{printable(sketch)} is {own[0]:g}x{own[1]:g}, which are not the proportions of "
            f"{printable(target)}; add --squash or --fix-scale if it was drawn so."
        )
    return prepared.rgb


def _resized(pixels: Picture, size: tuple[int, int]) -> Picture:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
