"""Files that mark a region of a target: masks, cut-outs, and MROSS's copies white outside it."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import MaskError
from ..core.formats import DEFAULT_MAX_PIXELS, IMAGE_SUFFIXES
from ..core.images import Picture, load_reduced, read_header
from ..core.masks import load_mask
from ..core.names import printable
from .sketch_target import Target

_NAME = re.compile(r"(?P<stem>.+)_roi(?P<number>\d+)(?:-\d+)?", re.IGNORECASE | re.DOTALL)
_WHITE = 245  # of 255 in every channel; what lossy formats leave of a white-out
_ALIKE = 40  # of 255 in every channel, between a copy and its target after resampling
_PROPORTIONS = 0.02  # by which a copy's may differ from its target's
_SPECK = 0.02  # of the largest part's area; smaller parts are specks of a hand-made cut-out

Mask = NDArray[np.bool_]


def is_region_file(path: str | Path) -> bool:
    """Whether a file is named `NAME_roi1.png`, or the like, and the picture NAME lies beside it.

    Such files say where a target's regions are and are no targets themselves.
    """
    path = Path(path)
    found = _NAME.fullmatch(path.stem)
    return found is not None and any(
        path.with_name(found["stem"] + suffix).is_file() for suffix in sorted(IMAGE_SUFFIXES)
    )


def find_region_files(target: str | Path) -> list[tuple[str, Path]]:
    """Names and files `NAME_roi1.*`, `NAME_roi2.*`, … beside the target NAME, by their number.

    Of several files with one number the first by name counts; numbers may be left out.
    """
    target = Path(target)
    found: dict[int, Path] = {}
    for path in sorted(target.parent.iterdir()):
        match = re.fullmatch(rf"{re.escape(target.stem)}_roi(\d+)", path.stem, re.IGNORECASE)
        if match and path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
            found.setdefault(int(match[1]), path)
    return [(f"roi{number}", found[number]) for number in sorted(found)]


def read_region_mask(
    path: str | Path, target: Target, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Mask:
    """Read which part of the target a file marks, whichever of three kinds it is.

    * A cut-out: transparent outside the region.
    * A full-frame copy of the target that is white outside the region, as MROSS's are. White
      parts of the target that the region surrounds belong to it.
    * Else a mask, light inside the region; see `core.masks.load_mask`. It is grey or has a
      palette.

    Args:
        path: the file, full-frame, of the target's proportions.
        target: the picture, from `prepare_target`.
        max_pixels: refuse larger files.

    Returns:
        HxW on the target's canvas, not empty.

    Raises:
        ImageError: the file cannot be read.
        MaskError: it has other proportions than the target, is none of these kinds, or marks
            nothing.
    """
    _require_fit(path, target, max_pixels)
    picture = load_reduced(path, 2 * max(target.size), max_pixels=max_pixels)
    place = target.placement
    whole = place.plane(np.ones((1, 1), np.float32)) > 0
    copy = place.picture(picture.over())
    # before it is averaged with what is not white, or regions would grow by a pixel
    white = (place.plane(picture.over().min(-1) >= _WHITE) > 0.5) | ~whole
    unlike = np.abs(copy.astype(np.int16) - target.rgb).max(-1) > _ALIKE
    if picture.alpha is not None:
        mask = (place.plane(picture.alpha.astype(np.float32) / 255) > 0.5) & ~(white & unlike)
    elif _is_copy(copy[whole], white[whole], unlike[whole], target.rgb[whole]):
        mask = _without_specks(~white)
        mask = holes_filled(mask) & ~(white & unlike)
    else:
        _require_mask(picture, copy[whole])
        mask = place.plane(load_mask(path, max_pixels=max_pixels)) > 0.5
    mask &= whole
    if not mask.any():
        raise MaskError(f"the region {printable(path)} marks nothing; mark a part of the picture.")
    return np.asarray(mask)


def _require_fit(path: str | Path, target: Target, max_pixels: int) -> None:
    header = read_header(path, max_pixels=max_pixels)
    width, height = target.placement.original
    if abs(header.width * height / (header.height * width) - 1) > _PROPORTIONS:
        raise MaskError(
            f"the region {printable(path)} is {header.width}x{header.height} but its picture is "
            f"{width}x{height}; make it of the same size."
        )


def _require_mask(picture: Picture, pixels: NDArray[np.uint8]) -> None:
    """Refuse a coloured picture (its pixels (n,3) on the canvas), perhaps another target's copy."""
    colored = np.ptp(pixels, axis=-1) > _ALIKE
    if picture.header.mode != "P" and float(colored.mean()) > 0.02:
        raise MaskError(
            f"the region {printable(picture.header.path)} is neither a mask nor its picture with "
            "white around the region; give one of these."
        )


def _is_copy(copy: NDArray[np.uint8], white: Mask, unlike: Mask, target: NDArray[np.uint8]) -> bool:
    """Whether pixels (n,3) of a file are the target's own wherever they are not white."""
    shown = ~white
    if not white.any() or not shown.any():
        return False
    if _two_valued(copy) and not _two_valued(target):
        return False  # a mask that happens to be black where the target is dark
    return float(unlike[shown].mean()) < 0.1


def _two_valued(pixels: NDArray[np.uint8]) -> bool:
    """Whether nearly all are black or white."""
    dark, light = pixels.max(-1) <= 255 - _WHITE, pixels.min(-1) >= _WHITE
    return float((dark | light).mean()) > 0.95


def _without_specks(mask: Mask) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    kept = area >= _SPECK * max(area[1:], default=0)
    kept[0] = False
    return np.asarray(kept[labels])


def holes_filled(mask: Mask) -> Mask:
    """With every part of the outside that does not reach the border."""
    outside = np.pad(~mask, 1, constant_values=True)
    _, labels = cv2.connectedComponents(outside.astype(np.uint8), connectivity=4)
    return np.asarray((labels != labels[0, 0])[1:-1, 1:-1])
