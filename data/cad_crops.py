"""Known crops of photographs as FCDB's lists have them: `[{"file", "crop": [x, y, w, h]}, …]`."""

from __future__ import annotations

from pathlib import Path

from ..core.boxes import Box
from .fcdb import read_crop_list


def read_known_crops(path: Path) -> dict[str, Box]:
    """Crops by file name, in pixels of the files.

    Raises:
        DataError: the file is missing or not of that form.
    """
    return {record.file: record.box for record in read_crop_list(path)}
