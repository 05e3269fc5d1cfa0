"""How a file was encoded, as the options that encode its crops alike."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from PIL import ExifTags, Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from .opening import Opened

QUALITY = 90  # of formats whose files do not tell theirs
_HEAD_BYTES = 1 << 20  # where the boxes of AVIF and HEIC lie, before the pixels
_SUBSAMPLING = {0: "4:0:0", 1: "4:2:0", 2: "4:2:2", 3: "4:4:4"}  # by HEVC's chroma_format_idc
_FAX = {"tiff_ccitt", "group3", "group4"}
_PREDICTED = {"tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "zstd", "lzma"}
_TIFF_COMPRESSIONS = _FAX | _PREDICTED | {"raw", "packbits", "jpeg", "tiff_jpeg"}
# Tags of TIFF that tell how its pixels lie or what they are, and EXIF's orientation.
_INTEROP = 0xA005  # an offset into the old file
_STRUCTURE = {254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296}
_STRUCTURE |= {317, 320, 322, 323, 324, 325, 330, 338, 339, 347, 529, 530, 531, 532}
_STRUCTURE |= {700, 33723, 34377, 34675}  # XMP, IPTC, Photoshop's resources, ICC


@dataclass(frozen=True)
class Recipe:
    """What a picture is written with; `options` are those of Pillow's `save`."""

    format: str
    options: dict[str, Any] = field(default_factory=dict)
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    exif: Image.Exif | None = None


def recipe_of(opened: Opened, quality: int | None, keep_metadata: bool) -> Recipe:
    """Read from an opened file how to write alike.

    Args:
        quality: 1…100 for lossy files instead of their own; lossless ones stay lossless.
        keep_metadata: take EXIF along.
    """
    image, fmt = opened.image, opened.header.format
    if fmt == "JPEG":
        options = _jpeg_options(image, quality)
    elif fmt == "TIFF":
        options = _tiff_options(image, quality or QUALITY)
    elif fmt == "WEBP":
        options = {"quality": quality or QUALITY}
        if _is_lossless_webp(opened.stream):
            options = {"lossless": True, "quality": 80, "exact": True}  # quality: effort here
    elif fmt in ("AVIF", "HEIF"):
        options = _iso_media_options(opened.stream, fmt, quality or QUALITY)
    else:
        options = {}
    exif = _exif_of(image) if keep_metadata else None
    return Recipe(fmt, options, image.info.get("icc_profile"), _dpi_of(image), exif)


def _jpeg_options(image: ImageFile.ImageFile, quality: int | None) -> dict[str, Any]:
    """The same quantisation tables and chroma sampling (ISO/IEC 10918-1)."""
    assert isinstance(image, JpegImageFile)
    # libjpeg stores RGB and greys of a file as they are when the file's colours are no YCbCr
    stored_rgb = image.layers == 3 and (
        image.info.get("adobe_transform") == 0 or [layer[0] for layer in image.layer] == [*b"RGB"]
    )
    sampling = get_sampling(image)
    options: dict[str, Any] = {
        "progressive": bool(image.info.get("progressive")),
        "optimize": True,
        "keep_rgb": stored_rgb,
        # 4:1:1 and 4:4:0, which cannot be written, become 4:4:4 rather than lose chroma
        "subsampling": 0 if stored_rgb or (sampling == -1 and image.layers == 3) else sampling,
    }
    if quality is not None:
        return {**options, "quality": quality}
    tables = image.quantization
    numbers = [layer[3] for layer in image.layer[:2]]
    if not numbers or any(number not in tables for number in numbers):
        return {**options, "quality": QUALITY}
    return {**options, "qtables": [list(tables[number]) for number in numbers]}


def _tiff_options(image: ImageFile.ImageFile, quality: int) -> dict[str, Any]:
    compression = image.info.get("compression", "raw")
    if compression not in _TIFF_COMPRESSIONS:  # known to readers only
        compression = "tiff_adobe_deflate"
    options: dict[str, Any] = {"compression": compression}
    if compression in ("jpeg", "tiff_jpeg"):
        options["quality"] = quality
    tags = getattr(image, "tag_v2", {})
    if compression in _PREDICTED and tags.get(317) == 2 and image.mode not in ("1", "P", "PA"):
        options["tiffinfo"] = {317: 2}
    return options


def tiff_options_for(options: dict[str, Any], mode: str) -> dict[str, Any]:
    """The options, with a compression that can hold pixels of this mode."""
    compression = options["compression"]
    unfit = (compression in _FAX and mode != "1") or (
        compression in ("jpeg", "tiff_jpeg") and mode not in ("L", "RGB", "YCbCr", "CMYK")
    )
    return {"compression": "tiff_adobe_deflate"} if unfit else options


def _iso_media_options(stream: BinaryIO, fmt: str, quality: int) -> dict[str, Any]:
    """Chroma sampling, and for AVIF whether it is lossless, from the boxes that describe it."""
    head = _head(stream)
    if fmt == "HEIF":
        at = head.find(b"hvcC") + 4
        chroma = head[at + 16] & 3 if at > 3 and len(head) > at + 16 else 1
        return {"quality": quality, "chroma": int(_SUBSAMPLING[chroma or 1].replace(":", ""))}
    nclx = head.find(b"colrnclx") + 8
    if nclx > 7 and head[nclx + 4 : nclx + 6] == b"\0\0":  # RGB stored as it is
        return {"quality": 100, "subsampling": "4:4:4"}
    at = head.find(b"av1C") + 4
    bits = head[at + 2] if at > 3 and len(head) > at + 2 else 0x0C
    if bits & 0x10:
        chroma = 0
    else:
        chroma = 3 if not bits & 0x08 else 1 if bits & 0x04 else 2
    return {"quality": quality, "subsampling": _SUBSAMPLING[chroma]}


def _is_lossless_webp(stream: BinaryIO) -> bool:
    """Whether the first frame is coded as VP8L."""
    head = _head(stream)
    lossless, lossy = head.find(b"VP8L"), head.find(b"VP8 ")
    return lossless >= 0 and (lossy < 0 or lossless < lossy)


def _head(stream: BinaryIO) -> bytes:
    position = stream.tell()
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    stream.seek(position)
    return head


def _dpi_of(image: ImageFile.ImageFile) -> tuple[float, float] | None:
    with contextlib.suppress(KeyError, TypeError, ValueError, ZeroDivisionError):
        x, y = (float(value) for value in image.info["dpi"])
        if all(1 < v <= 65535 for v in (x, y)):  # 1 is Pillow's word for none in TIFF
            return x, y
    return None


def _exif_of(image: ImageFile.ImageFile) -> Image.Exif | None:
    """EXIF without orientation, thumbnail and what belongs to the stored pixels only."""
    try:
        exif = Image.Image.getexif(image)
        kept = Image.Exif()
        for tag, value in exif.items():
            if tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                kept[tag] = {k: v for k, v in exif.get_ifd(tag).items() if k != _INTEROP}
            elif tag not in _STRUCTURE:
                kept[tag] = value
        kept.tobytes()
        return kept
    except Exception:  # broken EXIF does not cost the picture
        return None
