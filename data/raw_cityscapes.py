"""Cityscapes (Cordts et al., CVPR 2016): the cars, trucks and buses of its fine annotations.

    cityscapes:DIR   leftImg8bit/train/CITY/*_leftImg8bit.png   gtFine/train/CITY/*_polygons.json

Polygons are listed from back to front: a later one covers those before it, so an object is what
no later polygon covers. A label that ends in "group" stands for many objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import DataError, MaskError
from ..core.masks import Mask
from ..core.names import printable
from .coco import object_mask, read_json
from .raw import Part, RawObject, RawPicture, Size, by_name, files_below, refuse_other_size

_PHOTO, _POLYGONS = "_leftImg8bit.png", "_gtFine_polygons.json"
CLASSES = ("car", "truck", "bus")  # ids 26, 27 and 28


@dataclass(frozen=True)
class Painted:
    """A polygon without what is painted over it."""

    polygons: tuple[list[float], ...] = field(repr=False)  # all of the picture, flat
    number: int
    of: Size

    def mask(self, size: Size) -> Mask:
        """See `Shape`."""
        refuse_other_size(self.of, size)
        own = object_mask([self.polygons[self.number]], size)
        for later in self.polygons[self.number + 1 :]:
            if _may_meet(self.polygons[self.number], later):
                own &= ~object_mask([later], size)
        return own


@dataclass(frozen=True)
class Street:
    """A frame and its polygons."""

    photo: Path
    polygons: Path

    @property
    def id(self) -> str:
        """See `RawPicture`."""
        return self.photo.name.removesuffix(_PHOTO)

    def objects(self) -> list[RawObject]:
        """See `RawPicture`."""
        name = printable(self.polygons)
        document = read_json(self.polygons)
        values = document if isinstance(document, dict) else {}
        width, height, rows = (values.get(k) for k in ("imgWidth", "imgHeight", "objects"))
        if not isinstance(rows, list) or type(width) is not int or type(height) is not int:
            raise DataError(f"{name} has no size or no list of objects; give Cityscapes' own.")
        rows = [row for row in rows if isinstance(row, dict) and not row.get("deleted")]
        flat = tuple(_flat(row, name) for row in rows)
        found = []
        for number, row in enumerate(rows):
            label = str(row.get("label"))
            single = label.removesuffix("group")
            if single in CLASSES:
                shape = Painted(flat, number, (width, height))
                found.append(RawObject(single, single != label, None, shape, layer=number))
        return found


def open_cityscapes(root: Path, part: Part) -> list[RawPicture]:
    """The frames of a part, sorted.

    Raises:
        DataError: the set is incomplete.
    """
    folder = root / "leftImg8bit" / part
    photos = files_below(folder, (_PHOTO.lower(),), "Cityscapes")
    truth = root / "gtFine" / part
    return by_name(
        (
            Street(photo, truth / photo.parent.name / photo.name.replace(_PHOTO, _POLYGONS))
            for photo in photos
        ),
        folder,
    )


def _flat(row: Mapping[str, Any], name: str) -> list[float]:
    try:
        corners = [float(value) for x, y in row["polygon"] for value in (x, y)]
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{name} has an object without a polygon; give Cityscapes' own.") from None
    if len(corners) < 6:
        raise MaskError(f"{name} has a polygon of fewer than three corners; leave it out.")
    return corners


def _may_meet(a: list[float], b: list[float]) -> bool:
    return all(
        min(a[k::2]) <= max(b[k::2]) + 1 and min(b[k::2]) <= max(a[k::2]) + 1 for k in (0, 1)
    )
