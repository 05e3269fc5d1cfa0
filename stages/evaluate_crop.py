"""How well an engine crops: IoU, boundary displacement, best of five, and ranking of voted pairs.

The first two are those of Chen et al. (WACV 2017); with one annotator a photograph there is
nothing to choose between protocols. What is measured is what `compose crop` prints: integer
boxes of the same search, at the photograph's own size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import displacement, iou_matrix
from ..core.errors import DataError
from ..core.images import load_picture
from ..core.metrics import Difference, paired_bootstrap
from ..data.fcdb import CropPair, CropRecord, image_path, inside, read_crops, read_pairs
from ..models.crop_belief import CropBelief
from ..models.crop_engine import CropEngine
from .crop_search import CropRequest, search

Array = NDArray[np.float64]


@dataclass
class CropScores:
    """Figures of one engine, one entry a photograph (or a pair) in the data set's order."""

    engine: str
    iou: list[float] = field(default_factory=list)  # of the first crop
    displacement: list[float] = field(default_factory=list)  # of the first crop
    best_iou: list[float] = field(default_factory=list)  # best of the first `topk`
    pair_hits: list[bool] = field(default_factory=list)  # clear pairs ranked as voted

    def add(self, boxes: Array, truth: CropRecord, width: int, height: int) -> None:
        """Take in the crops (K,4) of one photograph, best first."""
        target = np.asarray([truth.box], np.float64)
        overlap = iou_matrix(np.asarray(boxes, np.float64), target)[:, 0]
        self.iou.append(float(overlap[0]))
        self.best_iou.append(float(overlap.max()))
        self.displacement.append(float(displacement(boxes[0], target[0], width, height)))

    def summary(self) -> dict[str, float | int | str | None]:
        """Means, as printed and put into JSON."""
        return {
            "engine": self.engine,
            "images": len(self.iou),
            "iou": float(np.mean(self.iou)),
            "displacement": float(np.mean(self.displacement)),
            "best_iou": float(np.mean(self.best_iou)),
            "pair_accuracy": float(np.mean(self.pair_hits)) if self.pair_hits else None,
            "pairs": len(self.pair_hits),
        }


@dataclass(frozen=True)
class FcdbSplit:
    """A split with its clear pairs by photograph."""

    root: Path
    records: list[CropRecord]
    pairs: dict[str, list[CropPair]]


def load_split(root: Path, split: str, *, votes: float = 0.8) -> FcdbSplit:
    """Read a split of FCDB and those of its pairs that are clear.

    Args:
        root: the data set's folder.
        split: `train` or `val`.
        votes: share of the annotators that a clear pair's winner needs (4 of 5).

    Raises:
        DataError: files are missing or malformed, or the split is empty.
    """
    records = read_crops(root, split)
    if not records:
        raise DataError(f"the split '{split}' names no photograph; choose another one.")
    names = {record.file for record in records}
    return FcdbSplit(Path(root), records, _clear_pairs(root, names, votes))


def clear_pairs(root: Path, names: set[str]) -> dict[str, list[CropPair]]:
    """Pairs that four of five people agree on by photograph; none where a set has no pairs."""
    return _clear_pairs(root, names, 0.8) if (Path(root) / "pairs.json").is_file() else {}


def _clear_pairs(root: Path, names: set[str], votes: float) -> dict[str, list[CropPair]]:
    pairs: dict[str, list[CropPair]] = {}
    for pair in read_pairs(root, only=names):
        if pair.clear(votes) and pair.votes_a != pair.votes_b:
            pairs.setdefault(pair.file, []).append(pair)
    return pairs


def evaluate_engine(
    engine: CropEngine,
    split: FcdbSplit,
    *,
    topk: int = 5,
    advance: Callable[[], object] = lambda: None,
) -> CropScores:
    """Crop every photograph of `split` and score the crops.

    Args:
        engine: reads a picture into a belief.
        split: from `load_split`.
        topk: crops a photograph, of which `best_iou` takes the best.
        advance: called after each photograph, for a progress bar.
    """
    scores = CropScores(engine.name)
    request = CropRequest(topk=topk)
    for record in split.records:
        picture = load_picture(image_path(split.root, record.file))
        width, height = picture.width, picture.height
        belief = engine.read(picture.over())
        crops = search(belief, width, height, request)
        scores.add(np.array([crop.box for crop in crops], np.float64), record, width, height)
        scores.pair_hits += pair_hits(belief, split.pairs.get(record.file, []), width, height)
        advance()
    return scores


def pair_hits(belief: CropBelief, pairs: list[CropPair], width: int, height: int) -> list[bool]:
    """Which of a photograph's pairs a belief ranks as people did; pairs that leave it are left out.

    Args:
        width, height: of the photograph.
    """
    scale = np.array([width, height, width, height], np.float64)
    hits = []
    for pair in pairs:
        if inside(pair.a, width, height) and inside(pair.b, width, height):
            a, b = belief.utility(np.array([pair.a, pair.b]) / scale)
            hits.append(bool((a > b) == (pair.votes_a > pair.votes_b)) and a != b)
    return hits


def compare(first: CropScores, others: Iterable[CropScores]) -> list[dict[str, object]]:
    """Paired bootstrap of the first engine against each other one, figure by figure."""
    rows: list[dict[str, object]] = []
    for other in others:
        row: dict[str, object] = {"engine": first.engine, "against": other.engine}
        for name in ("iou", "displacement", "best_iou", "pair_hits"):
            a = np.asarray(getattr(first, name), np.float64)
            b = np.asarray(getattr(other, name), np.float64)
            if len(a) and len(a) == len(b):
                row[name] = as_dict(paired_bootstrap(a, b))
        rows.append(row)
    return rows


def as_dict(difference: Difference) -> dict[str, float]:
    """As records have it."""
    return {
        "difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p_value,
    }
