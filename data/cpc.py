"""CPC (Wei et al., CVPR 2018): 24 crops a photograph, each rated by several people.

Two layouts are read.

* As published: `images/NAME` and `CollectedAnnotationsRaw/NAME.txt` (or both below a folder of
  their part, `train`, `all_images`, `all_labels`): one line, a JSON string that holds JSON,
  `{"scores": [[a rater's score of each crop], ...], "bboxes": [[x1, y1, x2, y2] x 24]}`. The
  score of a crop is the mean over the raters.
* As JSON with HCIC (Zhang et al., ECCV 2022): `image_crop.json`, `{NAME: {"bboxes": [[x1, y1, x2,
  y2], ...], "scores": [...]}}`, and `human_bboxes.json`.

CPC has no parts of its own; "all" is everything, and any other part is a folder's name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .crop_example import CropExample, box_array, picture_path, with_extent
from .human_boxes import read_human_boxes

GOOD = 2.0  # mean score from which on Jia et al. call a crop good
RAW = "CollectedAnnotationsRaw"


def read_cpc(root: Path, split: str = "all") -> list[CropExample]:
    """Examples by name.

    Raises:
        DataError: files are missing or not of either form.
    """
    root = Path(root)
    people = read_human_boxes(root)
    found = []
    for name, path, entry in _entries(root, split):
        try:
            boxes = box_array(entry["bboxes"], path)
            scores = np.asarray(entry["scores"], np.float64)
        except (KeyError, TypeError, ValueError):
            raise DataError(
                f"{printable(path)} has no 'scores' and 'bboxes' of {printable(name)}."
            ) from None
        scores = _means(scores, len(boxes), path)
        real = with_extent(boxes)
        folders = (f"images/{split}", "images/all_images", "images")
        picture = picture_path(root, reversed(folders) if split == "all" else folders, name)
        found.append(
            CropExample(picture, boxes[real], scores[real], people.get(name), Path(name).stem)
        )
    return found


def _entries(root: Path, split: str) -> list[tuple[str, Path, Any]]:
    path = root / "image_crop.json"
    if path.is_file():
        table = read_json(path)
        if not isinstance(table, dict):
            raise DataError(f"{printable(path)} must hold an object of crops by file name.")
        return [(name, path, table[name]) for name in sorted(table)]
    places = [root / RAW / split, root / RAW / "all_labels", root / RAW]
    folder = next((place for place in places if any(place.glob("*.txt"))), None)
    if folder is None:
        raise DataError(
            f"{printable(root)} has neither {RAW} nor image_crop.json; give CPC's folder."
        )
    return [(path.name[:-4], path, _decoded(path)) for path in sorted(folder.glob("*.txt"))]


def _decoded(path: Path) -> Any:
    """The JSON in the JSON string of a raw file."""
    value = read_json(path)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise DataError(f"{printable(path)} holds a string that is no JSON.") from None
    return value


def _means(scores: NDArray[np.float64], crops: int, path: Path) -> NDArray[np.float64]:
    """Scores (crops,) out of one for each crop, or (raters, crops)."""
    if not np.isfinite(scores).all():
        raise DataError(f"{printable(path)} has a score that is no finite number.")
    if scores.ndim == 2 and scores.shape[1] == crops and len(scores):
        return np.asarray(scores.mean(0))
    if scores.shape != (crops,):
        raise DataError(f"{printable(path)} has {crops} crops but scores of {scores.shape}.")
    return scores
