"""Resizing in the pixels' own mode, by Lanczos, with colours weighed by their alpha."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .deep import Deep

_LANCZOS = Image.Resampling.LANCZOS


def resize(pixels: Image.Image | Deep, size: tuple[int, int]) -> Image.Image | Deep:
    """Resize to width, height.

    What cannot be averaged is widened first: a palette to RGB or RGBA, one bit to grey, a
    transparent colour to an alpha channel. Bit depth, colour space and alpha stay.
    """
    if isinstance(pixels, Deep):
        return _resize_deep(pixels, size)
    if pixels.mode.startswith("I;16"):
        grey = np.asarray(pixels).astype(np.uint16)
        if (key := pixels.info.get("transparency")) is not None:
            alpha = np.where(grey == key, 0, 65535).astype(np.uint16)
            return _resize_deep(Deep(np.dstack([grey, alpha]), "LA"), size)
        pixels = Image.fromarray(grey)
    elif pixels.has_transparency_data:
        pixels = pixels.convert("LA" if pixels.mode in ("1", "L", "LA", "La") else "RGBA")
    elif pixels.mode == "1":
        pixels = pixels.convert("L")
    elif pixels.mode == "P":
        pixels = pixels.convert("RGB")
    return pixels.resize(size, _LANCZOS)  # which weighs by alpha itself


def _resize_deep(pixels: Deep, size: tuple[int, int]) -> Deep:
    values = pixels.values.astype(np.float32)
    has_alpha = pixels.mode in ("LA", "RGBA")
    if has_alpha:
        values[..., :-1] *= values[..., -1:] / 65535
    planes = [Image.fromarray(np.ascontiguousarray(p)) for p in np.moveaxis(values, -1, 0)]
    values = np.stack([np.asarray(plane.resize(size, _LANCZOS)) for plane in planes], -1)
    if has_alpha:
        alpha = np.clip(values[..., -1:], 0, 65535)
        visible = np.where(alpha >= 0.5, alpha, np.inf)
        values = np.concatenate([values[..., :-1] * (65535 / visible), alpha], -1)
    return Deep(np.clip(np.rint(values), 0, 65535).astype(np.uint16), pixels.mode)
