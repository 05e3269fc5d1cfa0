"""Annotated photographs to make occlusions from, and which of their objects are whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.discs import grown
from ..core.errors import DataError
from ..core.images import load_picture, read_header
from ..core.instances import Instance
from ..core.masks import Mask, mask_box
from ..core.names import printable
from ..core.voc import VOC_IGNORED
from ..data.coco import CocoPicture, coco_files, instance_of, read_coco
from ..data.occlusion import UNKNOWN
from ..data.voc import VocRecord, connected_parts, read_classes, read_objects, read_voc

SOURCES = ("voc", "coco")
_MOST_OBJECTS = UNKNOWN - 1


@dataclass(frozen=True, eq=False)
class Annotated:
    """The annotations of one photograph, at its size."""

    objects: tuple[Instance, ...]
    unknown: Mask = field(repr=False)  # where nobody can tell: borders, crowds

    def numbers(self) -> NDArray[np.uint8]:
        """One index for each object, the smaller one above, and UNKNOWN."""
        numbers = np.where(self.unknown, np.uint8(UNKNOWN), np.uint8(0))
        for place in sorted(range(len(self.objects)), key=lambda k: -self.objects[k].area):
            numbers[self.objects[place].mask] = place + 1
        return numbers


@dataclass(frozen=True, eq=False)
class AnnotatedPhoto:
    """A photograph of a data set and how to read its annotations."""

    name: str
    photo: Path
    read: Callable[[tuple[int, int]], Annotated] = field(repr=False)  # of width and height

    def annotated(self) -> Annotated:
        """Its annotations.

        Raises:
            ImageError, DataError: a file is missing or damaged.
        """
        header = read_header(self.photo)
        return _read_once(self, (header.width, header.height))

    def pixels(self) -> NDArray[np.uint8]:
        """Its pixels HxWx3.

        Raises:
            ImageError: it is missing or damaged.
        """
        return load_picture(self.photo).over()


@dataclass(frozen=True)
class Candidate:
    """An object that seems to be there as a whole."""

    photo: int  # place in the list of photographs
    place: int  # in the photograph's objects
    area: int  # pixels
    share: float  # of its photograph


@dataclass(frozen=True)
class Wholeness:
    """What an object has to be like to serve as truth: unoccluded as far as one can tell."""

    least: float = 0.02  # share of the photograph
    most: float = 0.4  # share of the photograph
    border: int = 3  # pixels that it keeps from the picture's edge
    apart: int = 5  # pixels to every other object, for what touches may stand before it
    joined: float = 0.95  # share of it in its largest connected part
    solid: float = 0.35  # share of its box that it fills


def open_photos(kind: str, root: Path, split: str) -> list[AnnotatedPhoto]:
    """The photographs of a part of PASCAL VOC ("voc") or COCO ("coco"), in the set's order.

    Raises:
        DataError: the set is incomplete or damaged.
    """
    if kind == "voc":
        return [_voc_photo(record) for record in read_voc(root, split)]
    return _coco_photos(Path(root), f"{split}2017")


def find_whole(
    photos: Sequence[AnnotatedPhoto],
    rules: Sequence[Wholeness],
    *,
    advance: Callable[[], object] = lambda: None,
) -> list[list[Candidate]]:
    """For each rule all objects that are as it says, photograph by photograph.

    Args:
        photos: from `open_photos`.
        rules: what is looked for.
        advance: called after each photograph, for a progress bar.

    Raises:
        DataError: there are none for a rule; or a file is damaged.
        ImageError, MaskError: a file is damaged.
    """
    found: list[list[Candidate]] = [[] for _ in rules]
    for number, photo in enumerate(photos):
        annotated = photo.annotated()
        count = len(annotated.objects)
        for place in range(count if count <= _MOST_OBJECTS else 0):
            mask = annotated.objects[place].mask
            area = int(mask.sum())
            candidate = Candidate(number, place, area, area / mask.size)
            for rule, candidates in zip(rules, found, strict=True):
                if is_whole(annotated, place, rule):
                    candidates.append(candidate)
        advance()
    if not all(found):
        raise DataError("no photograph shows an object as a whole; give a larger data set.")
    return found


def is_whole(annotated: Annotated, place: int, rule: Wholeness) -> bool:
    """Whether an object of a photograph is fit to be hidden, or to hide another."""
    mask = annotated.objects[place].mask
    area = int(mask.sum())
    if not rule.least * mask.size <= area <= rule.most * mask.size:
        return False
    box = mask_box(mask)
    height, width = mask.shape
    if min(box.x1, box.y1, width - box.x2, height - box.y2) < rule.border:
        return False
    if area < rule.solid * box.width * box.height:
        return False
    if max(int(part.sum()) for part in connected_parts(mask)) < rule.joined * area:
        return False
    around = grown(mask, rule.apart)
    others = (one.mask for number, one in enumerate(annotated.objects) if number != place)
    return not any((around & other).any() for other in others)


@lru_cache(maxsize=16)
def _read_once(photo: AnnotatedPhoto, size: tuple[int, int]) -> Annotated:
    return photo.read(size)


def _voc_photo(record: VocRecord) -> AnnotatedPhoto:
    def read(size: tuple[int, int]) -> Annotated:
        objects = tuple(read_objects(record, size))
        return Annotated(objects, read_classes(record, size) == VOC_IGNORED)

    return AnnotatedPhoto(record.name, record.photo, read)


def _coco_photos(root: Path, part: str) -> list[AnnotatedPhoto]:
    annotations, folder = coco_files(root, part)
    return [_coco_photo(picture, folder, annotations) for picture in read_coco(annotations)]


def _coco_photo(picture: CocoPicture, folder: Path, annotations: Path) -> AnnotatedPhoto:
    def read(size: tuple[int, int]) -> Annotated:
        if size != (picture.width, picture.height):
            raise DataError(
                f"{printable(picture.base)} is {size[0]}x{size[1]}, but {printable(annotations)} "
                f"is of {picture.width}x{picture.height}; give the photographs at that size."
            )
        objects, unknown = [], np.zeros((size[1], size[0]), bool)
        for entry in picture.objects:
            instance = instance_of(entry, size)
            if instance is not None and entry.crowd:
                unknown |= instance.mask
            elif instance is not None:
                objects.append(instance)
        return Annotated(tuple(objects), unknown)

    return AnnotatedPhoto(picture.base, folder / picture.base, read)
