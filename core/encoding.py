"""Writing pictures: crops as their original was written, and pictures we made.

A crop keeps its original's format, quality, pixel mode, bit depth and ICC profile, and stands
upright. Where a decoder or an encoder cannot: AVIF and HEIC are read and written with 8 bits,
lossless AVIF is written at the highest quality, WebP, AVIF, HEIC and JPEG within TIFF do not
tell their quality and get 90, and TIFF of several 16-bit channels is deflated whatever
compressed it. Same file, same box, same versions: same bytes.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from .bmp import encode_bmp_with_alpha
from .damage import damage_reported, reason_of
from .deep import Deep, encode_png, encode_tiff, is_deep, read_deep
from .errors import ComposeError, InputError, OutputError
from .files import atomic_write
from .formats import DEFAULT_MAX_PIXELS, SUFFIXES, format_of_suffix
from .names import printable
from .opening import Header, Opened, decode, load_plugin, open_picture, upright
from .quiet import decoding, tiff_silenced
from .recipes import QUALITY, Recipe, recipe_of, tiff_options_for
from .resize import resize


class Crop(NamedTuple):
    """One crop to write."""

    box: tuple[int, int, int, int]  # x1, y1, x2, y2 in pixels of the upright original
    target: Path
    size: tuple[int, int] | None = None  # width, height to resize to, in pixels


def crop_file(
    source: Path,
    box: tuple[int, int, int, int],
    target: Path,
    *,
    size: tuple[int, int] | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    quality: int | None = None,
    keep_metadata: bool = False,
) -> None:
    """Write one crop; see `crop_files`."""
    crops = [Crop(box, target, size)]
    crop_files(source, crops, max_pixels=max_pixels, quality=quality, keep_metadata=keep_metadata)


def crop_files(
    source: Path,
    crops: Iterable[Crop],
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    quality: int | None = None,
    keep_metadata: bool = False,
) -> None:
    """Cut crops out of a picture, decoding it once, and write each as the picture was written.

    All are encoded before the first is written, so a bad file leaves nothing behind.

    Args:
        quality: 1…100 for lossy formats, instead of the original's own quality.
        keep_metadata: keep EXIF with orientation and size set right, and without its
            thumbnail. Otherwise only the ICC profile and the resolution stay. XMP never does.

    Raises:
        ImageError: the picture is not one of ours, is damaged, or has too many pixels.
        InputError: a box leaves the picture.
        OutputError: a target has the suffix of another format, or cannot be written.
    """
    crops = [Crop(*crop) for crop in crops]
    with open_picture(Path(source), max_pixels) as opened:
        for crop in crops:
            _check(crop, opened.header)
        with damage_reported(printable(source)):
            recipe = recipe_of(opened, quality, keep_metadata)
            pixels = _native_pixels(opened)
            encoded = [_encode_crop(pixels, crop, recipe) for crop in crops]
    for crop, data in zip(crops, encoded, strict=True):
        _write(crop.target, data)


def save_rgb(
    rgb: NDArray[np.uint8],
    target: Path,
    *,
    alpha: NDArray[np.uint8] | None = None,
    quality: int = QUALITY,
    like: Path | None = None,
    text: Mapping[str, str] | None = None,
) -> None:
    """Write a picture we made, in the format of the target's suffix.

    Args:
        rgb: HxWx3, sRGB.
        alpha: HxW, for the formats that hold it.
        quality: 1…100 where the format is lossy.
        like: a colour picture; if it has the same format, its quality and resolution are kept.
        text: notes by keyword, for PNG; other formats go without.

    Raises:
        OutputError: the suffix is of no format of ours or of one without transparency, or the
            file cannot be written.
    """
    target = Path(target)
    fmt = format_of_suffix(target)
    if fmt is None:
        known = ", ".join(suffixes[0] for suffixes in SUFFIXES.values())
        raise OutputError(f"{printable(target)} has no suffix of a picture; end it in {known}.")
    image = Image.fromarray(rgb)
    if alpha is not None:
        if fmt == "JPEG":
            raise OutputError(f"{printable(target)} cannot hold transparency; end it in .png.")
        image.putalpha(Image.fromarray(alpha))
    recipe = _recipe_like(like, fmt, image.mode) if like is not None else None
    if recipe is None:
        tiff = fmt == "TIFF"
        recipe = Recipe(
            fmt, {"compression": "tiff_adobe_deflate"} if tiff else {"quality": quality}
        )
    if text and fmt == "PNG":
        recipe.options["pnginfo"] = notes = PngInfo()
        for keyword, value in text.items():
            notes.add_itxt(keyword, value)
    with decoding(image.width * image.height):
        data = _encode(image, recipe, target)
    _write(target, data)


def _recipe_like(path: Path, fmt: str, mode: str) -> Recipe | None:
    """How a picture of the same format and mode was written; None for one of another."""
    with open_picture(path, sys.maxsize) as opened, damage_reported(printable(path)):
        if opened.header.format != fmt or opened.header.mode != mode or is_deep(opened):
            return None
        return replace(recipe_of(opened, None, False), icc=None)


def _check(crop: Crop, header: Header) -> None:
    name = printable(header.path)
    x1, y1, x2, y2 = crop.box
    if not (0 <= x1 < x2 <= header.width and 0 <= y1 < y2 <= header.height):
        raise InputError(
            f"the box {x1},{y1},{x2},{y2} does not lie within {name}, which is "
            f"{header.width}x{header.height}; give one that does."
        )
    wanted = format_of_suffix(crop.target)
    same_suffix = crop.target.suffix.lower() == header.path.suffix.lower()
    if wanted not in (None, header.format) and not same_suffix:
        raise OutputError(
            f"{printable(crop.target)} would hold {_name_of(header.format)}, as {name} does; "
            f"end it in {SUFFIXES[header.format][0]}."
        )


def _name_of(fmt: str) -> str:
    return {"WEBP": "WebP", "HEIF": "HEIC"}.get(fmt, fmt)  # where Pillow's name is not the usual


def _native_pixels(opened: Opened) -> Image.Image | Deep:
    if is_deep(opened):
        return read_deep(opened)
    decode(opened)
    pixels = upright(opened.image, opened)
    if pixels.mode in ("La", "RGBa"):
        pixels = pixels.convert(pixels.mode.upper())
    return pixels


def _encode_crop(pixels: Image.Image | Deep, crop: Crop, recipe: Recipe) -> bytes:
    part = pixels.crop(crop.box)
    if isinstance(part, Image.Image) and isinstance(
        pixels, Image.Image
    ):  # encoders would write what else is noted there
        part.info = {k: v for k, v in pixels.info.items() if k == "transparency"}
    if crop.size is not None and crop.size != part.size:
        part = resize(part, crop.size)
    return _encode(part, recipe, crop.target)


def _encode(pixels: Image.Image | Deep, recipe: Recipe, target: Path) -> bytes:
    exif = _exif_bytes(recipe, pixels.size)
    try:
        if isinstance(pixels, Deep) and recipe.format == "PNG":
            return encode_png(pixels, recipe.icc, recipe.dpi, exif.removeprefix(b"Exif\0\0"))
        if isinstance(pixels, Deep):
            compressed = recipe.options["compression"] != "raw"
            return encode_tiff(pixels, recipe.icc, recipe.dpi, compressed=compressed)
        if recipe.format == "BMP" and pixels.mode == "RGBA":
            return encode_bmp_with_alpha(pixels, recipe.dpi)
        return _encode_by_pillow(pixels, recipe, exif)
    except ComposeError:
        raise
    except Exception as error:  # encoders throw as many kinds as decoders do
        raise OutputError(
            f"{printable(target)} cannot be written as {_name_of(recipe.format)} "
            f"({reason_of(error)}); choose another size or convert the original."
        ) from error


def _encode_by_pillow(image: Image.Image, recipe: Recipe, exif: bytes) -> bytes:
    load_plugin(recipe.format)
    if recipe.format == "HEIF" and "HEIF" not in Image.SAVE:
        raise OutputError("this pillow-heif cannot write HEIC; convert the original to JPEG.")
    options: dict[str, Any] = dict(recipe.options)
    if recipe.format == "TIFF":
        options = tiff_options_for(options, image.mode)
    if recipe.icc and recipe.format not in ("GIF", "BMP"):
        options["icc_profile"] = recipe.icc
    if recipe.dpi and recipe.format in ("JPEG", "PNG", "TIFF", "BMP"):
        options["dpi"] = recipe.dpi
    if exif and recipe.format not in ("GIF", "BMP"):
        options["exif"] = exif
        if "tiffinfo" in options:  # of the two, Pillow would heed this one only
            options["exif"] = Image.Exif()
            options["exif"].load(exif)
            options["exif"].update(options.pop("tiffinfo"))
    try:
        return _saved(image, recipe.format, options)
    except OSError:
        if recipe.format != "JPEG":
            raise
        # Pillow's buffer for these two is too small for noise at the highest qualities
        return _saved(image, "JPEG", {**options, "progressive": False, "optimize": False})


def _saved(image: Image.Image, fmt: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    with tiff_silenced():
        image.save(file, fmt, **options)
    return file.getvalue()


def _exif_bytes(recipe: Recipe, size: tuple[int, int]) -> bytes:
    if recipe.exif is None:
        return b""
    ifd = recipe.exif.get(ExifTags.IFD.Exif, {})
    for tag, length in zip((0xA002, 0xA003), size, strict=True):  # PixelX/YDimension
        if tag in ifd:
            ifd[tag] = length
    return recipe.exif.tobytes()


def _write(target: Path, data: bytes) -> None:
    with atomic_write(target) as part:
        part.write_bytes(data)
