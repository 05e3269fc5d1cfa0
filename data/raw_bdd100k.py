"""BDD100K (Yu et al., CVPR 2020): the instance segmentation of its 10K images.

    bdd100k:DIR   images/10k/train/*.jpg   labels/ins_seg/rles/ins_seg_train.json
                                           or labels/ins_seg/bitmasks/train/*.png

Scalabel's `box2d` names its last pixels, so they are inclusive. A bitmask is RGBA: R the category
from 1, G the attributes truncated << 3 | occluded << 2 | crowd << 1 | ignore, B and A the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.damage import damage_reported
from ..core.errors import DataError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.names import printable
from ..core.opening import decode, open_picture
from .coco import read_json
from .raw import (
    ListedPicture,
    Part,
    RawObject,
    RawPicture,
    Region,
    Segmentation,
    by_name,
    files_below,
)

CATEGORIES = (
    "pedestrian", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
_LEFT_OUT = 0b11  # crowd and ignore


@dataclass(frozen=True)
class BitmaskPicture:
    """A frame and its bitmask."""

    photo: Path
    bitmask: Path

    @property
    def id(self) -> str:
        """See `RawPicture`."""
        return self.photo.stem

    def objects(self) -> list[RawObject]:
        """In the order of their numbers; see `RawPicture`."""
        name = printable(self.bitmask)
        with open_picture(self.bitmask, DEFAULT_MAX_PIXELS) as opened, damage_reported(name):
            decode(opened)
            if opened.image.mode != "RGBA":
                raise DataError(f"{name} is no bitmask (not RGBA); give BDD100K's own.")
            values = np.asarray(opened.image).astype(np.uint32)
        red, green, blue, alpha = np.moveaxis(values, -1, 0)
        # the number first, so that sorting goes by it
        numbers = (blue << 24 | alpha << 16 | red << 8 | green).astype(np.int64)
        found = []
        for value in np.unique(numbers).tolist():
            category, flags = value >> 8 & 255, value & 255
            if category:
                label = CATEGORIES[category - 1] if category <= len(CATEGORIES) else None
                crowd = bool(flags & _LEFT_OUT)
                found.append(RawObject(label, crowd, None, Region(numbers, value)))
        return found


def open_bdd100k(root: Path, part: Part) -> list[RawPicture]:
    """The frames of a part, sorted; by their run lengths where both forms are there.

    Raises:
        DataError: the set is incomplete or damaged.
    """
    images = root / "images" / "10k" / part
    labels = root / "labels" / "ins_seg"
    rles = labels / "rles" / f"ins_seg_{part}.json"
    if rles.is_file():
        return by_name(_listed(rles, images), rles)
    bitmasks = labels / "bitmasks" / part
    if not bitmasks.is_dir():
        raise DataError(
            f"{printable(labels)} has neither rles/{rles.name} nor bitmasks/{part}; give BDD100K's "
            "folder."
        )
    photos = files_below(images, (".jpg",), "BDD100K")
    return by_name((BitmaskPicture(p, bitmasks / f"{p.stem}.png") for p in photos), images)


def _listed(path: Path, images: Path) -> Iterator[RawPicture]:
    name = printable(path)
    document = read_json(path)
    frames = document.get("frames") if isinstance(document, dict) else document
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise DataError(f"{name} has no list of frames; give BDD100K's own.")
    for frame in frames:
        file, labels = frame.get("name"), frame.get("labels") or []
        if not isinstance(file, str) or not isinstance(labels, list):
            raise DataError(f"{name} has a frame without name and labels; give BDD100K's own.")
        rows = (row for row in labels if isinstance(row, dict) and row.get("rle"))
        yield ListedPicture(
            Path(file).stem, images / Path(file).name, tuple(_object(row) for row in rows)
        )


def _object(row: Mapping[str, Any]) -> RawObject:
    attributes = row.get("attributes")
    marks = attributes if isinstance(attributes, Mapping) else {}
    crowd = any(bool(marks.get(key)) for key in ("crowd", "ignore", "ignored"))
    label = row.get("category")
    text = label if isinstance(label, str) else None
    return RawObject(text, crowd, _box(row.get("box2d")), Segmentation(row["rle"]))


def _box(box2d: object) -> Box | None:
    if not isinstance(box2d, Mapping):
        return None
    values = [box2d.get(key) for key in ("x1", "y1", "x2", "y2")]
    if not all(isinstance(value, int | float) for value in values):
        return None
    x1, y1, x2, y2 = (float(value) for value in values if value is not None)
    return Box(x1, y1, x2 + 1, y2 + 1)
