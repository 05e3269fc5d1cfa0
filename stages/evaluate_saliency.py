"""How well an engine finds the subject: mean absolute error, F-measure and IoU on given masks.

The F-measure is that of Achanta et al. (CVPR 2009), with beta² = 0.3; its greatest value is over
the 255 thresholds that all photographs share, as in the salient-object literature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.images import load_picture
from ..core.masks import Mask
from ..core.metrics import paired_bootstrap
from ..data.sod import SubjectRecord, read_truth
from ..models.saliency import SaliencyReader

BETA2 = 0.3
THRESHOLDS = np.arange(1, 256) / 256
FIGURES = ("mae", "f_half", "iou")


@dataclass
class SaliencyScores:
    """Figures of one engine, one entry a photograph in the list's order."""

    engine: str
    mae: list[float] = field(default_factory=list)
    f_half: list[float] = field(default_factory=list)  # F-measure where the map is at least 1/2
    iou: list[float] = field(default_factory=list)  # likewise
    curves: list[NDArray[np.float64]] = field(default_factory=list)  # F at each threshold

    def add(self, found: NDArray[np.float32], truth: Mask, counts: Mask | None = None) -> None:
        """Take in one map HxW in [0, 1].

        Args:
            found: the map.
            truth: the subject, HxW, True somewhere.
            counts: which pixels count; all by default.
        """
        if counts is not None:
            found, truth = found[counts], truth[counts]
        self.mae.append(float(np.abs(found - truth).mean()))
        level = np.searchsorted(THRESHOLDS, found.ravel(), side="right")  # thresholds reached
        length = len(THRESHOLDS) + 1
        hits = _at_least(np.bincount(level[truth.ravel()], minlength=length))
        marked = _at_least(np.bincount(level, minlength=length))
        precision = hits / np.maximum(marked, 1)
        recall = hits / truth.sum()
        below = np.maximum(BETA2 * precision + recall, 1e-12)
        self.curves.append((1 + BETA2) * precision * recall / below)
        half = len(THRESHOLDS) // 2
        self.f_half.append(float(self.curves[-1][half]))
        self.iou.append(float(hits[half] / (marked[half] + truth.sum() - hits[half])))

    def summary(self) -> dict[str, float | int | str]:
        """Means, as printed and put into JSON."""
        return {
            "engine": self.engine,
            "images": len(self.mae),
            "mae": float(np.mean(self.mae)),
            "max_f": float(np.mean(self.curves, 0).max()),
            "f_half": float(np.mean(self.f_half)),
            "iou": float(np.mean(self.iou)),
        }


def evaluate_saliency(
    engine: SaliencyReader,
    records: Iterable[SubjectRecord],
    *,
    advance: Callable[[], object] = lambda: None,
) -> SaliencyScores:
    """Read every photograph of `records` at its own size and score the maps.

    Args:
        engine: reads a picture into a map.
        records: from `data.sod.read_subjects`.
        advance: called after each photograph, for a progress bar.

    Raises:
        ImageError, MaskError, DataError: a photograph or a mask is not as needed.
    """
    scores = SaliencyScores(engine.name)
    for record in records:
        picture = load_picture(record.photo)
        truth, counts = read_truth(record, (picture.width, picture.height))
        scores.add(engine.read(picture.over()), truth, counts)
        advance()
    return scores


def compare_saliency(
    first: SaliencyScores, others: Iterable[SaliencyScores]
) -> list[dict[str, object]]:
    """Paired bootstrap of the first engine against each other one, figure by figure."""
    rows: list[dict[str, object]] = []
    for other in others:
        row: dict[str, object] = {"engine": first.engine, "against": other.engine}
        for name in FIGURES:
            d = paired_bootstrap(np.array(getattr(first, name)), np.array(getattr(other, name)))
            row[name] = {"difference": d.mean, "low": d.low, "high": d.high, "p": d.p_value}
        rows.append(row)
    return rows


def _at_least(histogram: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many reach each threshold, from how many reach exactly k of them."""
    return np.cumsum(histogram[::-1])[::-1][1:]
