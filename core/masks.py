"""Masks: `bool` HxW of the upright original, read from picture files; and their boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .boxes import Box
from .color import to_8_bit
from .damage import damage_reported
from .errors import MaskError
from .formats import DEFAULT_MAX_PIXELS
from .names import printable
from .opening import decode, open_picture, upright

Mask = NDArray[np.bool_]


def load_mask(
    path: str | Path,
    *,
    size: tuple[int, int] | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Mask:
    """Read a mask from a picture, upright; what it says decides which pixels are True.

    * Transparency, as of a cut-out: what is more than half opaque.
    * A palette with any colour in it, as of label maps: every index but 0.
    * Otherwise: what is lighter than mid-grey (above 127 of 255); where a file's greatest value
      is 1, that is the light.

    Args:
        path: the file.
        size: width and height it must have, those of its upright picture.
        max_pixels: the limit above which it is not decoded.

    Raises:
        ImageError: the file is no picture or is damaged.
        MaskError: it is of another size, or True nowhere.
    """
    name = printable(path)
    with open_picture(Path(path), max_pixels) as opened:
        found = (opened.header.width, opened.header.height)
        if size is not None and found != tuple(size):
            raise MaskError(
                f"the mask {name} is {found[0]}x{found[1]} but its picture is "
                f"{size[0]}x{size[1]}; resize the mask to match."
            )
        decode(opened)
        with damage_reported(name):
            mask = _truth(upright(opened.image, opened))
    if not mask.any():
        raise MaskError(f"the mask {name} is empty; mark at least one pixel white.")
    return mask


def mask_box(mask: Mask) -> Box:
    """The least box around what is True, right and bottom exclusive.

    Raises:
        MaskError: nothing is True.
    """
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if len(columns) == 0:
        raise MaskError("the mask is empty; mark at least one pixel.")
    x1, x2, y1, y2 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    return Box(float(x1), float(y1), float(x2), float(y2))


def _truth(image: Image.Image) -> Mask:
    if image.has_transparency_data and not image.mode.startswith("I;16"):
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        if alpha.min() < 255:
            return np.asarray(alpha > 127)
    if image.mode == "P":
        colours = np.asarray(image.getpalette(), np.uint8).reshape(-1, 3)
        indices = np.asarray(image)
        used = colours[np.unique(indices[indices < len(colours)])]
        if (used != used[:, :1]).any():
            return np.asarray(indices != 0)
    if image.mode == "F":
        return np.asarray(to_8_bit(image) > 127)
    if image.mode.startswith("I"):
        grey = to_8_bit(image) if np.asarray(image).max() > 1 else np.asarray(image)
    else:
        grey = np.asarray(image.convert("RGB").convert("L"))
    return np.asarray(grey > (127 if grey.max() > 1 else 0))
