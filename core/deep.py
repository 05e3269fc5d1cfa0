"""Several channels of 16 bits, which Pillow holds at 8: read whole, and written as PNG or TIFF.

Pillow's unpackers of such pixels keep one byte of each value, of big-endian (`;16B`) and of
little-endian (`;16L`) ones alike. Decoding once as what the file holds and once as the other
gives the high and the low bytes. PNG is written after its specification (ISO/IEC 15948),
TIFF after revision 6.0 with Adobe's deflate.
"""

from __future__ import annotations

import io
import struct
import sys
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from .damage import damage_reported
from .names import printable
from .opening import Opened, decode, open_picture, upright

_NATIVE, _SWAPPED = ("L", "B") if sys.byteorder == "little" else ("B", "L")
_CHANNELS = {"RGB": "RGB", "RGBX": "RGB", "RGBA": "RGBA", "RGBa": "RGBA", "CMYK": "CMYK"}


@dataclass(frozen=True, eq=False)
class Deep:
    """Pixels of 16 bits a channel."""

    values: NDArray[np.uint16]  # HxWxC
    mode: str  # LA, RGB, RGBA or CMYK

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return int(self.values.shape[1]), int(self.values.shape[0])

    def crop(self, box: tuple[int, int, int, int]) -> Deep:
        """The pixels inside x1, y1, x2, y2."""
        x1, y1, x2, y2 = box
        return Deep(self.values[y1:y2, x1:x2], self.mode)


def is_deep(opened: Opened) -> bool:
    """Whether a picture that is not decoded yet has several channels of 16 bits."""
    return ";16" in _raw_mode(opened.image) and not opened.image.mode.startswith("I")


def bits_of(path: Path) -> int:
    """Bits a channel of a picture: 16 for what is read at 8 of them elsewhere, otherwise 8.

    Raises:
        ImageError: it is no picture of ours.
    """
    with open_picture(path, sys.maxsize) as opened:
        return 16 if is_deep(opened) or opened.image.mode.startswith("I") else 8


def read_deep(opened: Opened) -> Deep:
    """Decode such a picture, upright. What a file marks as its transparent colour becomes alpha.

    Raises:
        ImageError: it is damaged.
    """
    raw = _raw_mode(opened.image)
    if raw == "LA;16B":  # its four bytes a pixel are read as they are
        values = _pixels(opened, opened.image, "RGBA").view(">u2").astype(np.uint16)
        return Deep(values, "LA")
    layout, _, order = raw.partition(";16")
    order = order.replace("N", _NATIVE)
    straight = layout.replace("a", "A")  # otherwise Pillow would divide by alpha
    high = _pixels(opened, opened.image, f"{straight};16{order}")
    with damage_reported(printable(opened.header.path)):
        again = Image.open(opened.stream, formats=[opened.header.format])
    other = _SWAPPED if order == _NATIVE else _NATIVE
    low = _pixels(opened, again, f"{straight};16{other}")
    values = high.astype(np.uint16) * np.uint16(256) + low
    key = opened.image.info.get("transparency")
    if layout == "RGB" and key is not None:
        alpha = np.where((values == np.asarray(key)).all(-1, keepdims=True), 0, 65535)
        return Deep(np.concatenate([values, alpha.astype(np.uint16)], -1), "RGBA")
    if layout == "RGBa":
        alpha = np.maximum(values[..., 3:], 1).astype(np.float64)
        values[..., :3] = np.minimum(np.rint(values[..., :3] * 65535 / alpha), 65535)
    return Deep(values, _CHANNELS[layout])


def encode_png(
    pixels: Deep, icc: bytes | None, dpi: tuple[float, float] | None, exif: bytes
) -> bytes:
    """Write LA, RGB or RGBA as PNG; `exif` without its leading `Exif\\0\\0`, empty for none."""
    width, height = pixels.size
    colour_type = {"LA": 4, "RGB": 2, "RGBA": 6}[pixels.mode]
    parts = [b"\x89PNG\r\n\x1a\n"]
    parts.append(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)))
    if icc:
        parts.append(_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc)))
    if dpi:
        metres = (round(value / 0.0254) for value in dpi)
        parts.append(_chunk(b"pHYs", struct.pack(">IIB", *metres, 1)))
    if exif:
        parts.append(_chunk(b"eXIf", exif))
    parts.append(_chunk(b"IDAT", zlib.compress(_filtered(pixels.values))))
    parts.append(_chunk(b"IEND", b""))
    return b"".join(parts)


def encode_tiff(
    pixels: Deep, icc: bytes | None, dpi: tuple[float, float] | None, *, compressed: bool
) -> bytes:
    """Write RGB, RGBA or CMYK as little-endian TIFF, plain or deflated with differences."""
    width, height = pixels.size
    channels = len(pixels.mode)
    values = pixels.values
    if compressed:  # predictor 2: each value less its left neighbour's, modulo 2**16
        values = values.copy()
        values[:, 1:] -= pixels.values[:, :-1]
    data = values.astype("<u2").tobytes()
    data = zlib.compress(data) if compressed else data
    tags = ImageFileDirectory_v2(prefix=b"II")
    tags[256], tags[257] = width, height
    tags[258] = (16,) * channels
    tags[259] = 8 if compressed else 1
    tags[262] = 5 if pixels.mode == "CMYK" else 2
    tags[273], tags[279], tags[278] = (0,), (len(data),), height  # one strip behind the tags
    tags[277], tags[284] = channels, 1
    if dpi:
        tags[282], tags[283], tags[296] = *dpi, 2
    if compressed:
        tags[317] = 2
    if pixels.mode == "RGBA":
        tags[338] = 2
    if icc:
        tags[34675] = icc
    file = io.BytesIO()
    tags.save(file)
    return file.getvalue() + data


def _raw_mode(image: ImageFile.ImageFile) -> str:
    if not image.tile:
        return ""
    args = image.tile[0].args
    return str(args[0] if isinstance(args, tuple) else args or "")


def _pixels(opened: Opened, image: ImageFile.ImageFile, raw: str) -> NDArray[np.uint8]:
    """Decode, reading the file's bytes as `raw` says; upright."""
    image.tile = [
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw)
        for tile in image.tile
    ]
    opened = replace(opened, image=image)
    decode(opened)
    return np.asarray(upright(image, opened))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _filtered(values: NDArray[np.uint16]) -> bytes:
    """PNG's rows, each with whichever of the filters Sub, Up and Paeth leaves the least."""
    pixel = values.shape[2] * 2
    rows = values.astype(">u2").reshape(len(values), -1).view(np.uint8)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    left, corner = (np.pad(a, ((0, 0), (pixel, 0)))[:, :-pixel] for a in (rows, above))
    a, b, c = (n.astype(np.int16) for n in (left, above, corner))
    pa, pb, pc = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    paeth = np.where((pa <= pb) & (pa <= pc), left, np.where(pb <= pc, above, corner))
    candidates = np.stack([rows - left, rows - above, rows - paeth])
    weights = np.abs(candidates.view(np.int8).astype(np.int16)).sum(-1, dtype=np.int64)
    best = weights.argmin(0)
    chosen = candidates[best, np.arange(len(rows))]
    kinds = np.array([1, 2, 4], np.uint8)[best]
    return np.hstack([kinds[:, None], chosen]).tobytes()
