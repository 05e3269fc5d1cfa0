"""What others crop with: smartcrop (Python, 0.5) and the attention crop of libvips.

Both choose only the place of a crop, so somebody has to tell them its size.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import UsageError

Pixels = NDArray[np.uint8]
# boxes of a given size in HxWx3 upright sRGB, best first, at most `topk`
Place = Callable[[Pixels, int, int, int], list[Box]]


@dataclass(frozen=True)
class Peer:
    """Another program's cropping, in this process."""

    name: str
    place: Place
    several: bool  # whether it can give more than one
    # the best square of the file, found as the program's own documentation shows
    square: Callable[[Path], Box]
    script: str  # the same as a script of its own, for the file that its argument names


def open_peers() -> list[Peer]:
    """Both peers.

    Raises:
        UsageError: they are not installed.
    """
    for name in ("smartcrop", "pyvips"):
        _module(name)
    return [
        Peer("smartcrop", _smartcrop_place, True, _smartcrop_square, _SMARTCROP_SCRIPT),
        Peer("libvips attention", _vips_place, False, _vips_square, _VIPS_SCRIPT),
    ]


def versions() -> dict[str, str]:
    """What is measured."""
    from importlib.metadata import version

    vips = ".".join(str(_module("pyvips").version(part)) for part in range(3))
    return {"smartcrop": version("smartcrop"), "libvips": vips}


def _smartcrop_place(rgb: Pixels, width: int, height: int, topk: int) -> list[Box]:
    image = Image.fromarray(rgb)
    # it scales the size up to the picture's; one scale, at which it is the size asked for
    scale = 1 / min(image.width / width, image.height / height)
    cropper = _module("smartcrop").SmartCrop()
    found = cropper.crop(image, width, height, min_scale=scale, max_scale=scale)["crops"]
    best = sorted(found, key=lambda crop: -float(crop["score"]))[:topk]
    return [_box(crop["x"], crop["y"], crop["width"], crop["height"]) for crop in best]


def _smartcrop_square(path: Path) -> Box:
    with Image.open(path) as image:
        crop = _module("smartcrop").SmartCrop().crop(image.convert("RGB"), 100, 100)["top_crop"]
    return _box(crop["x"], crop["y"], crop["width"], crop["height"])


def _vips_place(rgb: Pixels, width: int, height: int, topk: int) -> list[Box]:
    picture = _module("pyvips").Image.new_from_array(rgb)
    return [_attended(picture, width, height)]


def _vips_square(path: Path) -> Box:
    picture = _module("pyvips").Image.new_from_file(str(path))
    side = min(picture.width, picture.height)
    return _attended(picture, side, side)


def _attended(picture: Any, width: int, height: int) -> Box:
    crop = picture.smartcrop(width, height, interesting="attention")
    return _box(-crop.xoffset, -crop.yoffset, crop.width, crop.height)


def _box(x: int, y: int, width: int, height: int) -> Box:
    return Box(x, y, x + width, y + height)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"{name} is not installed; install compose-toolkit[benchmark] to compare with it."
        ) from None


_SMARTCROP_SCRIPT = """
import sys
from PIL import Image
from smartcrop import SmartCrop
with Image.open(sys.argv[1]) as image:
    print(SmartCrop().crop(image.convert("RGB"), 100, 100)["top_crop"])
"""
_VIPS_SCRIPT = """
import sys
import pyvips
picture = pyvips.Image.new_from_file(sys.argv[1])
side = min(picture.width, picture.height)
crop = picture.smartcrop(side, side, interesting="attention")
print(-crop.xoffset, -crop.yoffset, side)
"""
