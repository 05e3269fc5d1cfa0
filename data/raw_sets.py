"""The data sets that pairs are made of, by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.errors import DataError, UsageError
from ..core.names import printable
from .raw import Part, RawPicture, Reader
from .raw_bdd100k import open_bdd100k
from .raw_cityscapes import open_cityscapes
from .raw_coco import open_coco, open_lvis
from .raw_mapillary import open_mapillary
from .raw_objects365 import open_objects365
from .raw_vitonhd import open_vitonhd

Rule = Literal["overlap", "largest"]


@dataclass(frozen=True)
class SetKind:
    """A data set's reader and which of a picture's objects make a pair."""

    read: Reader
    rule: Rule = "overlap"  # "largest": its regions meet anyway


KINDS = {
    "lvis": SetKind(open_lvis),
    "coco": SetKind(open_coco),
    "vitonhd": SetKind(open_vitonhd, "largest"),
    "objects365": SetKind(open_objects365),
    "cityscapes": SetKind(open_cityscapes),
    "mapillary": SetKind(open_mapillary),
    "bdd100k": SetKind(open_bdd100k),
}


@dataclass(frozen=True)
class RawSet:
    """A data set to read."""

    name: str  # of KINDS
    root: Path

    @property
    def rule(self) -> Rule:
        """Which objects make a pair."""
        return KINDS[self.name].rule

    def pictures(self, part: Part) -> list[RawPicture]:
        """The pictures of a part, sorted by id.

        Raises:
            DataError: the set is incomplete or damaged.
        """
        if not self.root.is_dir():
            raise DataError(f"there is no folder {printable(self.root)}; check --raw.")
        return KINDS[self.name].read(self.root, part)


def parse_raw(texts: list[str]) -> list[RawSet]:
    """The sets that `NAME:DIR` mean, each name once.

    Raises:
        UsageError: a name is not known or comes twice, or there is no folder.
    """
    found: list[RawSet] = []
    for text in texts:
        name, colon, folder = text.partition(":")
        if not colon or not folder or name not in KINDS:
            raise UsageError(
                f"'{text}' is no data set; write NAME:DIR, NAME of {', '.join(KINDS)}."
            )
        if any(name == each.name for each in found):
            raise UsageError(f"the set {name} is given twice; give each once.")
        found.append(RawSet(name, Path(folder).expanduser()))
    return found
