"""Photographs and shapes of objects out of data sets of several layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import DataError
from ..core.images import read_header
from ..core.inputs import expand_inputs
from ..core.masks import Mask, mask_box
from ..core.names import printable
from ..data.fcdb import image_path, read_crops
from ..data.sod import SubjectRecord, read_subjects, read_truth
from .inpaint_masks import Shape
from .occlusion_sources import AnnotatedPhoto, open_photos

SHAPE_SIDE = 128  # pixels of a shape's long side at most
_LEAST_SHARE = 0.003  # of its photograph that an object takes; smaller ones are but specks


@dataclass(frozen=True)
class PhotoSource:
    """One photograph and how to read the masks of its objects."""

    name: str  # unique among the sets' photographs: the set's folder and the file's
    photo: Path
    masks: Callable[[], list[Mask]]


def train_sources(roots: Sequence[Path], limit: int | None = None) -> list[PhotoSource]:
    """The train parts of several sets, in their order, at most `limit` of each, spread over it.

    Raises:
        DataError, UsageError: as `read_sources`.
    """
    found = []
    for root in roots:
        of_root = read_sources(root, "train")
        kept = len(of_root) if limit is None else min(limit, len(of_root))
        found += [of_root[k * len(of_root) // kept] for k in range(kept)]
    return found


def read_sources(root: Path, split: str) -> list[PhotoSource]:
    """The photographs of a data set, in its order.

    Known are PASCAL VOC's layout, COCO's, that of salient objects (see `data.sod`) and FCDB's,
    of which only the part `split` is taken. Any other folder is one of photographs without
    objects, all of which are taken.

    Raises:
        DataError: the set is incomplete or damaged, or there is no such folder.
        UsageError: the folder holds no picture.
    """
    root = Path(root)
    if (
        any((root / below / "JPEGImages").is_dir() for below in ("", "VOC2012"))
        or (root / "VOCdevkit").is_dir()
    ):
        return [_annotated(root, photo) for photo in open_photos("voc", root, split)]
    coco = f"instances_{split}2017.json"
    if (root / coco).is_file() or (root / "annotations" / coco).is_file():
        return [_annotated(root, photo) for photo in open_photos("coco", root, split)]
    if (root / "masks").is_dir() and (root / "images").is_dir():
        return [_subject(root, record) for record in read_subjects(root, split)]
    if (root / "pairs.json").is_file():
        files = [image_path(root, record.file) for record in read_crops(root, split)]
        return [_bare(root, file) for file in files]
    if not root.is_dir():
        raise DataError(f"{printable(root)} is no folder; give a data set's or photographs'.")
    sources = expand_inputs([str(root)])
    for source in sources:
        if source.problem:
            raise DataError(source.problem)
    return [_bare(root, source.path) for source in sources]


def shapes_of(source: PhotoSource) -> Iterator[Shape]:
    """The objects of a photograph, each cut out to its box and `SHAPE_SIDE` at most.

    Raises:
        ImageError, MaskError, DataError: a file is missing or damaged.
    """
    for mask in source.masks():
        if mask.mean() < _LEAST_SHARE:
            continue
        box = mask_box(mask)
        cut = mask[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)]
        scale = SHAPE_SIDE / max(cut.shape)
        if scale < 1:
            size = [max(round(side * scale), 1) for side in (cut.shape[1], cut.shape[0])]
            cut = cv2.resize(cut.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
        if cut.any():
            yield np.asarray(cut, bool)


def _annotated(root: Path, photo: AnnotatedPhoto) -> PhotoSource:
    def masks() -> list[Mask]:
        return [instance.mask for instance in photo.annotated().objects]

    return PhotoSource(f"{root.name}/{photo.photo.name}", photo.photo, masks)


def _subject(root: Path, record: SubjectRecord) -> PhotoSource:
    def masks() -> list[Mask]:
        header = read_header(record.photo)
        return [read_truth(record, (header.width, header.height))[0]]

    return PhotoSource(f"{root.name}/{record.photo.name}", record.photo, masks)


def _bare(root: Path, photo: Path) -> PhotoSource:
    return PhotoSource(f"{root.name}/{photo.name}", photo, list)
