"""GAICD, versions 1 and 2 (Zeng et al., CVPR 2019 and TPAMI 2020): 86 rated crops a photograph.

Two layouts are read.

* As published: `images/SPLIT/NAME.jpg` and `annotations/SPLIT/NAME.txt`, or the texts of all parts
  in `annotations/`; a crop a line, **rows first**: `y1 x1 y2 x2 score`. Scores are means of
  opinions from 1 to 5; -2 marks a crop that was discarded. Version 1 has the parts train and
  test, version 2 val too.
* As JSON with HCIC (Zhang et al., ECCV 2022): `image_crop.json`, `{NAME: {"bbox": [[x1, y1, x2,
  y2], ...], "score": [...]}}`, `original_data_split.json` and `human_bboxes.json`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.boxes import Box
from ..core.errors import DataError
from ..core.formats import IMAGE_SUFFIXES
from ..core.names import printable
from .coco import read_json
from .crop_example import CropExample, box_array, listed, picture_path, with_extent
from .human_boxes import read_human_boxes
from .scored_lines import read_scored_lines

DISCARDED = -2.0
GOOD = 4.0  # mean opinion from which on Jia et al. call a crop good


def read_gaicd(root: Path, split: str) -> list[CropExample]:
    """Examples of a part, in the order of the names or of the list.

    Raises:
        DataError: files are missing or not of either form.
    """
    root = Path(root)
    if (root / "image_crop.json").is_file():
        return _from_json(root, split)
    folder = root / "images" / split
    if not folder.is_dir():
        raise DataError(
            f"{printable(root)} has neither images/{split} nor image_crop.json; "
            "give GAICD's folder."
        )
    pictures = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
    if not pictures:
        raise DataError(f"{printable(folder)} holds no photograph; complete the data set.")
    return [_from_text(root, split, picture) for picture in pictures]


def _from_text(root: Path, split: str, picture: Path) -> CropExample:
    name = f"{picture.stem}.txt"
    places = [root / "annotations" / split / name, root / "annotations" / name]
    path = next((place for place in places if place.is_file()), places[0])
    rows = read_scored_lines(path)
    kept = rows[rows[:, 4] != DISCARDED]
    boxes = kept[:, [1, 0, 3, 2]]  # rows first on disk
    real = with_extent(boxes)
    return CropExample(picture, boxes[real], kept[real, 4], None, picture.stem)


def _from_json(root: Path, split: str) -> list[CropExample]:
    path = root / "image_crop.json"
    crops = read_json(path)
    parts_file = root / "original_data_split.json"
    parts = read_json(parts_file)
    if not isinstance(parts, dict) or split not in parts:
        raise DataError(f"{printable(parts_file)} has no part '{split}'; choose another one.")
    people = read_human_boxes(root)
    examples = []
    for name in listed(parts[split], parts_file):
        try:
            boxes = box_array(crops[name]["bbox"], path)
            scores = np.asarray(crops[name]["score"], np.float64)
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{printable(path)} has no crops with scores of {name}.") from None
        if not np.isfinite(scores).all():
            raise DataError(f"{printable(path)} has a score of {name} that is no finite number.")
        if len(scores) != len(boxes):
            raise DataError(f"{printable(path)} has {len(boxes)} crops of {name} but other scores.")
        kept = (scores != DISCARDED) & with_extent(boxes)
        picture = picture_path(root, (f"images/{split}", "images"), name)
        subject: Box | None = people.get(name)
        examples.append(CropExample(picture, boxes[kept], scores[kept], subject, Path(name).stem))
    return examples
