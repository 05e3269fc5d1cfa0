"""Mapillary Vistas (Neuhold et al., ICCV 2017), versions 1.2 and 2.0: vehicles of its instances.

    mapillary:DIR   config_v2.0.json   training/images/*.jpg   training/v2.0/instances/*.png
                    config_v1.2.json   training/images/*.jpg   training/v1.2/instances/*.png
                    config.json        training/images/*.jpg   training/instances/*.png

A pixel of an instance map is label * 256 + number; the labels are the places in the config's list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .label_map import read_label_map
from .raw import Part, RawObject, RawPicture, Region, by_name, files_below

# labels 107, 108, 109 and 114 of version 2.0
CLASSES = ("bus", "car", "caravan", "truck")
_VERSIONS = ("v2.0", "v1.2", "")
_FOLDERS = {"train": "training", "val": "validation"}


@dataclass(frozen=True)
class Scene:
    """A photograph and its instance map."""

    photo: Path
    instances: Path
    labels: dict[int, str] = field(repr=False)  # those that are looked for

    @property
    def id(self) -> str:
        """See `RawPicture`."""
        return self.photo.stem

    def objects(self) -> list[RawObject]:
        """In the order of labels, then numbers; see `RawPicture`."""
        numbers = read_label_map(self.instances)
        values = [int(value) for value in np.unique(numbers) if int(value) // 256 in self.labels]
        return [RawObject(self.labels[v // 256], False, None, Region(numbers, v)) for v in values]


def open_mapillary(root: Path, part: Part) -> list[RawPicture]:
    """The photographs of a part, sorted; of version 2.0 where several are there.

    Raises:
        DataError: the set is incomplete or damaged.
    """
    folder = root / _FOLDERS[part]
    for version in _VERSIONS:
        config = root / (f"config_{version}.json" if version else "config.json")
        instances = folder / version / "instances"
        if config.is_file() and instances.is_dir():
            break
    else:
        raise DataError(
            f"{printable(root)} has no config_v2.0.json with {_FOLDERS[part]}/v2.0/instances; give "
            "Mapillary's folder."
        )
    labels = _labels(config)
    photos = files_below(folder / "images", (".jpg",), "Mapillary Vistas")
    return by_name((Scene(p, instances / f"{p.stem}.png", labels) for p in photos), folder)


def _labels(config: Path) -> dict[int, str]:
    document = read_json(config)
    rows = document.get("labels") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{printable(config)} has no list of labels; give Mapillary's own.")
    wanted = {f"object--vehicle--{name}": name for name in CLASSES}
    return {
        place: wanted[row["name"]]
        for place, row in enumerate(rows)
        if row.get("name") in wanted and row.get("instances", True)
    }
