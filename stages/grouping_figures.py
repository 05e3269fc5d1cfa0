"""How well cells are grouped into objects, on scenes that were held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models.grouping_net import GroupingNet
from ..models.normalized_cut import LEAST_CELLS, recursive_cut
from .grouping_examples import GroupingExample

TRIED = (0.25, 0.35, 0.45, 0.55, 0.65)  # values of `most_alike` that are measured
_LEAST = 8  # cells of an object that is asked for


def pair_auc(logits: NDArray[np.floating[Any]], same: NDArray[np.bool_]) -> float:
    """The area under the ROC curve: how often a pair of one object is ranked above one of two.

    Args:
        logits: (P,) of pairs; equal ones count half.
        same: (P,), both True and False somewhere.
    """
    _, places, counts = np.unique(logits, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    ones = int(same.sum())
    others = len(same) - ones
    return float((ranks[same].sum() - ones * (ones + 1) / 2) / (ones * others))


@torch.inference_mode()
def mean_auc(net: GroupingNet, examples: Sequence[GroupingExample]) -> float:
    """`pair_auc` of the objects' cells, the mean over the scenes with two objects or more."""
    found = []
    for features, owners in map(_objects, examples):
        if len(np.unique(owners)) < 2:
            continue
        pairs = np.triu_indices(len(owners), 1)
        logits = net.logits(features).numpy()[pairs]
        found.append(pair_auc(logits, (owners[:, None] == owners)[pairs]))
    return float(np.mean(found)) if found else float("nan")


@torch.inference_mode()
def splitting(
    net: GroupingNet, examples: Sequence[GroupingExample], most_alike: float
) -> dict[str, float]:
    """What taking cells apart brings where objects are together, and spoils where they are not.

    Returns:
        found: share of the objects of a scene, all taken as one blob, of which a part has an IoU
            of more than 1/2 (in cells).
        whole: share of single objects that stay whole.
    """
    found: list[bool] = []
    whole: list[bool] = []
    for features, owners in map(_objects, examples):
        if len(owners) < 2 * LEAST_CELLS:
            continue
        affinity = torch.sigmoid(net.logits(features)).numpy()
        labels = np.unique(owners)
        parts = recursive_cut(affinity, most_alike)
        for label in labels:
            own = owners == label
            if len(labels) > 1 and own.sum() >= _LEAST:
                found.append(_best_iou(parts, own) > 0.5)
            if own.sum() >= 2 * LEAST_CELLS:
                whole.append(recursive_cut(affinity[np.ix_(own, own)], most_alike).max() == 1)
    return {"most_alike": most_alike, "found": _mean(found), "whole": _mean(whole)}


def _objects(example: GroupingExample) -> tuple[Tensor, NDArray[np.int32]]:
    kept = example.owners > 0
    return example.features[torch.from_numpy(kept)].float(), example.owners[kept]


def _best_iou(parts: NDArray[np.int32], own: NDArray[np.bool_]) -> float:
    return max(
        float(((parts == number) & own).sum() / ((parts == number) | own).sum())
        for number in np.unique(parts[own])
    )


def _mean(values: list[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")
