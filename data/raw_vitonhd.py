"""VITON-HD (Choi et al., CVPR 2021): people with what they wear as regions of a label map.

    vitonhd:DIR   train/image/*.jpg   train/image-parse-v3/*.png   test/…

A parse map is a palette PNG of indices 0 to 19, 0 for the background. What the set calls test is
the part `val` here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.errors import DataError
from ..core.names import printable
from .label_map import read_label_map
from .raw import Part, RawObject, RawPicture, Region, by_name, files_below

# of the parser that the set's authors used
LABELS = (
    "background", "hat", "hair", "glove", "sunglasses", "upper clothes", "dress", "coat", "socks",
    "pants", "torso skin", "scarf", "skirt", "face", "left arm", "right arm", "left leg",
    "right leg", "left shoe", "right shoe",
)  # fmt: skip
_FOLDERS = ("image-parse-v3", "image-parse")


@dataclass(frozen=True)
class Dressed:
    """A person and the parse map."""

    photo: Path
    parse: Path

    @property
    def id(self) -> str:
        """See `RawPicture`."""
        return self.photo.stem

    def objects(self) -> list[RawObject]:
        """One a region; see `RawPicture`."""
        numbers = read_label_map(self.parse)
        values = [int(value) for value in np.unique(numbers) if 0 < value < len(LABELS)]
        return [RawObject(LABELS[v], False, None, Region(numbers, v)) for v in values]


def open_vitonhd(root: Path, part: Part) -> list[RawPicture]:
    """The people of a part, sorted.

    Raises:
        DataError: the set is incomplete.
    """
    folder = root / ("train" if part == "train" else "test")
    photos = files_below(folder / "image", (".jpg",), "VITON-HD")
    parses = next((folder / name for name in _FOLDERS if (folder / name).is_dir()), None)
    if parses is None:
        raise DataError(f"{printable(folder)} has no folder {_FOLDERS[0]}; give VITON-HD's folder.")
    return by_name((Dressed(photo, parses / f"{photo.stem}.png") for photo in photos), folder)
