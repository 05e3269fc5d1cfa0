"""COCO 2017 and LVIS v1 (Gupta et al., 2019) in the layouts they are published in.

    coco:DIR   annotations/instances_train2017.json   train2017/*.jpg or images/train2017/*.jpg
    lvis:DIR   lvis_v1_train.json or annotations/…    train2017/*.jpg, val2017/*.jpg

LVIS is annotated on COCO's photographs and names them by `coco_url` alone; its own val part has
some of COCO's train2017. It has no crowds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from ..core.names import printable
from .coco import base_of, coco_files
from .coco_index import IndexedPicture, index_coco
from .raw import Part, RawObject, RawPicture, Segmentation, by_name


def open_coco(root: Path, part: Part) -> list[RawPicture]:
    """The pictures of a part of COCO 2017, sorted.

    Raises:
        DataError: the set is incomplete or damaged.
    """
    annotations, folder = coco_files(root, f"{part}2017")
    pictures = index_coco(annotations)
    return by_name((CocoRaw(folder, base_of(each.file), each) for each in pictures), annotations)


def open_lvis(root: Path, part: Part) -> list[RawPicture]:
    """The pictures of a part of LVIS, sorted; of version 1 where both versions are there.

    Raises:
        DataError: the set is incomplete or damaged.
    """
    names = [f"{name}_{part}.json" for name in ("lvis_v1", "lvis_v0.5")]
    places = [root / below / name for name in names for below in ("", "annotations")]
    annotations = next((path for path in places if path.is_file()), None)
    if annotations is None:
        raise DataError(f"{printable(root)} holds no {names[0]}; give the folder of LVIS.")
    found = []
    folders: dict[str, Path | None] = {}
    for entry in index_coco(annotations, _lvis_file):
        below, _, name = entry.file.rpartition("/")
        if below not in folders:
            places = [root / above / below for above in ("", "images", "coco")]
            folders[below] = next((path for path in places if path.is_dir()), None)
        folder = folders[below]
        if folder is None:
            raise DataError(f"{printable(root)} holds no folder {below}; put COCO's there.")
        found.append(CocoRaw(folder, name, entry))
    return by_name(found, annotations)


def _lvis_file(row: Mapping[str, Any]) -> object:
    url = row.get("coco_url")
    if not isinstance(url, str):  # version 0.5
        name = row.get("file_name")
        url = name.replace("COCO_val2014_", "val2017/") if isinstance(name, str) else None
    parts = url.split("/")[-2:] if url else []
    safe = len(parts) == 2 and parts[0] in ("train2017", "val2017") and parts[1] not in ("", "..")
    return "/".join(parts) if safe else None


@dataclass(frozen=True, slots=True)
class CocoRaw:
    """A picture of COCO or LVIS; see `RawPicture`."""

    folder: Path
    name: str
    entry: IndexedPicture

    @property
    def photo(self) -> Path:
        """See `RawPicture`."""
        return self.folder / self.name

    @property
    def id(self) -> str:
        """See `RawPicture`."""
        return self.photo.stem

    def objects(self) -> list[RawObject]:
        """See `RawPicture`."""
        size = self.entry.width, self.entry.height
        return [
            RawObject(each.label, each.crowd, each.box, Segmentation(each.segmentation, size))
            for each in self.entry.objects()
        ]
