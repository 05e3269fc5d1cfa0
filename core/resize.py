"""Resizing in the pixels' own mode, by Lanczos, with colours weighed by their alpha."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .deep import Deep

_Depth = TypeVar("_Depth", np.uint8, np.uint16)
_LANCZOS = Image.Resampling.LANCZOS


def resize(pixels: Image.Image | Deep, size: tuple[int, int]) -> Image.Image | Deep:
    """Resize to width, height.

    What cannot be averaged is widened first: a palette to RGB or RGBA, one bit to grey, a
    transparent colour to an alpha channel. Bit depth, colour space and alpha stay.
    """
    if isinstance(pixels, Deep):
        return Deep(_resize_values(pixels.values, size, pixels.mode.endswith("A")), pixels.mode)
    if pixels.mode.startswith("I;16"):
        grey = np.asarray(pixels).astype(np.uint16)
        if (key := pixels.info.get("transparency")) is not None:
            alpha = np.where(grey == key, 0, 65535).astype(np.uint16)
            return Deep(_resize_values(np.dstack([grey, alpha]), size, True), "LA")
        return Image.fromarray(grey).resize(size, _LANCZOS)
    if pixels.has_transparency_data:
        mode = "LA" if pixels.mode in ("1", "L", "LA", "La") else "RGBA"
        return Image.fromarray(_resize_values(np.asarray(pixels.convert(mode)), size, True))
    if pixels.mode in ("1", "P"):
        pixels = pixels.convert("L" if pixels.mode == "1" else "RGB")
    return pixels.resize(size, _LANCZOS)


def _resize_values(
    values: NDArray[_Depth], size: tuple[int, int], has_alpha: bool
) -> NDArray[_Depth]:
    """Resize HxWxC of 8 or 16 bits; the last channel may be alpha.

    Pillow's own way with alpha rounds and clips before it divides by alpha again, which shows
    as a bright rim around what is cut out.
    """
    top = int(np.iinfo(values.dtype).max)
    weighed = values.astype(np.float32)
    if has_alpha:
        weighed[..., :-1] *= weighed[..., -1:] / top
    planes = [Image.fromarray(np.ascontiguousarray(p)) for p in np.moveaxis(weighed, -1, 0)]
    resized = np.stack([np.asarray(plane.resize(size, _LANCZOS)) for plane in planes], -1)
    if has_alpha:
        alpha = resized[..., -1:]
        visible = np.where(alpha >= 0.5, alpha, np.inf)
        resized = np.concatenate([resized[..., :-1] * (top / visible), alpha], -1)
    result: NDArray[_Depth] = np.clip(np.rint(resized), 0, top).astype(values.dtype)
    return result
