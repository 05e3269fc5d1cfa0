"""Figures of merit of cropping, each under a name of its own; pure functions of one photograph.

Two metrics of the literature share the name ACC_{1/5}: GAIC's asks how many of the first K
predictions are among the N best rated crops (`acc_k_of_n`, and `acc_k_of_n_free` for boxes that are
no candidates); Jia et al.'s, which ProCrop and Multi in One inherit, asks whether any of the first
predictions is the single best crop (`hit_best`). Neither is given in place of the other.

Boxes are `(x1, y1, x2, y2)` (…,4), predictions come best first, and a hit is 1.0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .boxes import Boxes, displacement, iou_matrix

Protocol = Literal["matched", "independent"]
PROTOCOLS = get_args(Protocol)
KS = (1, 2, 3, 4)  # over which bar_acc_n takes the mean
DECAY = {5: 0.2, 10: 0.1}  # of the rank-weighted accuracy (Zeng et al., TPAMI 2020)
_TIE = 1e-9  # of IoU


class Overlap(NamedTuple):
    """How well predictions fit one photograph's crops."""

    iou: float
    displacement: float  # boundary displacement in shares of the sides


def overlap_n(
    predicted: Boxes,
    truth: Boxes,
    width: float,
    height: float,
    n: int = 1,
    protocol: Protocol = "matched",
) -> Overlap:
    """IoU_N and Disp_N: the best of the first `n` predictions against the best annotator.

    `matched` (HCIC, GenCrop) takes the displacement of the pair with the greatest IoU, of equal
    ones the least. `independent` (ProCrop) takes the least of all pairs, whatever their IoU.

    Args:
        predicted: (P,4), at least one.
        truth: (G,4), at least one.
        width, height: of the photograph.
    """
    first = np.asarray(predicted, np.float64)[:n]
    truth = np.asarray(truth, np.float64)
    iou = iou_matrix(first, truth)
    away = displacement(first[:, None], truth[None], width, height)
    best = float(iou.max())
    pairs = away if protocol == "independent" else away[iou >= best - _TIE]
    return Overlap(best, float(pairs.min()))


def acc_k_of_n(predicted: ArrayLike, rated: ArrayLike, k: int, n: int) -> float:
    """ACC_{K/N} (Zeng et al., CVPR 2019): share of the first `k` that rate as the `n` best do.

    Args:
        predicted: scores (C,) that an engine gives the candidates.
        rated: people's scores (C,) of the same; what equals the n-th best counts as it.
    """
    predicted, rated = np.asarray(predicted, np.float64), np.asarray(rated, np.float64)
    order = np.argsort(-predicted, kind="stable")[:k]
    return float((rated[order] >= _nth_best(rated, n)).sum() / k)


def bar_acc_n(predicted: ArrayLike, rated: ArrayLike, n: int) -> float:
    """The mean of ACC_{K/N} over K = 1, 2, 3, 4."""
    return float(np.mean([acc_k_of_n(predicted, rated, k, n) for k in KS]))


def weighted_acc_k_of_n(predicted: ArrayLike, rated: ArrayLike, k: int, n: int) -> float:
    """Rank-weighted ACC (Zeng et al., TPAMI 2020): a hit counts exp(-β (rank - place)).

    The ranks, from 0, that people give the first `k` are sorted; `place` is where a rank then
    stands, and a hit is a rank below `n`.
    """
    predicted, rated = np.asarray(predicted, np.float64), np.asarray(rated, np.float64)
    ranks = np.empty(len(rated), np.int64)
    ranks[np.argsort(-rated, kind="stable")] = np.arange(len(rated))
    chosen = np.sort(ranks[np.argsort(-predicted, kind="stable")[:k]])
    weights = np.exp(-DECAY[n] * (chosen - np.arange(len(chosen))))
    return float(weights[chosen < n].sum() / k)


def acc_k_of_n_free(
    predicted: Boxes, crops: Boxes, rated: ArrayLike, k: int, n: int, eps: float
) -> float:
    """`acc_k_of_n@ε`, for boxes that are no candidates.

    A prediction is a hit if it overlaps by an IoU of `eps` or more with a crop that rates as the
    `n` best do. Fewer than `k` predictions miss with the rest.

    Args:
        predicted: (P,4), best first.
        crops: rated ones (C,4).
        rated: their scores (C,).
    """
    rated = np.asarray(rated, np.float64)
    best = np.asarray(crops, np.float64)[rated >= _nth_best(rated, n)]
    overlaps = iou_matrix(np.asarray(predicted, np.float64)[:k], best)
    return float((overlaps.max(1) >= eps).sum() / k)


def hit_best(predicted: Boxes, crops: Boxes, rated: ArrayLike, first: int, eps: float) -> float:
    """`hit_best@first@ε`: 1 if one of the first predictions has that IoU with the best crop.

    The best crop is one, of equal ones the first in the file.
    """
    best = np.asarray(crops, np.float64)[[int(np.argmax(rated))]]
    overlaps = iou_matrix(np.asarray(predicted, np.float64)[:first], best)
    return float((overlaps >= eps).any())


def srcc(predicted: ArrayLike, rated: ArrayLike) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN if either is constant."""
    return pcc(_ranks(predicted), _ranks(rated))


def pcc(predicted: ArrayLike, rated: ArrayLike) -> float:
    """Pearson's correlation; NaN if either is constant."""
    a, b = np.asarray(predicted, np.float64), np.asarray(rated, np.float64)
    if len(a) < 2 or a.min() == a.max() or b.min() == b.max():
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    return float(np.clip((a @ b) / np.sqrt((a @ a) * (b @ b)), -1, 1))


def _nth_best(rated: NDArray[np.float64], n: int) -> float:
    return float(np.sort(rated)[::-1][min(n, len(rated)) - 1])


def _ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks (N,) from 0, of equal values their mean."""
    _, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[inverse], np.float64)
