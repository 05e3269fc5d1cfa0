"""The person in each photograph, as published with HCIC (Zhang et al., ECCV 2022) for four sets.

`human_bboxes.json` is `{NAME: [x1, y1, x2, y2]}`; CPC's has `{NAME: {"bbox": [x1, y1, x2, y2],
"weight": W, "height": H}}`, where "weight" means the width.
"""

from __future__ import annotations

from pathlib import Path

from ..core.boxes import Box
from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .crop_example import box_array


def read_human_boxes(root: Path) -> dict[str, Box]:
    """Boxes by the photographs' names; none where the folder has no such file.

    Raises:
        DataError: the file is not of that form.
    """
    path = root / "human_bboxes.json"
    if not path.is_file():
        return {}
    entries = read_json(path)
    if not isinstance(entries, dict):
        raise DataError(f"{printable(path)} must hold an object of boxes by file name.")
    found = {}
    for name, entry in entries.items():
        if isinstance(entry, dict):
            entry = entry.get("bbox")
        rows = box_array(entry, path)
        if len(rows) != 1:
            raise DataError(f"{printable(path)} has not one box of {printable(name)}.")
        box = Box(*(float(edge) for edge in rows[0]))
        if box.area > 0:
            found[name] = box
    return found
