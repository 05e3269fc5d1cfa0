"""Flickr Cropping Database (Chen et al., WACV 2017): one crop a photograph, and voted crop pairs.

On disk: `images/`, `train.json` and `val.json` as lists of `{"file", "crop": [x, y, w, h]}`, and
`pairs.json` as a list of `{"file", "a": [x, y, w, h], "b": [x, y, w, h], "votes_a", "votes_b"}`,
all in pixels of the files in `images/`.
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
        rows = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{printable(path)} is missing; give the folder that holds it.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read as JSON ({error}).") from None
    if not isinstance(rows, list):
        raise DataError(f"{printable(path)} must hold a list of records.")
    return rows


def _box(row: dict[str, Any], key: str, path: Path) -> Box:
    try:
        x, y, width, height = row[key]
        box = Box(*(float(v) for v in from_xywh(np.array([x, y, width, height], np.float64))))
    except (KeyError, TypeError, ValueError):
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
    return [CropRecord(str(row["file"]), _box(row, "crop", path)) for row in _read(path)]


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
        pairs.append(CropPair(str(row["file"]), a, b, int(row["votes_a"]), int(row["votes_b"])))
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
