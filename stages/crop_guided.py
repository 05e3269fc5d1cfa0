"""The best crops under a guide: the engine's score and the layout's agreement, mixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.crop_belief import CropBelief
from .crop_guide import Guide
from .crop_limits import IntBoxes, Limits
from .crop_search import Space, apart
from .layout import Array, layouts
from .layout_scene import LayoutScene

_CANDIDATES = 200  # the likeliest, of which layouts are told
_TWINS = 0.85  # crops that overlap by more are one answer; more than elsewhere, for all agree
_STEPS = (1 / 16, 1 / 32, 1 / 32, 1 / 64)  # shares of the sides, one a move of the finer search


@dataclass(frozen=True)
class GuidedConfig:
    """How much a guide counts."""

    weight: float = 0.7  # 0: only the engine counts; 1: only the layout, among good crops
    least: float = 0.5  # of the best crop's score, that every crop has


class GuidedChoice:
    """Chooses crops of one picture; in place of `crop_search.select`.

    Args:
        scene: of the picture.
        guide: what is wanted.
    """

    def __init__(
        self, scene: LayoutScene, guide: Guide, config: GuidedConfig | None = None
    ) -> None:
        self.scene, self.guide, self.config = scene, guide, config or GuidedConfig()

    def __call__(
        self, belief: CropBelief, limits: Limits, space: Space, topk: int, diverse: float | None
    ) -> IntBoxes:
        """Up to `topk` crops (K,4), the best first."""
        threshold = _TWINS if diverse is None else diverse
        boxes = np.unique(space.candidates(belief), axis=0)
        utility = belief.utility(limits.shares(boxes))
        floor = self.config.least * float(utility.max())
        order = np.argsort(-utility, kind="stable")[:_CANDIDATES]
        boxes, utility = boxes[order], utility[order]
        boxes = boxes[utility >= floor]
        highest = float(utility[0])

        def value(tried: IntBoxes) -> Array:
            shares = limits.shares(tried)
            scores = belief.utility(shares).astype(np.float64)
            agreement = self.guide.agreement(
                layouts(self.scene, shares.astype(np.float64), symmetry=self.guide.symmetry)
            )
            weight = self.config.weight
            mixed = (1 - weight) * scores / max(highest, 1e-9) + weight * agreement
            return np.where(scores >= floor, mixed, -1)

        chosen, values = _distinct(boxes, value(boxes), topk, threshold)
        for step in _STEPS:
            near = [space.neighbours(box, step) for box in chosen]
            if not sum(map(len, near)):
                break
            tried, start = value(np.concatenate(near)), 0
            for index, boxes in enumerate(near):
                part = tried[start : start + len(boxes)]
                start += len(boxes)
                others = np.delete(chosen, index, 0)
                part = np.where(apart(boxes, others, threshold), part, -1)
                if len(part) and part.max() > values[index] + 1e-6:
                    best = int(part.argmax())
                    chosen[index], values[index] = boxes[best], part[best]
        return chosen[np.argsort(-values, kind="stable")]


def _distinct(
    boxes: IntBoxes, values: Array, count: int, threshold: float
) -> tuple[IntBoxes, Array]:
    """The best of boxes (N,4), none of which overlaps a better one by more than the threshold."""
    boxes, values = boxes.copy(), values.copy()
    order = np.argsort(-values, kind="stable")
    boxes, values = boxes[order], values[order]
    kept = np.empty((0, 4), np.int64)
    rows: list[int] = []
    while len(rows) < count:
        free = np.flatnonzero(apart(boxes, kept, threshold) & (values >= 0))
        free = free[~np.isin(free, rows)]
        if not len(free):
            break
        rows.append(int(free[0]))
        kept = boxes[rows]
    return boxes[rows], values[rows]
