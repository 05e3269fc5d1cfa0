"""Pictures without invented parts: the photograph is the canvas, a crop of it the label.

Picture 0 is the whole photograph. Further ones are random parts of it that contain the whole crop,
as stage 1 of ProCrop's training takes them of expanded pictures. Where no crop is known, a random
one that holds the subject is taken, of the area that a photograph would take up on its canvas.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import cv2
import numpy as np
from numpy.random import Generator

from ..core.boxes import Box
from ..core.formats import IMAGE_SUFFIXES
from ..core.masks import mask_box
from ..core.seeds import generator
from .cad_labels import IntBox
from .cad_photo import Photo
from .cad_picture import Expanded
from .cad_place import PlaceConfig

_TRIES = 50
_LEAST_SIDE = 16  # pixels of a crop


def sub_picture(
    photo: Photo,
    crops: Mapping[str, Box],
    config: PlaceConfig,
    seed: int,
    name: str,
    number: int,
) -> Expanded:
    """Picture `number` of a photograph.

    Args:
        photo: the photograph.
        crops: known crops as `by_name` gives them, in pixels of the file.
        config: the area of crops that are not known, and the longest side.
        seed: of the set.
        name: the photograph's identity.
        number: from 0.
    """
    known = _known(photo, crops, name)
    region = known or _random_crop(photo, config, generator(seed, "cad", name, "crop"))
    random = generator(seed, "cad", name, str(number))
    x1, y1, x2, y2 = region
    left, top, right, bottom = 0, 0, photo.width, photo.height
    if number > 0:
        left, top = (int(random.integers(0, edge + 1)) for edge in (x1, y1))
        right = int(random.integers(x2, photo.width + 1))
        bottom = int(random.integers(y2, photo.height + 1))
    rgb = np.ascontiguousarray(photo.rgb[top:bottom, left:right])
    subject = np.ascontiguousarray(photo.clear[top:bottom, left:right])
    scale = min(config.side[1] / max(rgb.shape[:2]), 1.0)
    region = (x1 - left, y1 - top, x2 - left, y2 - top)
    if scale == 1:
        return Expanded(rgb, subject, region)
    width, height = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    small = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    mask = cv2.resize(subject.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return Expanded(small, mask > 0, _scaled(region, scale, scale, width, height))


def _known(photo: Photo, crops: Mapping[str, Box], name: str) -> IntBox | None:
    """The known crop in pixels of what was read of the photograph."""
    box = crops.get(name, crops.get(PurePosixPath(name).name))
    if box is None:
        return None
    width, height = photo.original
    left, top = photo.part[0] * width, photo.part[1] * height
    across = photo.width / ((photo.part[2] - photo.part[0]) * width)
    down = photo.height / ((photo.part[3] - photo.part[1]) * height)
    moved = (box.x1 - left, box.y1 - top, box.x2 - left, box.y2 - top)
    return _scaled(moved, across, down, photo.width, photo.height)


def by_name(crops: Mapping[str, Box]) -> dict[str, Box]:
    """Crops of files by what photographs are called here: without a picture's suffix."""
    named: dict[str, Box] = {}
    for file, box in crops.items():  # of two the first
        path = PurePosixPath(file)
        bare = path.with_suffix("") if path.suffix.lower() in IMAGE_SUFFIXES else path
        named.setdefault(bare.as_posix(), box)
    return named


def _scaled(
    box: tuple[float, float, float, float], across: float, down: float, width: int, height: int
) -> IntBox:
    """A box of whole pixels within a picture, of one pixel at least."""
    x1 = min(max(round(box[0] * across), 0), width - 1)
    y1 = min(max(round(box[1] * down), 0), height - 1)
    x2 = min(max(round(box[2] * across), x1 + 1), width)
    y2 = min(max(round(box[3] * down), y1 + 1), height)
    return x1, y1, x2, y2


def _random_crop(photo: Photo, config: PlaceConfig, random: Generator) -> IntBox:
    """A crop of a photograph that holds its subject, if that leaves any room."""
    width, height = photo.width, photo.height
    keep = mask_box(photo.subject) if photo.subject.any() else Box(width / 2, height / 2, 0, 0)
    if not photo.subject.any():
        keep = Box(width / 2, height / 2, width / 2, height / 2)
    for _ in range(_TRIES):
        side = float(np.sqrt(random.uniform(*config.area)))
        stretch = float(np.exp(random.uniform(-0.2, 0.2)))
        wide, high = round(width * side * stretch), round(height * side / stretch)
        if not (_LEAST_SIDE <= wide <= width and _LEAST_SIDE <= high <= height):
            continue
        if wide < keep.width or high < keep.height:
            continue
        x = _start(keep.x1, keep.x2, wide, width, random)
        y = _start(keep.y1, keep.y2, high, height, random)
        return x, y, x + wide, y + high
    x1, x2 = _grown(int(keep.x1), int(keep.x2), width)
    y1, y2 = _grown(int(keep.y1), int(keep.y2), height)
    return x1, y1, x2, y2


def _grown(first: int, last: int, room: int) -> tuple[int, int]:
    """A stretch that holds this one, long enough for a crop if there is room."""
    length = max(last - first, min(_LEAST_SIDE, room))
    first = min(max(first - (length - (last - first)) // 2, 0), room - length)
    return first, first + length


def _start(first: float, last: float, length: int, room: int, random: Generator) -> int:
    """Where a stretch of that length starts that holds `first` to `last` within the room."""
    low, high = max(int(np.ceil(last)) - length, 0), min(int(first), room - length)
    return int(random.integers(min(low, high), max(low, high) + 1))
