"""Annotated pictures of any data set: one form that all readers give and all builders take.

Reading a set gives its pictures without opening any; what stands in one is read by `objects`, and
an object's mask by `mask`. All of it can be sent to another process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.errors import DataError
from ..core.masks import Mask
from ..core.names import printable
from .coco import object_mask

Part = Literal["train", "val"]
Size = tuple[int, int]  # width and height in pixels


class Shape(Protocol):
    """Where an object is, not decoded yet."""

    def mask(self, size: Size) -> Mask:
        """Bool HxW of a picture of this width and height.

        Raises:
            MaskError, DataError: it is damaged, or of another size.
        """


@dataclass(frozen=True)
class Segmentation:
    """Polygons or run lengths, as COCO's JSON has them."""

    value: object = field(repr=False)
    of: Size | None = None  # the picture's, where the set tells: polygons fit any

    def mask(self, size: Size) -> Mask:
        """See `Shape`."""
        refuse_other_size(self.of, size)
        return object_mask(self.value, size)


@dataclass(frozen=True, eq=False)
class Region:
    """The pixels of a map that hold one value."""

    numbers: NDArray[np.integer] = field(repr=False)  # HxW
    value: int

    def mask(self, size: Size) -> Mask:
        """See `Shape`."""
        height, width = self.numbers.shape
        refuse_other_size((width, height), size)
        return np.asarray(self.numbers == self.value)


def refuse_other_size(annotated: Size | None, size: Size) -> None:
    """Refuse annotations that are of a picture of another size.

    Raises:
        DataError: they are.
    """
    if annotated is not None and annotated != size:
        raise DataError(
            f"the annotations are of {annotated[0]}x{annotated[1]} pixels but the picture has "
            f"{size[0]}x{size[1]}; give the photographs at that size."
        )


@dataclass(frozen=True)
class RawObject:
    """One annotated object."""

    label: str | None
    crowd: bool  # whether it stands for many objects at once, or is to be ignored
    box: Box | None  # as the set says, where it says so
    shape: Shape = field(repr=False)
    layer: int | None = None  # where the set knows who is in front: greater is nearer


class RawPicture(Protocol):
    """A picture of a data set."""

    @property
    def id(self) -> str:
        """Its name in the set, without folder and suffix."""

    @property
    def photo(self) -> Path:
        """Its file."""

    def objects(self) -> list[RawObject]:
        """What is annotated in it, in the set's order; maybe nothing.

        Raises:
            InputError: an annotation is missing or damaged.
        """


@dataclass(frozen=True)
class ListedPicture:
    """A picture whose annotations were all in one file."""

    id: str
    photo: Path
    listed: tuple[RawObject, ...] = field(default=(), repr=False)

    def objects(self) -> list[RawObject]:
        """See `RawPicture`."""
        return list(self.listed)


def by_name(pictures: Iterable[RawPicture], where: Path) -> list[RawPicture]:
    """Pictures sorted by their ids.

    Raises:
        DataError: there are none, or two have one id.
    """
    found = sorted(pictures, key=lambda picture: picture.id)
    if not found:
        raise DataError(f"{printable(where)} has no pictures in it; check the folder.")
    for one, next_one in pairwise(found):
        if one.id == next_one.id:
            raise DataError(f"{printable(where)} has two pictures {printable(one.id)}; rename one.")
    return found


def files_below(folder: Path, suffixes: tuple[str, ...], what: str) -> list[Path]:
    """The files in a folder and those below it that end so, sorted.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {printable(folder)}; give the folder of {what}.")
    found = (path for path in folder.rglob("*") if path.name.lower().endswith(suffixes))
    return sorted(path for path in found if path.is_file())


Reader = Callable[[Path, Part], list[RawPicture]]
