"""Small pictures in every format that is read, some of them under names that are hard to carry."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

# name → Pillow's format, the suffix, the mode and how it is written
FLAVOURS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "JPEG": ("JPEG", ".jpg", "RGB", {"quality": 90}),
    "progressive JPEG": ("JPEG", ".jpeg", "RGB", {"progressive": True}),
    "JPEG in CMYK": ("JPEG", ".jpg", "CMYK", {"quality": 80}),
    "PNG": ("PNG", ".png", "RGB", {}),
    "PNG with alpha": ("PNG", ".png", "RGBA", {}),
    "PNG of 16 bits": ("PNG", ".png", "I;16", {}),
    "WebP": ("WEBP", ".webp", "RGB", {"quality": 80}),
    "lossless WebP": ("WEBP", ".webp", "RGBA", {"lossless": True}),
    "AVIF": ("AVIF", ".avif", "RGB", {"speed": 10}),
    "HEIC": ("HEIF", ".heic", "RGB", {}),
    "TIFF": ("TIFF", ".tif", "RGB", {}),
    "TIFF by LZW": ("TIFF", ".tiff", "RGB", {"compression": "tiff_lzw"}),
    "TIFF by deflate": ("TIFF", ".tif", "L", {"compression": "tiff_adobe_deflate"}),
    "GIF": ("GIF", ".gif", "P", {}),
    "BMP": ("BMP", ".bmp", "RGB", {}),
}
_ODD_NAMES = (  # %s is a number, so that no two outputs have one name
    "new\nline %s.jpg",
    "-n %s.jpg",
    "--json %s.jpg",
    'it\'s "%s" $(touch here).jpg',
    "[a-z]* %s.jpg",
    "@list %s.jpg",
    " %s .jpg",
    "%s.tar.JPG",
    "ünï→🖼 %s.jpg",
    "\x1b[31mred %s.jpg",
    "\u202egpj.%s.jpg",
)
_NOT_TEXT = b"raw \xff\xfe %s.jpg"  # what only Linux takes for a name


def odd_name(number: int) -> str:
    """A name of a JPEG that is hard to carry, another one for every number."""
    names = [*_ODD_NAMES, *([os.fsdecode(_NOT_TEXT)] if sys.platform == "linux" else [])]
    return names[number % len(names)].replace("%s", str(number))


def encoded(flavour: str, seed: int) -> bytes:
    """A drawn picture of about 160x120 pixels as the bytes of a file."""
    fmt, _, mode, options = FLAVOURS[flavour]
    random = np.random.default_rng(seed)
    width, height = int(random.integers(90, 200)), int(random.integers(90, 200))
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / random.uniform(5, 40) + y / random.uniform(5, 40)) for _ in range(4)]
    pixels = np.clip(
        128 + 90 * np.stack(waves, -1) + random.normal(0, 9, (height, width, 4)), 0, 255
    )
    if mode == "I;16":
        image = Image.fromarray((pixels[..., 0] * 257).astype(np.uint16))
    else:
        image = Image.fromarray(pixels.astype(np.uint8)).convert("RGBA").convert(mode)
    stream = io.BytesIO()
    image.save(stream, fmt, **options)
    return stream.getvalue()


def write_good(folder: Path, numbers: list[int], seed: int) -> list[Path]:
    """Write one good picture a number: all flavours, some names that are odd, some that lie."""
    paths = []
    for turn, number in enumerate(numbers):
        flavour = list(FLAVOURS)[turn // 3 % len(FLAVOURS)]
        suffix = FLAVOURS[flavour][1]
        if turn % 3 == 0:
            path = folder / f"{number:04} good{suffix}"
        elif turn % 3 == 1:
            flavour, path = "JPEG", folder / odd_name(number)
        else:  # told by its bytes, whatever its name; and in a folder of a picture's name
            path = folder / f"{number:04} folder.jpg" / f"{number:04}.jpg"
            path.parent.mkdir()
        path.write_bytes(encoded(flavour, seed + number))
        paths.append(path)
    return paths
