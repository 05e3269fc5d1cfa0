"""One photograph with annotated crops, as every data set of crops is read.

Boxes are ours, `(x1, y1, x2, y2)` in pixels of the upright photograph, right and bottom
exclusive. What a data set calls best has the highest score; where people drew crops instead of
rating them there are no scores, and every box is as good as the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.boxes import Box, Boxes, nms
from ..core.errors import DataError
from ..core.names import printable

_SLACK = 1.5  # pixels by which rounding may lead an edge out of the photograph


@dataclass(frozen=True, eq=False)
class CropExample:
    """Annotated crops of one photograph; see the module's text.

    Raises:
        ValueError: shapes do not fit, or a box is not finite or has no extent.
    """

    picture: Path  # may be missing: some annotations are published without photographs
    boxes: Boxes  # (N,4) in the file's order
    scores: NDArray[np.float64] | None  # (N,), or None for crops that were drawn
    subject: Box | None  # what the photograph is of, where the set says so
    source: str  # the same for all pictures that were made from one photograph

    def __post_init__(self) -> None:
        boxes = np.array(self.boxes, np.float64).reshape(-1, 4)
        if not np.isfinite(boxes).all() or (boxes[:, :2] >= boxes[:, 2:]).any():
            raise ValueError("every box needs finite edges with x1 < x2 and y1 < y2")
        object.__setattr__(self, "boxes", boxes)
        if self.scores is not None:
            scores = np.array(self.scores, np.float64)
            if scores.shape != (len(boxes),) or not np.isfinite(scores).all():
                raise ValueError(f"expected {len(boxes)} finite scores, got {scores.shape}")
            object.__setattr__(self, "scores", scores)

    def inside(self, width: int, height: int) -> CropExample:
        """The example without crops that leave a photograph of that size by more than rounding."""
        edges = self.boxes
        kept = (edges[:, :2] >= -_SLACK).all(1)
        kept &= (edges[:, 2] <= width + _SLACK) & (edges[:, 3] <= height + _SLACK)
        scores = None if self.scores is None else self.scores[kept]
        return CropExample(self.picture, edges[kept], scores, self.subject, self.source)


def good_crops(
    example: CropExample, least: float | None = None, most: int | None = None, apart: float = 0
) -> Boxes:
    """The crops (K,4) that count as positives, best first (Jia et al., CVPR 2022, §3.2).

    Args:
        example: with scores, or drawn crops, all of which are positives.
        least: score of a positive: 4 for GAICD, 2 for CPC. Where no crop reaches it, and where
            it is None, those that share the best score.
        most: how many at most.
        apart: of two that overlap by more than this IoU only the better counts; 0: both do.
    """
    scores = example.scores
    if scores is None:
        return example.boxes[:most]
    if not len(scores):
        return example.boxes
    chosen = scores >= (scores.max() if least is None else least)
    if not chosen.any():
        chosen = scores == scores.max()
    order = np.flatnonzero(chosen)[np.argsort(-scores[chosen], kind="stable")]
    if apart > 0:
        order = order[nms(example.boxes[order], scores[order], apart)]
    return example.boxes[order[:most]]


def box_array(rows: ArrayLike, path: Path) -> Boxes:
    """Rows of four numbers as an array (N,4), in the file's own order of the four.

    Raises:
        DataError: they are not that.
    """
    try:
        boxes = np.asarray(rows, np.float64).reshape(-1, 4)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{printable(path)} holds boxes that are not four numbers each.") from None
    if not np.isfinite(boxes).all():
        raise DataError(f"{printable(path)} holds a box with an edge that is no finite number.")
    return boxes


def with_extent(boxes: Boxes) -> NDArray[np.bool_]:
    """Which boxes (N,4) in our order have extent; the others stand for a crop that is absent."""
    return np.asarray((boxes[:, :2] < boxes[:, 2:]).all(1) & (boxes >= 0).all(1))


def picture_path(root: Path, folders: Iterable[str], name: str) -> Path:
    """Where the photograph `name` lies: in the first of the folders that has it.

    Of none, it is where it should lie, in the first.
    """
    places = [root / folder / name for folder in folders]
    return next((place for place in places if place.is_file()), places[0])


def listed(names: object, path: Path) -> list[str]:
    """A list of file names out of JSON.

    Raises:
        DataError: it is none.
    """
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{printable(path)} has no list of file names where one is expected.")
    return [str(name) for name in names]
