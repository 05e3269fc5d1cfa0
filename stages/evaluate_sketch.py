"""How well sketches show their photographs: what MROSS's paper measures, and what it leaves out.

SSIM (Wang et al. 2004); the distance of a perceptual network, which is LPIPS (Zhang et al. 2018)
without its learned weights where that network is a VGG; the cosine of two embeddings; and how
far the ink lies on the photograph's edges.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..core.metrics import paired_bootstrap
from ..core.ssim import ssim
from .sketch_edges import edge_map
from .sketch_metrics import edge_agreement, ink_mask
from .sketch_networks import Networks
from .sketch_pair import Pairing, read_pair

Figures = dict[str, float | int | None]

# name of a figure -> whether more of it is better, None where neither is
MEASURES: dict[str, bool | None] = {
    "ssim": True,
    "perceptual": False,
    "cosine": True,
    "edge_recall": True,
    "edge_precision": True,
    "edge_f1": True,
    "ink": None,
    "strokes": None,
    "length": None,
    "seconds": None,
}


@dataclass(frozen=True)
class SketchScores:
    """Figures of one sketch; None where a figure cannot be had."""

    ssim: float  # of the luminance
    perceptual: float  # distance, 0 for equal pictures
    cosine: float
    edge_recall: float | None  # None for a photograph without edges
    edge_precision: float | None  # None for a sketch without ink
    edge_f1: float | None
    ink: float  # share of the canvas, washes of an SVG apart
    strokes: int | None = None  # None but for SVG
    length: float | None = None  # canvas pixels; None but for SVG
    seconds: float | None = None  # that the run took, where it is known
    left_out: tuple[str, ...] = ()  # what of an SVG was not drawn, say "fills: 3"

    def figures(self) -> Figures:
        """The figures by the names in `MEASURES`."""
        values = asdict(self)
        return {name: values[name] for name in MEASURES}


@dataclass(frozen=True)
class Comparison:
    """One figure of two sets of sketches of the same photographs, first minus second."""

    measure: str
    difference: float
    low: float  # 95 % interval of a paired bootstrap
    high: float
    p: float
    wins: int  # photographs on which the first set is better
    ties: int
    photographs: int


def evaluate_sketch(
    sketch: Path,
    target: Path,
    networks: Networks,
    pairing: Pairing,
    *,
    seconds: float | None = None,
) -> SketchScores:
    """Measure one sketch, an SVG or a picture, against the photograph it was drawn after.

    Raises:
        InputError: a file cannot be read, or the two have other proportions and are not to be
            squashed.
    """
    pair = read_pair(sketch, target, pairing)
    ink = ink_mask(pair.lines, pair.paper)
    agreement = edge_agreement(ink, edge_map(pair.photo))
    perceptual, cosine = networks.compare(pair.sketch, pair.photo)
    return SketchScores(
        ssim=ssim(pair.sketch, pair.photo),
        perceptual=perceptual,
        cosine=cosine,
        edge_recall=agreement.recall,
        edge_precision=agreement.precision,
        edge_f1=agreement.f1,
        ink=float(ink.mean()),
        strokes=None if pair.drawing is None else len(pair.drawing.points),
        length=None if pair.drawing is None else float(pair.drawing.lengths().sum()),
        seconds=seconds,
        left_out=pair.left_out,
    )


def mean_figures(sketches: Sequence[Mapping[str, float | int | None]]) -> Figures:
    """Means of all figures, each over the sketches that have it; None where none has."""
    means: Figures = {}
    for name in MEASURES:
        values = [value for figures in sketches if (value := figures[name]) is not None]
        means[name] = statistics.fmean(values) if values else None
    return means


def compare_sets(
    first: Mapping[str, Sequence[Figures]], second: Mapping[str, Sequence[Figures]]
) -> list[Comparison]:
    """Compare two sets photograph by photograph in every figure of which more or less is better.

    Args:
        first, second: figures of the sketches of each photograph; those of one photograph are
            averaged, and photographs that only one set has are left out.
    """
    common = [name for name in first if name in second]
    means = [{name: mean_figures(one[name]) for name in common} for one in (first, second)]
    rows = []
    for measure, more_is_better in MEASURES.items():
        if more_is_better is None:
            continue
        pairs = [(means[0][name][measure], means[1][name][measure]) for name in common]
        both = [(a, b) for a, b in pairs if a is not None and b is not None]
        if not both:
            continue
        a, b = np.array(both, np.float64).T
        found = paired_bootstrap(a, b)
        better = a > b if more_is_better else a < b
        wins, ties = int(better.sum()), int((a == b).sum())
        rows.append(
            Comparison(
                measure, found.mean, found.low, found.high, found.p_value, wins, ties, len(both)
            )
        )
    return rows
