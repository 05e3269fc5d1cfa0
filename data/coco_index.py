"""Where each picture's annotations lie in COCO's JSON, so that they need not be held in memory."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .coco import CocoObject, key_of, object_of, size_and_file
from .json_records import read_records, records_at

_FORM = "COCO's JSON of instances"
_KEYS = ("images", "annotations", "categories")
_SPAN = struct.Struct("<qi")  # first byte and length


@dataclass(frozen=True, slots=True)
class IndexedPicture:
    """A picture of a file; its annotations are read when they are asked for."""

    file: str  # as the file has it, maybe with folders
    width: int
    height: int
    path: Path = field(repr=False)  # the JSON
    labels: Mapping[int | str, str] = field(repr=False)  # the categories' names, of all pictures
    spans: bytes = field(repr=False)  # of its annotations, in the file's order

    def objects(self) -> Iterator[CocoObject]:
        """What is annotated in it, in the file's order.

        Raises:
            DataError: the file cannot be read or has changed.
        """
        for row in records_at(self.path, _SPAN.iter_unpack(self.spans)):
            yield object_of(row, self.labels.get(row.get("category_id", "")))


def index_coco(
    path: Path, file_of: Callable[[Mapping[str, Any]], object] = lambda row: row.get("file_name")
) -> list[IndexedPicture]:
    """The pictures of a file, in its order; annotations without a segmentation are left out.

    As `coco.read_coco`, but memory is taken by the pictures and not by what is annotated.

    Args:
        path: the JSON file.
        file_of: what an entry of `images` calls its file.

    Raises:
        DataError: the file cannot be read or is not COCO's JSON of instances.
    """
    rows: list[tuple[int | str, str, int, int]] = []
    labels: dict[int | str, str] = {}
    places: dict[int | str, int] = {}  # of pictures, as they are first named
    owner, start, length = array("i"), array("q"), array("i")
    for record in read_records(path, _KEYS, _FORM):
        row = record.value
        if record.key == "images":
            rows.append((key_of(row, "id", path), *size_and_file(row, file_of, path)))
        elif record.key == "categories":
            if "name" in row:
                labels[key_of(row, "id", path)] = str(row["name"])
        elif row.get("segmentation"):
            key_of(row, "category_id", path)
            owner.append(places.setdefault(key_of(row, "image_id", path), len(places)))
            start.append(record.start)
            length.append(record.length)
    owners = np.frombuffer(owner, np.int32)
    order = np.argsort(owners, kind="stable")
    ends = np.searchsorted(owners[order], np.arange(len(places) + 1))
    found = []
    for number, file, width, height in rows:
        place = places.get(number)
        mine = order[ends[place] : ends[place + 1]].tolist() if place is not None else []
        spans = b"".join(_SPAN.pack(start[k], length[k]) for k in mine)
        found.append(IndexedPicture(file, width, height, path, labels, spans))
    return found
