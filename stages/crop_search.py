"""From a belief to crops: the set of crops of which the best is expected to fit best.

The first crop has the greatest utility (expected IoU with the photographer's). Every further one
adds most to the expected overlap of the best of the set, sum_m p_m max_b IoU(b, m): greedy
maximisation of a monotone submodular function (Nemhauser, Wolsey and Fisher, 1978), which makes
a set of different good answers and not one answer five times. Each is refined by a coordinate
search on the same objective before the next is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import iou_matrix
from ..models.crop_belief import CropBelief, expectation
from .crop_aspect import AspectCrops
from .crop_free import FreeCrops
from .crop_limits import IntBoxes, Limits
from .crop_request import Aspect, aspect_name
from .crop_request import CropRequest as CropRequest

TWINS = 0.95  # crops that overlap by more are one answer
_STEPS = (1 / 32, 1 / 64, 1 / 128, 1 / 256)  # shares of the sides, of the finer search
_MOVES = 4  # at most, with each step
_GAIN = 1e-6  # what float32 can tell; a crop that adds no more is none


@dataclass(frozen=True)
class Crop:
    """One crop found."""

    rank: int  # 1 is the best; counted for each aspect
    box: tuple[int, int, int, int]  # x1, y1, x2, y2 in pixels of the upright original
    score: float  # expected IoU with the photographer's crop, in [0,1]
    aspect: str  # as asked, "16:9"; else what the box has: "3:2", or "1.42:1" for no simple one
    importance: float  # expected share of the photographer's crop that lies within, in [0,1]
    shape: str | None = None  # the aspect that was asked for, None for a free one
    subject: int | None = None  # the number from 1 of the one it serves, with --per-subject


class Space(Protocol):
    """A family of crops within limits; every box it gives respects them."""

    def candidates(self, belief: CropBelief) -> IntBoxes:
        """Crops (N,4) to start from, at least one."""
        ...

    def neighbours(self, box: IntBoxes, share: float) -> IntBoxes:
        """Crops (K,4) that differ from `box` (4,) by a step of `share` of the sides."""
        ...


class Choose(Protocol):
    """A way to choose crops, the best first; see `select`."""

    def __call__(
        self, belief: CropBelief, limits: Limits, space: Space, topk: int, diverse: float | None
    ) -> IntBoxes:
        """Up to `topk` crops (K,4)."""
        ...


def search(
    belief: CropBelief,
    width: int,
    height: int,
    request: CropRequest,
    choose: Choose | None = None,
) -> list[Crop]:
    """The best crops of a picture, for each aspect asked for those of one after the other.

    There are `request.topk` of each, or fewer where a further one would add nothing: where the
    picture is tiny, the request leaves few, or the belief is certain.

    Args:
        width, height: of the upright picture in pixels.
        choose: chooses and ranks crops in place of `select`, whose are ranked by their scores.

    Raises:
        InputError: no crop of this picture satisfies the request.
    """
    limits = Limits.of(width, height, request)
    least = (1, 1) if request.size is None or request.upscale else request.size
    crops = []
    for shape in request.shapes():
        space = FreeCrops(limits) if shape is None else AspectCrops(shape, limits, least)
        crops += search_in(space, belief, limits, request, shape, choose)
    return crops


def search_in(
    space: Space,
    belief: CropBelief,
    limits: Limits,
    request: CropRequest,
    shape: Aspect | None,
    choose: Choose | None = None,
) -> list[Crop]:
    """The best crops of one family, in order of their scores, or as `choose` ranks them."""
    boxes = (choose or select)(belief, limits, space, request.topk, request.diverse)
    shares = limits.shares(boxes)
    scores, importance = belief.utility(shares), belief.importance(shares)
    order = range(len(boxes)) if choose else np.argsort(-scores, kind="stable")
    crops = []
    for rank, index in enumerate(order, 1):
        x1, y1, x2, y2 = (int(edge) for edge in boxes[index])
        label = shape.label if shape else None
        name = label or aspect_name(x2 - x1, y2 - y1)
        score = min(float(scores[index]), 1.0)
        crops.append(Crop(rank, (x1, y1, x2, y2), score, name, float(importance[index]), label))
    return crops


def select(
    belief: CropBelief, limits: Limits, space: Space, topk: int, diverse: float | None
) -> IntBoxes:
    """Up to `topk` crops (K,4) in the order in which they were chosen; see the module's text."""
    threshold = TWINS if diverse is None else diverse
    boxes = _from_centre(np.unique(space.candidates(belief), axis=0), limits)
    overlaps = belief.overlaps(limits.shares(boxes))
    best = np.zeros(len(belief.probability), np.float32)
    chosen = np.empty((0, 4), np.int64)
    while len(chosen) < topk:
        gains = _expected_best(overlaps, best, belief)
        gains = np.where(apart(boxes, chosen, threshold), gains, -1)
        index = int(np.argmax(np.round(gains, 6)))  # of equal ones the most central
        if len(chosen) and gains[index] <= expectation(best[None], belief.probability)[0] + _GAIN:
            break
        box = _refine(boxes[index], gains[index], belief, limits, space, best, chosen, threshold)
        chosen = np.concatenate([chosen, box[None]])
        best = np.maximum(best, belief.overlaps(limits.shares(box))[0])
    return chosen


def _refine(
    box: IntBoxes,
    value: np.float32,
    belief: CropBelief,
    limits: Limits,
    space: Space,
    best: NDArray[np.float32],
    chosen: IntBoxes,
    threshold: float,
) -> IntBoxes:
    """Climb from `box` by ever smaller steps while the objective grows."""
    for share in _STEPS:
        for _ in range(_MOVES):
            near = space.neighbours(box, share)
            near = near[apart(near, chosen, threshold)]
            if not len(near):
                break
            values = _expected_best(belief.overlaps(limits.shares(near)), best, belief)
            index = int(np.argmax(values))
            if values[index] <= value + _GAIN:
                break
            box, value = near[index], values[index]
    return box


def _expected_best(
    overlaps: NDArray[np.float32], best: NDArray[np.float32], belief: CropBelief
) -> NDArray[np.float32]:
    """The set's expected best overlap with each of the crops added: (N,M), (M,) → (N,)."""
    return expectation(np.maximum(overlaps, best), belief.probability)


def apart(boxes: IntBoxes, chosen: IntBoxes, threshold: float) -> NDArray[np.bool_]:
    """Which boxes (N,4) overlap with none of the chosen (K,4) by more than the threshold."""
    if not len(chosen):
        return np.ones(len(boxes), bool)
    return np.asarray(
        (iou_matrix(boxes.astype(np.float64), chosen.astype(np.float64)) <= threshold).all(1)
    )


def _from_centre(boxes: IntBoxes, limits: Limits) -> IntBoxes:
    """The boxes, the most central first."""
    away = boxes[:, :2] + boxes[:, 2:] - np.array([limits.width, limits.height])
    return boxes[np.argsort((away.astype(np.float64) ** 2).sum(1), kind="stable")]
