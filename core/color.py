"""From whatever a file holds to 8-bit sRGB and alpha, as every analysis wants it.

Colours go through the embedded ICC profile where there is one, by LittleCMS, relative
colorimetric with black point compensation. More than 8 bits are scaled, never clipped.
"""

from __future__ import annotations

import functools
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_ICC_MODES = ("L", "RGB", "CMYK", "LAB")
_ICC_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE  # for threads


def to_srgb(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours (mode RGB) and alpha (mode L) of a decoded picture.

    Alpha is None where every pixel is opaque. Colours under transparent pixels are what the
    file holds there.
    """
    profile = image.info.get("icc_profile")
    colours, alpha = _split_alpha(image)
    if colours.mode in ("I", "F") or colours.mode.startswith("I;16"):
        colours = Image.fromarray(to_8_bit(colours))
    elif colours.mode == "1":
        colours = colours.convert("L")
    elif colours.mode == "P":
        colours = colours.convert("RGB")
    if alpha is not None and alpha.getextrema()[0] == 255:
        alpha = None
    if colours.mode in _ICC_MODES and (profile or colours.mode == "LAB"):
        transform = _transform_to_srgb(bytes(profile or b""), colours.mode)
        if transform is not None:
            return transform.apply(colours), alpha
    if colours.mode == "LAB":  # with a profile that is none of Lab
        colours = _transform_to_srgb(b"", "LAB").apply(colours)  # type: ignore[union-attr]
    return (colours if colours.mode == "RGB" else colours.convert("RGB")), alpha


def to_8_bit(image: Image.Image) -> NDArray[np.uint8]:
    """A picture of mode I;16, I or F as HxW uint8, scaled so that nothing is clipped.

    16-bit integers (and 32-bit ones that stay within 0…65535) are divided by 257, 12-bit ones
    of TIFF by 4095/255, floating point within 0…1 is multiplied by 255; any other range is
    stretched from its least to its greatest value. What is not finite becomes black.
    """
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    if values.dtype == np.int32 and tags.get(339, (1,)) == (1,) and tags.get(258) == (32,):
        values = values.view(np.uint32)  # Pillow knows signed ones only
    values = values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32)
    finite = np.isfinite(values)
    if not finite.all():
        values = np.where(finite, values, values[finite].min() if finite.any() else 0.0)
    low, high = float(values.min()), float(values.max())
    top = 1.0 if image.mode == "F" else 4095.0 if tags.get(258) == (12,) else 65535.0
    if low >= 0 and high <= top:
        low, high = 0.0, top
    scaled = (values - low) * (255.0 / (high - low)) if high > low else values * 0
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if not image.has_transparency_data:
        return image, None
    if image.mode.startswith("I;16"):  # a transparent grey
        key = image.info["transparency"]
        opaque = np.asarray(image) != (key if isinstance(key, int) else -1)
        return image, Image.fromarray(np.where(opaque, 255, 0).astype(np.uint8))
    if image.mode in ("1", "L", "LA", "La"):
        image = image if image.mode == "LA" else image.convert("LA")
        return image.getchannel("L"), image.getchannel("A")
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    return image.convert("RGB"), image.getchannel("A")


class _Transform:
    """One profile's way to sRGB: a table of 3x256 values for greys, else by LittleCMS."""

    def __init__(self, transform: ImageCms.ImageCmsTransform, mode: str) -> None:
        self._transform = transform
        self._tables: list[NDArray[np.uint8]] | None = None
        if mode == "L":
            ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
            self._tables = list(np.asarray(self.apply(ramp))[0].T)

    def apply(self, image: Image.Image) -> Image.Image:
        if self._tables is not None:
            bands = [image.point(table.tolist()) for table in self._tables]
            return Image.merge("RGB", bands)
        result = ImageCms.applyTransform(image, self._transform)
        assert result is not None  # only in-place transforms give nothing
        return result


@functools.lru_cache(maxsize=16)
def _transform_to_srgb(profile: bytes, mode: str) -> _Transform | None:
    """The transform, or None where the profile is broken, of other colours, or sRGB itself.

    No profile stands for CIE Lab.
    """
    try:
        source = (
            ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if profile
            else ImageCms.createProfile("LAB")
        )
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        target = ImageCms.createProfile("sRGB")
        # LittleCMS' shortcut for greys is some steps off in the dark
        flags = _ICC_FLAGS | (ImageCms.Flags.NOOPTIMIZE if mode == "L" else 0)
        built = ImageCms.buildTransform(source, target, mode, "RGB", intent, flags)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    transform = _Transform(built, mode)
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: _Transform, mode: str) -> bool:
    """Whether a lattice of colours moves by one step at most, as it does from sRGB to sRGB."""
    if mode == "L":
        probe = np.arange(256, dtype=np.uint8)[None]
    elif mode == "RGB":
        steps = np.linspace(0, 255, 17).astype(np.uint8)
        lattice = np.stack(np.meshgrid(steps, steps, steps), -1)
        probe = lattice.reshape(17 * 17, 17, 3)
    else:
        return False
    image = Image.fromarray(probe)
    moved = np.asarray(transform.apply(image)).astype(int) - np.asarray(image.convert("RGB"))
    return bool(np.abs(moved).max() <= 1)
