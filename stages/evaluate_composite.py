"""How close composites come to the photograph that their objects were cut from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..core.bootstrap import Statistic, difference, interval, ratio_of_sums
from ..core.masks import Mask, mask_box
from .composite import largest_difference
from .composite_engine import Composed, CompositeEngine, Placed, Scene
from .composite_pairs import Case
from .composite_peers import PLAIN
from .evaluate_inpaint import hole_distance, hole_psnr, hole_ssim

if TYPE_CHECKING:
    from ..models.encoder import Encoder

REGIONS = ("union", "front", "back", "overlap")
MEASURES = ("psnr", "ssim", "distance")
FIGURES = (*(f"{m}_{r}" for m in MEASURES for r in REGIONS), "identity", "spill")
_AROUND = 64  # pixels about the boxes that figures of regions may look at


@dataclass
class CompositeScores:
    """Figures of one engine on one task, one entry a pair in the cases' order."""

    task: str
    engine: str
    figures: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in FIGURES})
    outside: list[int] = field(default_factory=list)  # of 255, largest difference
    stable: list[bool] = field(default_factory=list)  # the other way round: the same bytes
    seconds: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Means with 95 % intervals; figures that no pair has are left out."""
        row: dict[str, Any] = {
            "task": self.task,
            "engine": self.engine,
            "pairs": len(self.seconds),
            "outside": max(self.outside, default=0),
            "stable": float(np.mean(self.stable)),
            "seconds": float(np.median(self.seconds)),
        }
        for name in self.known():
            row[name] = asdict(interval(self.mean(name), len(self.seconds)))
        return row

    def known(self) -> list[str]:
        """The figures that some pair has: boxes that only touch have no overlap."""
        return [name for name in FIGURES if not np.isnan(self.figures[name]).all()]

    def mean(self, name: str) -> Statistic:
        """The mean over the pairs that have the figure."""
        values = np.asarray(self.figures[name], np.float64)
        has = ~np.isnan(values)
        return ratio_of_sums(np.where(has, values, 0), has.astype(np.float64))


def score_case(
    engines: Sequence[CompositeEngine],
    case: Case,
    encoder: Encoder,
    scores: Sequence[CompositeScores],
    *,
    advance: Callable[[], object] = lambda: None,
) -> None:
    """Compose a case by every engine and append what was found.

    Args:
        engines: each is given the same scene; those of `composite_peers.PLAIN` with objects as
            their masks say.
        case: from `composite_pairs.open_cases`.
        encoder: whose features and embeddings are compared.
        scores: of the engines, in their order.
        advance: called after every composite, for a progress bar.
    """
    for engine, score in zip(engines, scores, strict=True):
        scene = case.plain if engine.name in PLAIN else case.scene
        began = time.perf_counter()
        composed = engine.compose(scene)
        score.seconds.append(time.perf_counter() - began)
        for name, value in case_figures(case, composed, encoder).items():
            score.figures[name].append(value)
        ground = scene.background
        score.outside.append(largest_difference(composed.rgb, ground, ~composed.zone))
        again = engine.compose(swapped(scene))
        score.stable.append(np.array_equal(composed.rgb, again.rgb))
        advance()


def case_figures(case: Case, composed: Composed, encoder: Encoder) -> dict[str, float]:
    """All of FIGURES; NaN in regions that a pair does not have.

    Regions are of the objects' boxes: where either is, the one in front alone, the other alone,
    both. Everything but the region is taken from the truth; then psnr is of the region's pixels,
    ssim of the windows around them, distance of a window around the region. identity is the mean
    cosine of the embeddings of the objects' boxes, composed and true; spill the mean difference
    from the background, of 255, where no box is.
    """
    scene, made, truth = case.scene, composed.rgb, case.truth
    found = dict.fromkeys(FIGURES, float("nan"))
    areas = regions(scene)
    part = _grown(areas["union"])
    here, wanted = made[part], truth[part]
    for region, where in areas.items():
        inside = where[part]
        if not inside.any():
            continue
        mixed = np.where(inside[..., None], here, wanted)
        found[f"psnr_{region}"] = hole_psnr(here, wanted, inside)
        found[f"ssim_{region}"] = hole_ssim(mixed, wanted, inside)
        found[f"distance_{region}"] = hole_distance(encoder, mixed, wanted, inside)
    found["identity"] = float(np.mean([_likeness(encoder, made, truth, p) for p in scene.objects]))
    beyond = ~areas["union"]
    if beyond.any():
        apart = np.abs(made[beyond].astype(np.int16) - scene.background[beyond])
        found["spill"] = float(apart.mean())
    return found


def regions(scene: Scene) -> dict[str, Mask]:
    """The boxes' regions HxW by their names in REGIONS, of a scene of two objects."""
    boxes = []
    for number in scene.order:
        x1, y1, x2, y2 = scene.objects[number].box
        where = np.zeros(scene.background.shape[:2], bool)
        where[y1:y2, x1:x2] = True
        boxes.append(where)
    front, back = boxes
    return {
        "union": front | back, "front": front & ~back, "back": back & ~front,
        "overlap": front & back,
    }  # fmt: skip


def swapped(scene: Scene) -> Scene:
    """The same scene with its objects listed the other way round."""
    last = len(scene.objects) - 1
    order = tuple(last - number for number in scene.order)
    return Scene(scene.background, scene.objects[::-1], order, scene.seed, scene.name, scene.sample)


def compare_composites(
    first: CompositeScores, others: Iterable[CompositeScores]
) -> list[dict[str, object]]:
    """Differences of the figures of `first` from those of each other, with 95 % intervals."""
    rows: list[dict[str, object]] = []
    for other in others:
        row: dict[str, object] = {
            "task": first.task, "engine": first.engine, "against": other.engine,
        }  # fmt: skip
        for name in first.known():
            d = difference(first.mean(name), other.mean(name), len(first.seconds))
            row[name] = {"difference": d.mean, "low": d.low, "high": d.high, "p": d.p_value}
        rows.append(row)
    return rows


def _likeness(
    encoder: Encoder, made: NDArray[np.uint8], truth: NDArray[np.uint8], placed: Placed
) -> float:
    import torch

    x1, y1, x2, y2 = placed.box
    pair = np.stack([made[y1:y2, x1:x2], truth[y1:y2, x1:x2]])
    with torch.inference_mode():
        vectors = encoder.embedding(torch.from_numpy(pair).permute(0, 3, 1, 2).float() / 255)
        return float((vectors[0] * vectors[1]).sum())


def _grown(where: Mask) -> tuple[slice, slice]:
    box = mask_box(where)
    return (
        slice(max(int(box.y1) - _AROUND, 0), int(box.y2) + _AROUND),
        slice(max(int(box.x1) - _AROUND, 0), int(box.x2) + _AROUND),
    )
