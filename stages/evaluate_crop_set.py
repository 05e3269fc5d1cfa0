"""The papers' figures of an engine on any data set of crops; see `core.crop_metrics`.

What is measured is what `compose crop` gives: whole boxes of the same search at the photograph's
own size and, of candidates that people rated, the score that it prints for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.crop_metrics import (
    KS,
    acc_k_of_n,
    acc_k_of_n_free,
    bar_acc_n,
    hit_best,
    overlap_n,
    pcc,
    srcc,
    weighted_acc_k_of_n,
)
from ..core.crop_precision import Detections, average_precision
from ..core.errors import DataError
from ..core.images import load_picture
from ..core.metrics import paired_bootstrap
from ..core.names import printable
from ..data.crop_example import CropExample, good_crops
from ..data.crop_sets import CropSet
from ..data.fcdb import CropPair
from ..models.crop_belief import CropBelief
from ..models.crop_engine import CropEngine
from .crop_search import CropRequest, search
from .evaluate_crop import as_dict, pair_hits

NS = (5, 10)  # of ACC_{K/N}, and how many predictions hit_best looks at
FIRST = (1, 2, 3)  # N of IoU_N and Disp_N


@dataclass(frozen=True)
class CropSetConfig:
    """What is measured."""

    eps: tuple[float, ...] = (0.9, 0.85)  # IoU from which on two crops are one (Jia et al.)
    detections: tuple[int, ...] = (5, 10)  # predictions of a photograph for AP
    topk: int = 5  # crops among which `best_iou` takes the best
    recall: float = 0.75  # IoU of a photograph that is recalled (HCIC)


@dataclass
class SetScores:
    """Figures of one engine, of each photograph in the set's order."""

    engine: str
    items: dict[str, list[float]] = field(default_factory=dict)  # NaN where there is none
    found: list[Detections] = field(default_factory=list)  # of rated sets, for AP
    pairs: list[bool] = field(default_factory=list)  # clear pairs ranked as voted
    photographs: int = 0

    def add(self, figures: Mapping[str, float]) -> None:
        """Take in the figures of one photograph, the same ones of each."""
        self.photographs += 1
        for name, value in figures.items():
            self.items.setdefault(name, []).append(value)

    def means(self, config: CropSetConfig) -> dict[str, float | None]:
        """Every figure of the set by its name; None where it cannot be had."""
        means: dict[str, float | None] = {}
        for name, values in self.items.items():
            known = np.array(values)[~np.isnan(values)]
            means[name] = float(known.mean()) if len(known) else None
        for eps in config.eps if self.found else ():
            for most in config.detections:
                value = average_precision(self.found, eps, most)
                means[f"ap_{most}@{_at(eps)}"] = None if np.isnan(value) else value
        if self.pairs:
            means["pair_accuracy"] = float(np.mean(self.pairs))
        return means


def evaluate_on(
    engine: CropEngine,
    examples: Sequence[CropExample],
    kind: CropSet,
    config: CropSetConfig | None = None,
    *,
    pairs: Mapping[str, list[CropPair]] | None = None,
    advance: Callable[[], object] = lambda: None,
) -> SetScores:
    """Crop every photograph and score what comes out.

    Annotated crops that leave their photograph are dropped, and photographs without any other.

    Args:
        engine: reads a picture into a belief.
        examples: of the data set's reader.
        kind: of the data set.
        config: what is measured.
        pairs: voted ones by the photographs' file names, where the set has some.
        advance: called after each photograph, for a progress bar.

    Raises:
        DataError: a photograph is missing, or there is none to measure on.
    """
    config = config or CropSetConfig()
    scores = SetScores(engine.name)
    for example in examples:
        if not example.picture.is_file():
            raise DataError(
                f"the photograph {printable(example.picture)} is missing; complete the data set."
            )
        picture = load_picture(example.picture)
        size = picture.width, picture.height
        example = example.inside(*size)
        if len(example.boxes):
            belief = engine.read(picture.over())
            if kind.kind == "drawn":
                scores.add(drawn_figures(belief, good_crops(example), size, config))
            else:
                figures, found = rated_figures(belief, example, kind.good, size, config)
                scores.add(figures)
                scores.found.append(found)
            voted = (pairs or {}).get(example.picture.name, [])
            scores.pairs += pair_hits(belief, voted, *size)
        advance()
    if not scores.photographs:
        raise DataError("the data set has no crop within a photograph; choose another part.")
    return scores


