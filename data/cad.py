"""CAD (ProCrop's outpainted photographs): a text of crops beside each picture `ID_K.jpg`.

A line is `x1 y1 x2 y2 score` in pixels of the picture, x first. **The first line is always the
original photograph within the outpainted picture.** A line without a score counts as 5; others are
ten times the confidence of the network that proposed them.

Pictures of one photograph share their ID, which is all of the stem before the last underscore:
`12345_0` is the photograph 12345. (Python's `int("12345_0")` is 123450, which is how one reader
came to lose its labels.)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.boxes import Box, Boxes
from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.formats import IMAGE_SUFFIXES
from ..core.names import printable
from .crop_example import CropExample, with_extent
from .scored_lines import read_scored_lines


def read_cad(root: Path, split: str = "all") -> list[CropExample]:
    """Examples by name: those of the folder `split` below the root, or all below it.

    The original's region is the first box and the subject.

    Raises:
        DataError: there is none, or a text is missing or not of that form.
    """
    root = Path(root)
    folder = root if split == "all" else root / split
    pictures = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    if not pictures:
        raise DataError(f"{printable(folder)} holds no picture; give the folder of a CAD set.")
    return [_example(picture) for picture in pictures]


def _example(picture: Path) -> CropExample:
    path = picture.with_suffix(".txt")
    rows = read_scored_lines(path)
    boxes = rows[:, :4]
    if not len(rows) or not with_extent(boxes[:1])[0]:
        raise DataError(f"{printable(path)}: the first line must be the original's region.")
    real = with_extent(boxes)
    original = Box(*(float(edge) for edge in boxes[0]))
    return CropExample(picture, boxes[real], rows[real, 4], original, source_of(picture))


def source_of(picture: Path) -> str:
    """The photograph that a picture `ID_K.jpg` was made of: ID; without a K, the whole stem."""
    head, _, tail = picture.stem.rpartition("_")
    return head if head and tail.isdigit() else picture.stem


def write_cad_labels(picture: Path, boxes: Boxes, scores: np.ndarray) -> Path:
    """Write the text beside a picture, atomically; the first box is the original's region.

    Edges are written as whole pixels where they are whole, else with two digits.

    Raises:
        ValueError: there is no box, or not a score for each.
        OutputError: it cannot be written.
    """
    if not len(boxes) or len(boxes) != len(scores):
        raise ValueError(f"expected boxes with a score each, got {len(boxes)} and {len(scores)}")
    path = picture.with_suffix(".txt")
    lines = [
        " ".join([*(f"{edge:.2f}".rstrip("0").rstrip(".") for edge in box), f"{score:.4f}"])
        for box, score in zip(boxes, scores, strict=True)
    ]
    with atomic_write(path) as part:
        part.write_text("\n".join(lines) + "\n", "utf-8")
    return path
