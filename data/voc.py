"""PASCAL VOC's segmentation set (Everingham et al., IJCV 2010), read as the maps of indices it is.

The official layout is `JPEGImages/`, `SegmentationClass/`, `SegmentationObject/` and
`ImageSets/Segmentation/PART.txt`, in `VOC2012/`, mostly below `VOCdevkit/`. Also read is a flat
one with `PART.txt` beside the folders, and `SegmentationClassAug/` (the class maps that SBD,
Hariharan et al., ICCV 2011, added) wherever it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.instances import Instance
from ..core.masks import Mask
from ..core.names import printable
from ..core.voc import VOC_CLASSES, VOC_IGNORED
from .label_map import read_label_map
from .name_list import read_names, require_named

_ROOTS = ("", "VOC2012", "VOCdevkit/VOC2012")
_LISTS = ("", "ImageSets/Segmentation")
_CLASS_MAPS = ("SegmentationClassAug", "SegmentationClass")


@dataclass(frozen=True)
class VocRecord:
    """A photograph and the files of its maps."""

    name: str
    photo: Path
    classes: Path
    objects: Path | None  # of single objects, where the set has it


def read_voc(root: Path, split: str) -> list[VocRecord]:
    """Records of the part `split` ("train", "val", "trainval") in the list's order.

    Raises:
        DataError: the list, a folder or a file of the list is missing, or the list is empty.
    """
    base, path = _find_list(Path(root), split)
    names = read_names(path)
    folder = next((base / name for name in _CLASS_MAPS if (base / name).is_dir()), None)
    if folder is None:
        raise DataError(
            f"{printable(base)} holds no folder SegmentationClass; give a VOC set's folder."
        )
    records = []
    for name in names:
        if Path(name).name != name:
            raise DataError(f"{printable(path)} names {printable(name)!r}; give plain names.")
        photo, classes = base / "JPEGImages" / f"{name}.jpg", folder / f"{name}.png"
        require_named(path, name, photo, classes)
        objects = base / "SegmentationObject" / f"{name}.png"
        records.append(VocRecord(name, photo, classes, objects if objects.is_file() else None))
    return records


def read_classes(record: VocRecord, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The map HxW of classes: 0 background, 1 to 20 as `core.voc.VOC_CLASSES`, `VOC_IGNORED`.

    Args:
        record: from `read_voc`.
        size: width and height of the photograph.

    Raises:
        ImageError: the file is damaged.
        DataError: it is no map of VOC's indices, or of another size.
    """
    indices = read_label_map(record.classes, size=size)
    unknown = indices[(indices >= len(VOC_CLASSES)) & (indices != VOC_IGNORED)]
    if len(unknown):
        raise DataError(
            f"{printable(record.classes)} holds the index {unknown.max()}, which is no class of "
            "VOC; give the set's own maps."
        )
    return indices.astype(np.uint8)


def read_objects(record: VocRecord, size: tuple[int, int]) -> list[Instance]:
    """The single objects of a photograph, with their classes; disjoint.

    Where the set has no map of objects, the connected parts (of 8 neighbours) of every class
    stand for them: parts that touch are one then, and an object in pieces is several.

    Raises:
        ImageError, DataError: as for `read_classes`; or the two maps do not go together.
    """
    classes = read_classes(record, size)
    if record.objects is None:
        return [
            Instance(mask, 1.0, VOC_CLASSES[index])
            for index in np.unique(classes)
            if 0 < index < VOC_IGNORED
            for mask in connected_parts(classes == index)
        ]
    objects, found = read_label_map(record.objects, size=size), []
    for number in np.unique(objects):
        if not 0 < number < VOC_IGNORED:
            continue
        mask = objects == number
        votes = np.bincount(classes[mask], minlength=256)[1:VOC_IGNORED]
        if not votes.any():
            raise DataError(
                f"{printable(record.objects)} has an object of no class in "
                f"{printable(record.classes)}; give maps of one photograph."
            )
        found.append(Instance(mask, 1.0, VOC_CLASSES[int(votes.argmax()) + 1]))
    return found


def connected_parts(mask: Mask) -> list[Mask]:
    """The parts of a mask that hang together over edges or corners, from the top down."""
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return [np.asarray(numbers == number) for number in range(1, count)]


def _find_list(root: Path, split: str) -> tuple[Path, Path]:
    """The folder that holds `JPEGImages`, and the list of a part."""
    for below in _ROOTS:
        base = root / below
        if not (base / "JPEGImages").is_dir():
            continue
        for folder in _LISTS:
            path = base / folder / f"{split}.txt"
            if path.is_file():
                return base, path
        raise DataError(
            f"{printable(base)} has no list {split}.txt, neither there nor in "
            f"{_LISTS[1]}; complete the data set or choose another part."
        )
    raise DataError(
        f"{printable(root)} holds no folder JPEGImages; give the folder of a VOC data set."
    )
