"""Label maps: one index a pixel, in PNG files with a palette or in grey.

Palette indices are read as they are and never turned into colours and back, which is how label
maps are most often ruined.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.damage import damage_reported
from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.names import printable
from ..core.opening import decode, open_picture, upright
from ..core.voc import voc_palette

Labels = NDArray[np.uint16]


def read_label_map(
    path: Path, *, size: tuple[int, int] | None = None, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Labels:
    """The indices HxW, upright: those of a palette, or the grey levels of 1, 8 or 16 bits.

    Args:
        path: the file.
        size: width and height it must have.
        max_pixels: the limit above which it is not decoded.

    Raises:
        ImageError: the file is no picture or is damaged.
        DataError: it holds colours, or is of another size.
    """
    name = printable(path)
    with open_picture(Path(path), max_pixels) as opened:
        found = (opened.header.width, opened.header.height)
        if size is not None and found != tuple(size):
            raise DataError(
                f"the label map {name} is {found[0]}x{found[1]} but its picture is "
                f"{size[0]}x{size[1]}; give the picture's own."
            )
        decode(opened)
        with damage_reported(name):
            return indices_of(upright(opened.image, opened), name)


def indices_of(image: Image.Image, name: str) -> Labels:
    """The indices of a decoded picture; see `read_label_map`.

    Raises:
        DataError: it holds colours.
    """
    if image.mode not in ("1", "L", "P", "I") and not image.mode.startswith("I;16"):
        raise DataError(
            f"{name} holds colours instead of indices; save it with a palette or in grey."
        )
    values = np.asarray(image)
    if values.dtype == np.int32 and (values.min() < 0 or values.max() > 0xFFFF):
        raise DataError(f"{name} holds indices outside 0 to 65535; number its objects anew.")
    return values.astype(np.uint16)


def write_label_map(path: Path, labels: NDArray[np.integer]) -> None:
    """Write indices HxW as PNG: in VOC's palette, or in 16-bit grey where one is above 255.

    Equal indices give equal bytes with the same version of the PNG writer.

    Raises:
        DataError: an index is negative or above 65535.
        OutputError: the file cannot be written.
    """
    if labels.size and (labels.min() < 0 or labels.max() > 0xFFFF):
        raise DataError(f"{printable(path)} would need indices outside 0 to 65535; use fewer.")
    if labels.size and labels.max() > 255:
        image = Image.fromarray(labels.astype(np.uint16))
    else:
        image = Image.fromarray(labels.astype(np.uint8), "L")
        image.putpalette(voc_palette().ravel().tolist())
    with atomic_write(Path(path)) as part:
        image.save(part, "PNG")
