"""FLMS (Fang et al., ACM Multimedia 2014): 500 photographs, each with up to ten drawn crops.

Two layouts are read.

* As published: `image/NAME` and `500_image_dataset.mat`, whose variable `img_gt` has for each
  photograph its name and N x 4 edges, **rows first**: `y1 x1 y2 x2`. A row of -1 is no crop.
* As JSON with HCIC (Zhang et al., ECCV 2022): `image_crop.json`, `{NAME: [[x1, y1, x2, y2],
  ...]}`, and `human_bboxes.json`.

A few crops leave their photograph; `CropExample.inside` drops them as HCIC does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .crop_example import CropExample, box_array, picture_path, with_extent
from .human_boxes import read_human_boxes
from .matlab import read_matlab

MAT = "500_image_dataset.mat"


def read_flms(root: Path, split: str = "test") -> list[CropExample]:
    """Examples in the file's order; the set is a test set and has no other part.

    Raises:
        DataError: files are missing or not of either form.
    """
    root = Path(root)
    if split not in ("test", "all"):
        raise DataError(f"FLMS has no part '{split}'; choose test.")
    people = read_human_boxes(root)
    path = root / "image_crop.json"
    if path.is_file():
        table = read_json(path)
        if not isinstance(table, dict):
            raise DataError(f"{printable(path)} must hold an object of crops by file name.")
        rows = [(name, box_array(boxes, path)) for name, boxes in table.items()]
    else:
        path = root / MAT
        rows = [_rows_first(entry, path) for entry in _entries(path)]
    found = []
    for name, boxes in rows:
        boxes = boxes[with_extent(boxes)]
        picture = picture_path(root, ("image", "images"), name)
        found.append(CropExample(picture, boxes, None, people.get(name), Path(name).stem))
    return found


def _entries(path: Path) -> list[Any]:
    values = read_matlab(path).get("img_gt")
    if values is None:
        raise DataError(f"{printable(path)} has no variable img_gt; give FLMS's own file.")
    return list(np.asarray(values, object).ravel())


def _rows_first(entry: Any, path: Path) -> tuple[str, Any]:
    """Name and boxes in our order of one entry, a struct of two fields or a cell of two."""
    if isinstance(entry, np.ndarray) and entry.size == 1:  # a struct in a cell
        entry = entry.item()
    values = list(entry.values()) if isinstance(entry, dict) else list(np.ravel(entry))
    if len(values) < 2 or not isinstance(values[0], str):
        raise DataError(f"{printable(path)}: every entry of img_gt must be a name and its crops.")
    return values[0], box_array(values[1], path)[:, [1, 0, 3, 2]]
