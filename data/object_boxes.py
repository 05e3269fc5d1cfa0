"""Boxes of detected objects, as published with S2CNet (Su et al., AAAI 2024) for GAICD.

`{ID: [[y1, x1, y2, x2], ...]}`: **rows first**. (Taken as x first, the boxes of 1,183 of version
1's 1,236 photographs leave them; taken so, those of none do.)
"""

from __future__ import annotations

from pathlib import Path

from ..core.boxes import Boxes
from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .crop_example import box_array, with_extent


def read_object_boxes(path: Path) -> dict[str, Boxes]:
    """Boxes (N,4) in our order by the photographs' names without suffix.

    Raises:
        DataError: the file is missing or not of that form.
    """
    entries = read_json(path)
    if not isinstance(entries, dict):
        raise DataError(f"{printable(path)} must hold an object of lists of boxes by name.")
    found = {}
    for name, rows in entries.items():
        boxes = box_array(rows, path)[:, [1, 0, 3, 2]]
        found[str(name)] = boxes[with_extent(boxes)]
    return found
