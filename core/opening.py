"""Opening a picture safely: what it is, how large, which way up; decoding comes after."""

from __future__ import annotations

import contextlib
import importlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile

from .damage import damage_reported, reason_of
from .errors import ImageError
from .formats import READABLE, SNIFF_BYTES, sniff
from .names import printable
from .quiet import decoding, tiff_silenced

# EXIF 2.32, tag 0x0112: what turns the stored pixels upright
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Header:
    """What a file says of its picture before anything is decoded."""

    path: Path
    format: str  # Pillow's name; "JPEG" for the several pictures in one JPEG, too
    width: int  # pixels of the upright picture
    height: int
    orientation: int  # 1…8 as in EXIF; whatever is read from the file has it applied
    mode: str  # Pillow's mode of the stored pixels


@dataclass(frozen=True)
class Opened:
    """A picture whose header has been read and found harmless."""

    image: ImageFile.ImageFile
    header: Header
    stream: BinaryIO
    turn: Image.Transpose | None  # what is left to do by us: some decoders turn by themselves


@contextlib.contextmanager
def open_picture(path: Path, max_pixels: int) -> Iterator[Opened]:
    """Open a picture, read its header and close it in the end.

    Raises:
        ImageError: not a readable file, not a picture of an allowed format, its header is
            damaged, or it has more than `max_pixels`.
    """
    name = printable(path)
    with _open_file(path) as stream, decoding(max_pixels):
        image, fmt = _open_image(stream, name, max_pixels)
        with image:
            orientation = _orientation(image, fmt, stream)
            width, height = image.size
            turned = fmt == "TIFF" and image.tag_v2.get(0x0112) in (5, 6, 7, 8)  # type: ignore[attr-defined]
            if orientation >= 5 and not turned:
                width, height = height, width
            if width * height > max_pixels:
                raise _too_large(name, max_pixels, f"{width}x{height}")
            if width < 1 or height < 1:
                raise ImageError(f"{name} holds no pixels; leave it out.")
            header = Header(path, fmt, width, height, orientation, image.mode)
            yield Opened(image, header, stream, None if fmt == "TIFF" else _TURNS.get(orientation))


def decode(opened: Opened) -> None:
    """Decode the pixels of the first frame, in place.

    Raises:
        ImageError: the file is damaged or truncated, or memory does not suffice.
    """
    image = opened.image
    quiet = tiff_silenced() if opened.header.format == "TIFF" else contextlib.nullcontext()
    promised = sorted(image.size)
    with damage_reported(printable(opened.header.path)), quiet:
        _refuse_planes(opened)
        image.load()
        if sorted(image.size) != promised:
            raise ValueError("its size is not what its header says")


def upright(pixels: Image.Image, opened: Opened) -> Image.Image:
    """Turn what was decoded, or anything made of it pixel by pixel, upright."""
    return pixels if opened.turn is None else pixels.transpose(opened.turn)


@contextlib.contextmanager
def _open_file(path: Path) -> Iterator[BinaryIO]:
    name = printable(path)
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise ImageError(f"{name} is a folder, not a picture; name a file.")
        if not stat.S_ISREG(status.st_mode):  # reading a pipe could wait for ever
            raise ImageError(f"{name} is not a regular file; save the picture to one first.")
        stream = open(path, "rb")  # noqa: SIM115  # a later error is not one of opening
    except FileNotFoundError:
        raise ImageError(f"{name} does not exist; check the path.") from None
    except PermissionError:
        raise ImageError(f"{name} may not be read; change its permissions.") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} cannot be read ({reason_of(error)}); check the path.") from error
    with stream:
        yield stream


def _open_image(stream: BinaryIO, name: str, max_pixels: int) -> tuple[ImageFile.ImageFile, str]:
    """Let the one decoder that the first bytes call for read the header."""
    try:
        head = stream.read(SNIFF_BYTES)
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({reason_of(error)}); check the disk.") from error
    if not head:
        raise ImageError(f"{name} is empty; replace the file.")
    fmt = sniff(head)
    if fmt is None:
        raise ImageError(f"{name} is not a picture of a known format ({READABLE}); convert it.")
    try:
        with damage_reported(name):
            load_plugin(fmt)
            return Image.open(stream, formats=[fmt]), fmt
    except ImageError as error:
        if isinstance(error.__cause__, (Image.DecompressionBombError, MemoryError)):
            raise _too_large(name, max_pixels) from None
        raise


def load_plugin(fmt: str) -> None:
    """Import what reads and writes one format, for Pillow would import them all."""
    if fmt == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    else:
        importlib.import_module(f"PIL.{_PLUGINS[fmt]}ImagePlugin")


_PLUGINS = {
    "JPEG": "Jpeg",
    "PNG": "Png",
    "WEBP": "WebP",
    "AVIF": "Avif",
    "TIFF": "Tiff",
    "GIF": "Gif",
    "BMP": "Bmp",
}


def _orientation(image: ImageFile.ImageFile, fmt: str, stream: BinaryIO) -> int:
    """EXIF's orientation; 1 where there is none or it is broken."""
    if fmt == "HEIF":  # libheif turns by the container's own boxes and resets the tag
        return 1
    try:
        if fmt == "PNG" and "exif" not in image.info:
            _find_late_exif(image, stream)
        # Image's own method, for the one of PNG would decode the pixels to look behind them
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except Exception:  # broken EXIF does not cost the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _find_late_exif(image: ImageFile.ImageFile, stream: BinaryIO) -> None:
    """Note the eXIf chunk of a PNG that stands behind the pixels, without decoding these."""
    position = stream.tell()
    stream.seek(8)
    while len(start := stream.read(8)) == 8 and start[4:] != b"IEND":
        length = int.from_bytes(start[:4], "big")
        if start[4:] == b"eXIf":
            image.info["exif"] = b"Exif\0\0" + stream.read(length)
            break
        stream.seek(length + 4, os.SEEK_CUR)
    stream.seek(position)


def _refuse_planes(opened: Opened) -> None:
    """Planes of 16 bits in TIFF are what Pillow reads as noise without an error."""
    tags = getattr(opened.image, "tag_v2", {})
    if tags.get(284) == 2 and tags.get(277, 1) > 1 and max(tags.get(258, (1,))) > 8:
        raise ImageError(
            f"{printable(opened.header.path)} holds 16-bit channels in separate planes, which "
            "cannot be decoded; save it with interleaved channels or as PNG."
        )


def _too_large(name: str, max_pixels: int, size: str = "") -> ImageError:
    size = f" ({size})" if size else ""
    return ImageError(
        f"{name} has more than {max_pixels} pixels{size}; scale it down or raise --max-pixels."
    )
