"""Photographs with one mask of what is in them, in two layouts.

* Salient objects, as SOD (Movahedi and Elder, 2010): `images/NAME.jpg`, `masks/NAME.png` (white
  is the subject), and `train.txt` and `val.txt` with a NAME a line.
* Objects of known classes, as PASCAL VOC 2012: `JPEGImages/NAME.jpg`,
  `SegmentationClassAug/NAME.png` (or `SegmentationClass/`) with the index 0 for background and
  255 for what is to be ignored, and the same lists. Any object counts as the subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.damage import damage_reported
from ..core.errors import DataError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.masks import Mask, load_mask
from ..core.names import printable
from ..core.opening import decode, open_picture
from .name_list import read_names, require_named

IGNORED = 255  # the index of VOC's borders
_PHOTOS = ("images", "JPEGImages")
_MASKS = ("masks", "SegmentationClassAug", "SegmentationClass")


@dataclass(frozen=True)
class SubjectRecord:
    """A photograph and the file of its mask."""

    name: str
    photo: Path
    mask: Path
    classes: bool  # whether the mask holds class indices


def read_subjects(root: Path, split: str) -> list[SubjectRecord]:
    """Records of `split` in the list's order; which layout it is, the folders tell.

    Raises:
        DataError: the list, the folders or a file of the list is missing, or the list is empty.
    """
    root = Path(root)
    photos, masks = _folder(root, _PHOTOS), _folder(root, _MASKS)
    path = root / f"{split}.txt"
    records = []
    for name in read_names(path):
        photo, mask = photos / f"{name}.jpg", masks / f"{name}.png"
        require_named(path, name, photo, mask)
        records.append(SubjectRecord(name, photo, mask, masks.name != "masks"))
    return records


def read_truth(record: SubjectRecord, size: tuple[int, int]) -> tuple[Mask, Mask]:
    """Where the subject is, and which pixels count: two masks HxW.

    Args:
        record: from `read_subjects`.
        size: width and height of the photograph.

    Raises:
        ImageError: the mask's file is damaged.
        MaskError: there is no subject.
        DataError: it is of another size than the photograph, or no map of indices.
    """
    if not record.classes:
        mask = load_mask(record.mask, size=size)
        return mask, np.ones_like(mask)
    name = printable(record.mask)
    with open_picture(record.mask, DEFAULT_MAX_PIXELS) as opened:
        decode(opened)
        with damage_reported(name):
            indices = np.asarray(opened.image)
    if indices.ndim != 2:
        raise DataError(f"{name} has colours instead of class indices; give the maps of indices.")
    if indices.shape != (size[1], size[0]):
        found = f"{indices.shape[1]}x{indices.shape[0]}"
        raise DataError(f"{name} is {found}, not {size[0]}x{size[1]}; give the photograph's own.")
    return (indices > 0) & (indices != IGNORED), indices != IGNORED


def _folder(root: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise DataError(f"{printable(root)} holds no folder {names[0]}; give a data set's folder.")
