"""Pictures as every stage sees them: upright, 8-bit sRGB, alpha kept beside the colours.

Reading is guarded: only the formats of `core/formats.py` reach a decoder, the header's size is
checked before anything is decoded, and whatever a decoder throws is one `ImageError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .color import to_srgb
from .damage import damage_reported
from .formats import DEFAULT_MAX_PIXELS
from .names import printable
from .opening import Header, decode, open_picture, upright

__all__ = ["DEFAULT_MAX_PIXELS", "Header", "Picture", "load_picture", "load_reduced", "read_header"]


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture; `width` and `height` are those of `rgb`, `header` has the file's."""

    rgb: NDArray[np.uint8]  # HxWx3, upright, sRGB
    alpha: NDArray[np.uint8] | None  # HxW, None where every pixel is opaque
    header: Header

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.rgb.shape[0])

    def over(self, background: tuple[int, int, int] = (255, 255, 255)) -> NDArray[np.uint8]:
        """The picture laid over one sRGB colour: HxWx3 uint8, `rgb` itself if it is opaque."""
        if self.alpha is None:
            return self.rgb
        alpha = self.alpha[..., None].astype(np.uint32)
        ground = np.asarray(background, np.uint32)
        mixed = self.rgb * alpha + ground * (255 - alpha)
        return ((mixed + 127) // 255).astype(np.uint8)


def read_header(path: str | Path, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Header:
    """What a picture's header says, without decoding its pixels.

    Raises:
        ImageError: not a picture of ours, damaged, or of more than `max_pixels`.
    """
    with open_picture(Path(path), max_pixels) as opened:
        return opened.header


def load_picture(path: str | Path, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Read a picture at its full size; of an animation, its first frame.

    Raises:
        ImageError: not a picture of ours, damaged, or of more than `max_pixels`.
    """
    return _load(Path(path), None, max_pixels)


def load_reduced(path: str | Path, side: int, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Read a picture for analysis at 1/2, 1/4 or 1/8 of its size, whichever is least.

    Neither side gets shorter than `side` pixels; a picture that is small already comes whole.
    JPEG is decoded at that size outright, which is several times faster. The sides are rounded
    up, so take scales from `width` and `height` against the header's.

    Raises:
        ImageError: not a picture of ours, damaged, or of more than `max_pixels`.
    """
    return _load(Path(path), side, max_pixels)


def _load(path: Path, side: int | None, max_pixels: int) -> Picture:
    with open_picture(path, max_pixels) as opened:
        image, header = opened.image, opened.header
        with damage_reported(printable(path)):
            if side is not None and header.format == "JPEG":
                image.draft(None, (side, side))
            decode(opened)
            colours, alpha = to_srgb(image)
            if side is not None and header.format != "JPEG":
                colours, alpha = _reduce(colours, alpha, side)
            return Picture(
                np.asarray(upright(colours, opened)),
                None if alpha is None else np.asarray(upright(alpha, opened)),
                header,
            )


def _reduce(
    colours: Image.Image, alpha: Image.Image | None, side: int
) -> tuple[Image.Image, Image.Image | None]:
    """Average blocks of 8x8, 4x4 or 2x2 pixels while both sides stay at least `side`."""
    scale = min(colours.size) // side
    factor = next((f for f in (8, 4, 2) if scale >= f), 1)
    if factor == 1:
        return colours, alpha
    if alpha is None:
        return colours.reduce(factor), None
    both = colours.copy()
    both.putalpha(alpha)  # so that what is transparent lends no colour
    both = both.reduce(factor)
    return both.convert("RGB"), both.getchannel("A")
