"""The data sets of crops by name: their readers, their parts, and what their boxes mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.errors import UsageError
from .cad import read_cad
from .cpc import GOOD as CPC_GOOD
from .cpc import read_cpc
from .crop_example import CropExample
from .fcdb import read_fcdb
from .flms import read_flms
from .gaicd import GOOD as GAICD_GOOD
from .gaicd import read_gaicd
from .sacd import read_sacd

Kind = Literal["drawn", "rated"]


@dataclass(frozen=True)
class CropSet:
    """How a data set is read."""

    read: Callable[[Path, str], list[CropExample]]
    kind: Kind  # crops that people drew, all good, or candidates with scores
    split: str  # the part that results are published on
    good: float | None = None  # score of a good crop; None: only the best count
    train: str | None = None  # the part that is trained on; None: there is none


CROP_SETS: dict[str, CropSet] = {
    "fcdb": CropSet(read_fcdb, "drawn", "val", train="train"),
    "flms": CropSet(read_flms, "drawn", "test"),
    "sacd": CropSet(read_sacd, "drawn", "test", train="train"),
    "gaicd": CropSet(read_gaicd, "rated", "test", GAICD_GOOD, train="train"),
    "cpc": CropSet(read_cpc, "rated", "all", CPC_GOOD, train="all"),
    # its best labels, of which the original is one
    "cad": CropSet(read_cad, "drawn", "all", train="all"),
}


def crop_set(name: str) -> CropSet:
    """The data set of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in CROP_SETS:
        raise UsageError(f"'{name}' is no data set of crops; use {', '.join(CROP_SETS)}.")
    return CROP_SETS[name]