def _at(eps: float) -> str:
    """A threshold in a figure's name: with two digits, or as many as it has."""
    return max(f"{eps:.2f}", f"{eps:g}", key=len)


def drawn_figures(
    belief: CropBelief, truth: NDArray[np.float64], size: tuple[int, int], config: CropSetConfig
) -> dict[str, float]:
    """Figures of one photograph whose crops `truth` (G,4) people drew."""
    boxes, _ = _searched(belief, size, max(config.topk, *FIRST))
    figures: dict[str, float] = {}
    for n in FIRST:
        matched = overlap_n(boxes, truth, *size, n)
        independent = overlap_n(boxes, truth, *size, n, "independent")
        figures[f"iou_{n}"] = matched.iou
        figures[f"disp_{n}"] = matched.displacement
        figures[f"disp_{n}_independent"] = independent.displacement
    figures["best_iou"] = overlap_n(boxes, truth, *size, min(config.topk, len(boxes))).iou
    figures[f"recall@{config.recall:.2f}"] = float(figures["iou_1"] >= config.recall)
    return figures


def rated_figures(
    belief: CropBelief,
    example: CropExample,
    least: float | None,
    size: tuple[int, int],
    config: CropSetConfig,
) -> tuple[dict[str, float], Detections]:
    """Figures of one photograph whose candidates people rated, and its detections for AP.

    Args:
        least: score of a good crop.
    """
    crops, rated = example.boxes, example.scores
    assert rated is not None  # of a rated set
    shares = crops / np.array([*size, *size], np.float64)
    predicted = belief.utility(np.clip(shares, 0, 1)).astype(np.float64)
    figures = {"srcc": srcc(predicted, rated), "pcc": pcc(predicted, rated)}
    for n in NS:
        figures |= {f"acc_{k}_of_{n}": acc_k_of_n(predicted, rated, k, n) for k in KS}
        figures[f"bar_acc_{n}"] = bar_acc_n(predicted, rated, n)
        weighted = {
            f"weighted_acc_{k}_of_{n}": weighted_acc_k_of_n(predicted, rated, k, n) for k in KS
        }
        figures |= weighted
        figures[f"bar_weighted_acc_{n}"] = float(np.mean(list(weighted.values())))
    boxes, worth = _searched(belief, size, max(*NS, *config.detections))
    for eps in config.eps:
        for n in NS:
            free = [acc_k_of_n_free(boxes, crops, rated, k, n, eps) for k in KS]
            figures |= {
                f"acc_{k}_of_{n}@{_at(eps)}": value for k, value in zip(KS, free, strict=True)
            }
            figures[f"bar_acc_{n}@{_at(eps)}"] = float(np.mean(free))
            figures[f"hit_best@{n}@{_at(eps)}"] = hit_best(boxes, crops, rated, n, eps)
    best = crops[[int(np.argmax(rated))]]
    top = overlap_n(boxes, best, *size)
    figures["iou_best"], figures["disp_best"] = top
    return figures, Detections(boxes, worth, good_crops(example, least))


def compare_sets(first: SetScores, others: Iterable[SetScores]) -> list[dict[str, object]]:
    """Paired bootstrap over the photographs, of the first engine against each other one."""
    rows: list[dict[str, object]] = []
    for other in others:
        row: dict[str, object] = {"engine": first.engine, "against": other.engine}
        for name in first.items:
            a, b = np.array(first.items[name]), np.array(other.items.get(name, []))
            if len(a) == len(b):
                both = ~np.isnan(a) & ~np.isnan(b)
                if both.any():
                    row[name] = as_dict(paired_bootstrap(a[both], b[both]))
        if first.pairs and len(first.pairs) == len(other.pairs):
            hits = np.array(first.pairs, float), np.array(other.pairs, float)
            row["pair_accuracy"] = as_dict(paired_bootstrap(*hits))
        rows.append(row)
    return rows


def _searched(
    belief: CropBelief, size: tuple[int, int], topk: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Crops (K,4), best first, and their scores (K,)."""
    crops = search(belief, *size, CropRequest(topk=topk))
    boxes = np.array([crop.box for crop in crops], np.float64)
    return boxes, np.array([crop.score for crop in crops], np.float64)
