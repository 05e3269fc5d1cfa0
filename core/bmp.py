"""BMP with transparency (BITMAPV4HEADER), which Pillow reads but does not write."""

from __future__ import annotations

import struct

from PIL import Image

_BITFIELDS = 3
_HEADER = 108
_MASKS = (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)  # red, green, blue, alpha


def encode_bmp_with_alpha(image: Image.Image, dpi: tuple[float, float] | None) -> bytes:
    """Write a picture of mode RGBA with 32 bits a pixel, bottom row first."""
    data = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
    across, down = (round(value / 0.0254) for value in dpi or (96, 96))  # pixels a metre
    start = 14 + _HEADER
    head = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    head += struct.pack("<IiiHHII", _HEADER, *image.size, 1, 32, _BITFIELDS, len(data))
    head += struct.pack("<iiII4I4s", across, down, 0, 0, *_MASKS, b"BGRs")  # sRGB
    return head.ljust(start, b"\0") + data
