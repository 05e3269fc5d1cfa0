"""Many photographs of one size for timing: from a folder, or drawn."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from compose.core.encoding import save_rgb
from compose.core.errors import DataError, ImageError
from compose.core.images import load_picture
from compose.core.inputs import expand_inputs

DIFFERENT = 50  # made; the others are further names of these


def lay_out(folder: Path, count: int, side: int, data: Path | None) -> list[Path]:
    """Fill a new folder with `count` JPEGs whose long side has `side` pixels.

    Args:
        folder: is made.
        count: of names; at most 50 pictures differ.
        side: pixels.
        data: a folder of photographs of at least that size; without it they are drawn.

    Raises:
        DataError: `data` holds no photograph of that size.
    """
    made = folder.with_name(f"{folder.name}-made")
    made.mkdir(parents=True)
    folder.mkdir()
    wanted = min(count, DIFFERENT)
    if data is None:
        pictures = [_drawn(seed, side) for seed in range(wanted)]
    else:
        pictures = _found(data, wanted, side)
    originals = []
    for number, picture in enumerate(pictures):
        originals.append(made / f"{number}.jpg")
        save_rgb(np.asarray(picture), originals[-1])
    names = [folder / f"{number:05}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        os.link(originals[number % len(originals)], name)
    return names


def _found(data: Path, wanted: int, side: int) -> list[Image.Image]:
    found: list[Image.Image] = []
    for source in expand_inputs([os.fspath(data)]):
        if len(found) == wanted:
            break
        try:
            picture = Image.fromarray(load_picture(source.path).over())
        except ImageError:
            continue
        scale = side / max(picture.size)
        if scale <= 1:
            size = (round(picture.width * scale), round(picture.height * scale))
            found.append(picture.resize(size, Image.Resampling.LANCZOS))
    if not found:
        raise DataError(f"{data} holds no photograph of {side} pixels; leave --data out.")
    return found


def _drawn(seed: int, side: int) -> Image.Image:
    """Soft blobs of all sizes with some grain, about as hard to encode as a photograph."""
    random = np.random.default_rng(seed)
    size = (side, side * 3 // 4) if seed % 3 else (side * 3 // 4, side)
    total = Image.new("RGB", size)
    for cells in (4, 12, 40, 120):
        noise = random.integers(0, 256, (cells * 3 // 4, cells, 3), np.uint8)
        layer = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
        total = Image.blend(total, layer, 0.9 if cells == 4 else 0.25)
    grain = random.normal(0, 4, (size[1], size[0], 1))
    soft = np.asarray(total.filter(ImageFilter.GaussianBlur(0.7)), np.float64)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))
