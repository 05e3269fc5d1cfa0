"""How many of the objects that stand out are found, and how much of what is found is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..models.object_features import ious

_LEAST = 0.01  # share of the photograph that an object has at least, to count
_SALIENT = 0.5  # mean of the map in an object that stands out


@dataclass(frozen=True)
class ObjectFigures:
    """Of the salient objects of several photographs."""

    objects: int
    iou: float  # mean of that of the best mask
    close: float  # share of objects whose best mask has an IoU above 3/4
    recall: float  # share of objects that have a mask of their own, with an IoU above 1/2
    precision: float  # share of masks that have an object of their own, salient or not

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 without either."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def object_figures(
    photos: Iterable[tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float32]]],
) -> ObjectFigures:
    """Compare masks (K,h,w) with annotated objects (G,h,w), given the saliency (h,w) of each.

    What is smaller than a hundredth of its photograph counts neither here nor there.
    """
    best: list[float] = []
    matched = alone = right = wrong = 0
    for masks, objects, saliency in photos:
        objects, masks = (m[m.mean((1, 2)) >= _LEAST] for m in (objects, masks))
        salient = np.array([saliency[o].mean() >= _SALIENT for o in objects], bool)
        shares = ious(masks, objects)
        if salient.any():
            best += list(shares.max(0)[salient]) if len(masks) else [0.0] * int(salient.sum())
        rows, columns = linear_sum_assignment(-np.where(shares > 0.5, shares, 0))
        pairs = [c for r, c in zip(rows, columns, strict=True) if shares[r, c] > 0.5]
        own = int(salient[pairs].sum()) if pairs else 0
        matched, alone = matched + own, alone + int(salient.sum()) - own
        right, wrong = right + len(pairs), wrong + len(masks) - len(pairs)
    values = np.array(best)
    return ObjectFigures(
        objects=len(values),
        iou=float(values.mean()) if len(values) else 0.0,
        close=float((values > 0.75).mean()) if len(values) else 0.0,
        recall=matched / max(matched + alone, 1),
        precision=right / max(right + wrong, 1),
    )
