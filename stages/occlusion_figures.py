"""The figures of one scene with a known hidden object.

| figure | of a scene | over the set |
|---|---|---|
| amodal | IoU of the whole extents of the hidden object and of its match, 0 without one | mean |
| invisible | the same within the occluder, where nothing of it is to be seen | mean |
| recall | whether the match has an IoU of at least 1/2 | share |
| false | instances that have no IoU of 1/2 with anything annotated | share of all instances |
| false_new | the same among those found after the first iteration | share of these |
| order | the occluder stands before the hidden object | share of scenes that have both |
| object_psnr | of the hidden pixels that the match shows, against the original | mean in dB |
| behind_psnr | of the erased pixels where the original has no object, likewise | mean in dB |

A "false" instance may well be a real thing that nobody annotated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..data.occlusion import Scene
from .occlusion_match import HIDDEN, OCCLUDER, Match, Truth, masked_iou, match
from .segment_canvas import FullCanvas, enlarged
from .segment_found import Found, LoopResult
from .segment_order import order_pairs, topological

# Of a figure over a set: what a scene adds to the numerator and to the denominator; (0, 0) where
# the scene has no such figure.
Fraction = tuple[float, float]

FIGURES = (
    "amodal", "invisible", "recall", "false", "false_new", "order", "object_psnr", "behind_psnr",
)  # fmt: skip
_LEAST_PIXELS = 64  # of which a PSNR is taken
_QUANTISED = 1 / 12  # mean square of rounding errors, the least that can be told (58.9 dB)


@dataclass(frozen=True)
class SceneFigures:
    """The figures of one scene after a number of iterations."""

    source: str  # the photograph
    hidden: float  # share of the hidden object
    fractions: dict[str, Fraction]  # by FIGURES


def scene_figures(scene: Scene, result: LoopResult[FullCanvas], iterations: int) -> SceneFigures:
    """The figures of one scene, as a run of so many iterations has them.

    Args:
        scene: with its truth.
        result: of the loop on its picture, of at least one iteration.
        iterations: at least 1.
    """
    found = result.after(iterations)
    shape = scene.amodal.shape
    instances = [replace(one, amodal=enlarged(one.amodal, shape)) for one in found]
    truth = Truth.of(scene)
    matches = match(instances, truth)
    new = {number for number, one in enumerate(instances) if one.iteration > 0}
    its = instances[matches.best[HIDDEN]] if HIDDEN in matches.best else None
    extent = np.zeros(shape, bool) if its is None else its.amodal
    recalled = matches.has(HIDDEN)
    inside = scene.occluder & truth.counts[HIDDEN]
    fractions: dict[str, Fraction] = {
        "amodal": (matches.iou.get(HIDDEN, 0.0), 1),
        "invisible": (masked_iou(extent, scene.amodal, inside), 1),
        "recall": (float(recalled), 1),
        "false": (len(matches.false), len(instances)),
        "false_new": (len(matches.false & new), len(new)),
        "order": _order(found, matches) if recalled else (0, 0),
        "object_psnr": (0, 0),
    }
    if its is not None:
        fractions["object_psnr"] = _psnr(scene, result, its.seen, scene.invisible & extent)
    bare = scene.occluder & (scene.objects == 0)
    last = min(iterations, len(result.rounds)) - 1
    fractions["behind_psnr"] = _psnr(scene, result, last, bare)
    return SceneFigures(scene.notes.source, scene.notes.hidden, fractions)


def _order(found: tuple[Found, ...], matches: Match) -> Fraction:
    """Whether the occluder comes before the hidden object, if it is found too."""
    if not matches.has(OCCLUDER):
        return 0, 0
    ranks = topological([one.number for one in found], order_pairs(found))
    front, behind = (found[matches.best[place]].number for place in (OCCLUDER, HIDDEN))
    return float(ranks.index(front) < ranks.index(behind)), 1


def _psnr(scene: Scene, result: LoopResult[FullCanvas], number: int, where: Mask) -> Fraction:
    """PSNR in dB of what is filled in the picture of a round, against the original."""
    entry = result.rounds[number]
    chosen = where & enlarged(entry.erased, where.shape)
    if chosen.sum() < _LEAST_PIXELS:
        return 0, 0
    return psnr(entry.canvas.full[chosen], scene.original[chosen]), 1


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio of 8-bit values, at most that of rounding."""
    error = float(np.square(one.astype(np.float64) - other).mean())
    return 10 * float(np.log10(255**2 / max(error, _QUANTISED)))
