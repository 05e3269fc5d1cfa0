"""SACD (Yang et al., 2023): a subject a photograph, six to eight crops around it.

The parts' files `train.json`, `val.json` and `test.json` are `{"imgs": [...], "jsons": [...]}`,
paths below the root. A photograph's own JSON has lists of `[x1, y1, x2, y2]` (`phase1_box`,
`phase2_box`, `select_from_phase2_box`, `crop_box`, and `best_box`, mostly of one) and `mask_box`,
the subject, **a string** `"[x, y, w, h]"` that holds JSON in another order than the rest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..core.boxes import Box, Boxes, from_xywh
from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .crop_example import CropExample, box_array, listed, with_extent


def read_sacd(root: Path, split: str = "test") -> list[CropExample]:
    """Examples in the list's order.

    Their boxes are `best_box` and then `crop_box`, the good crops that results are compared with
    (both papers take the same set, in either order); see `good_crops`.

    Raises:
        DataError: files are missing or not of that form.
    """
    root = Path(root)
    path = root / f"{split}.json"
    lists = read_json(path)
    if not isinstance(lists, dict):
        raise DataError(f"{printable(path)} must hold the lists 'imgs' and 'jsons'.")
    pictures, notes = (listed(lists.get(key), path) for key in ("imgs", "jsons"))
    if len(pictures) != len(notes):
        raise DataError(f"{printable(path)} lists {len(pictures)} photographs, {len(notes)} JSONs.")
    return [
        _example(root / picture, root / note) for picture, note in zip(pictures, notes, strict=True)
    ]


def read_sacd_phases(path: Path) -> dict[str, Boxes]:
    """All lists of crops (N,4) of one photograph's JSON by their keys there.

    Raises:
        DataError: the file is missing or not of that form.
    """
    keys = ("phase1_box", "phase2_box", "select_from_phase2_box", "crop_box", "best_box")
    entry = _entry(path)
    return {key: box_array(entry[key], path) for key in keys if key in entry}


def _example(picture: Path, path: Path) -> CropExample:
    entry = _entry(path)
    boxes = np.concatenate(
        [box_array(entry.get(key, []), path) for key in ("best_box", "crop_box")]
    )
    return CropExample(
        picture,
        boxes[with_extent(boxes)],
        None,
        _subject(entry.get("mask_box"), path),
        picture.stem,
    )


def _entry(path: Path) -> dict[str, Any]:
    entry = read_json(path)
    if not isinstance(entry, dict):
        raise DataError(f"{printable(path)} must hold an object with the crops of a photograph.")
    return entry


def _subject(value: object, path: Path) -> Box | None:
    if value is None:
        return None
    try:
        numbers: Any = json.loads(value) if isinstance(value, str) else value
        box = Box(*(float(edge) for edge in from_xywh(box_array(numbers, path))[0]))
    except (ValueError, IndexError, RecursionError):
        raise DataError(f"{printable(path)}: 'mask_box' must be a string of x, y, w, h.") from None
    return box if box.area > 0 else None
