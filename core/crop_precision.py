"""Average precision of crops as detections, at COCO's 101 recalls (Jia et al., CVPR 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .boxes import Boxes, iou_matrix

Rule = Literal["best", "last"]
_POINTS = np.linspace(0, 1, 101)  # of recall


@dataclass(frozen=True, eq=False)
class Detections:
    """What was predicted of one photograph, and its good crops."""

    boxes: Boxes  # (P,4), best first
    scores: NDArray[np.float64]  # (P,), comparable between photographs
    good: Boxes  # (G,4)


def average_precision(
    photographs: Sequence[Detections], eps: float, most: int, rule: Rule = "best"
) -> float:
    """`AP_most@ε`: mean of the interpolated precision at 101 recalls.

    In the order of their scores predictions take a good crop that is free and that they overlap
    with by an IoU of `eps` or more.

    Args:
        photographs: those of a set.
        eps: least IoU of a match.
        most: predictions of each photograph that count.
        rule: which crop is taken of several, the one with the greatest IoU or, as the released
            evaluator does, the last in the list.

    Returns:
        NaN where no photograph has a good crop.
    """
    total = sum(len(photograph.good) for photograph in photographs)
    if not total:
        return float("nan")
    hits = [matched(photograph, eps, rule, most) for photograph in photographs]
    scores = np.concatenate([np.zeros(0), *(p.scores[:most] for p in photographs)])
    order = np.argsort(-scores, kind="stable")
    right = np.concatenate([np.zeros(0, bool), *hits])[order].cumsum()
    if not len(right):
        return 0.0
    recall = right / total
    precision = right / np.arange(1, len(right) + 1)
    # the best precision at this recall or a higher one
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _POINTS, side="left")
    reached = places < len(envelope)
    return float(np.where(reached, envelope[np.minimum(places, len(envelope) - 1)], 0).mean())


def matched(photograph: Detections, eps: float, rule: Rule, most: int) -> NDArray[np.bool_]:
    """Which of the first `most` predictions (P,) find a good crop that is free."""
    overlaps = iou_matrix(np.asarray(photograph.boxes[:most], np.float64), photograph.good)
    free = np.ones(len(photograph.good), bool)
    found = np.zeros(len(overlaps), bool)
    for index, row in enumerate(overlaps):
        able = np.flatnonzero(free & (row >= eps))
        if len(able):
            taken = able[-1] if rule == "last" else able[np.argmax(row[able])]
            free[taken], found[index] = False, True
    return found
