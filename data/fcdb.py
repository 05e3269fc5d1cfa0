"""Flickr Cropping Database (Chen et al., WACV 2017): one crop a photograph, and voted crop pairs.

On disk: `images/`, `train.json` and `val.json` as lists of `{"file", "crop": [x, y, w, h]}`, and
`pairs.json` as a list of `{"file", "a": [x, y, w, h], "b": [x, y, w, h], "votes_a", "votes_b"}`,
all in pixels of the files in `images/`.

`read_fcdb` also reads the set as it was published (`cropping_training_set.json` and
`cropping_testing_set.json`, lists of `{"url", "crop": [x, y, w, h]}`, photographs in `data/`) and
as JSON with HCIC (Zhang et al., ECCV 2022: `image_crop.json`, `{NAME: [x, y, w, h]}`,
`data_split.json` and `human_bboxes.json`).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.boxes import Box, from_xywh
from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .crop_example import CropExample, listed, picture_path
from .human_boxes import read_human_boxes

SPLITS = ("train", "val")
# annotated edges may pass the border by rounding; further out the annotation is dropped
_SLACK = 1.5


@dataclass(frozen=True)
class CropRecord:
    """A photograph and the crop its annotator drew, in pixels of the file."""

    file: str
    box: Box


@dataclass(frozen=True)
class CropPair:
    """Two crops of one photograph and how many of the annotators preferred each."""

    file: str
    a: Box
    b: Box
    votes_a: int
    votes_b: int

    def clear(self, share: float = 0.8) -> bool:
        """Whether one side has at least `share` of the votes (4 of 5 by default)."""
        return max(self.votes_a, self.votes_b) >= share * (self.votes_a + self.votes_b)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{printable(path)} is missing; give the folder that holds it.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read as JSON ({error}).") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{printable(path)} must hold a list of records.")
    return rows


def _file(row: dict[str, Any], path: Path) -> str:
    file = row.get("file")
    if not isinstance(file, str) or not file:
        raise DataError(f"{printable(path)} has a record without 'file'; name its photograph.")
    return file


def _box(row: dict[str, Any], key: str, path: Path) -> Box:
    try:
        x, y, width, height = row[key]
        box = Box(*(float(v) for v in from_xywh(np.array([x, y, width, height], np.float64))))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise DataError(f"{printable(path)}: '{key}' must be [x, y, w, h].") from None
    if not np.isfinite(box).all() or box.width <= 0 or box.height <= 0:
        raise DataError(f"{printable(path)}: '{key}' of {row.get('file')} has no extent.")
    return box


def read_crops(root: Path, split: str) -> list[CropRecord]:
    """Records of `split` in the file's order.

    Raises:
        DataError: the split's file is missing or not of the documented form.
    """
    return read_crop_list(Path(root) / f"{split}.json")


def read_crop_list(path: Path) -> list[CropRecord]:
    """Records of one list in its order.

    Raises:
        DataError: it is missing or not of the documented form.
    """
    return [CropRecord(_file(row, path), _box(row, "crop", path)) for row in _read(path)]


def read_pairs(root: Path, *, only: Collection[str] | None = None) -> list[CropPair]:
    """Voted pairs in the file's order.

    Args:
        root: the data set's folder.
        only: file names to keep; all when None. Training passes the train split's names, so
            that no pair of a held-back photograph is seen.
    """
    path = Path(root) / "pairs.json"
    pairs = []
    for row in _read(path):
        if only is not None and row.get("file") not in only:
            continue
        a, b = _box(row, "a", path), _box(row, "b", path)
        try:
            votes = int(row["votes_a"]), int(row["votes_b"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise DataError(f"{printable(path)}: 'votes_a' and 'votes_b' must be counts.") from None
        pairs.append(CropPair(_file(row, path), a, b, *votes))
    return pairs


def inside(box: Box, width: int, height: int) -> bool:
    """Whether `box` stays in a picture of that size, up to rounding; one pair in 1000 does not."""
    return (
        box.x1 >= -_SLACK
        and box.y1 >= -_SLACK
        and box.x2 <= width + _SLACK
        and box.y2 <= height + _SLACK
    )


def image_path(root: Path, file: str) -> Path:
    """Where the photograph `file` lies."""
    return Path(root) / "images" / file


_PUBLISHED = {"train": "cropping_training_set.json", "test": "cropping_testing_set.json"}
_FOLDERS = ("images", "data", "image")


def read_fcdb(root: Path, split: str) -> list[CropExample]:
    """Examples of a part in the file's order, in whichever of three layouts it is.

    Raises:
        DataError: files are missing or not of the documented form, or there is no such part.
    """
    root = Path(root)
    published, table = root / _PUBLISHED.get(split, ""), root / "image_crop.json"
    if published.is_file():
        rows = [
            (_name_of(row, published), _box(row, "crop", published)) for row in _read(published)
        ]
    elif table.is_file():
        rows = _listed_crops(root, table, split)
    else:
        rows = [(record.file, record.box) for record in read_crops(root, split)]
    people = read_human_boxes(root)
    return [
        CropExample(
            picture_path(root, _FOLDERS, name),
            np.array([box], np.float64),
            None,
            people.get(name),
            Path(name).stem,
        )
        for name, box in rows
    ]


def _name_of(row: dict[str, Any], path: Path) -> str:
    url = row.get("url")
    if not isinstance(url, str) or not url.rpartition("/")[2]:
        raise DataError(f"{printable(path)} has an entry without url; fetch it again.")
    return url.rpartition("/")[2]


def _listed_crops(root: Path, table: Path, split: str) -> list[tuple[str, Box]]:
    parts_file = root / "data_split.json"
    parts, crops = read_json(parts_file), read_json(table)
    if not isinstance(parts, dict) or not isinstance(crops, dict) or split not in parts:
        raise DataError(f"{printable(parts_file)} has no part '{split}'; choose another one.")
    names = listed(parts[split], parts_file)
    missing = [name for name in names if name not in crops]
    if missing:
        raise DataError(f"{printable(table)} has no crop of {printable(missing[0])}.")
    return [(name, _box({"file": name, "crop": crops[name]}, "crop", table)) for name in names]
