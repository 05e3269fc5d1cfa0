"""Label maps from the rounds of the loop, by three rules.

| rule | a pixel that several rounds label |
|---|---|
| first-wins | keeps its first label: what was in front stays there; T=1 is a plain one |
| last-wins | takes the last one, as the released code does: what is behind is painted over it |
| strict-and | counts only if every round found something there, as the paper writes |
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .segment_canvas import Canvas, enlarged
from .segment_config import Merge
from .segment_found import Found, Round

LabelMap = NDArray[np.int32]  # HxW, 0 where nothing is, else the number of an instance plus 1


def first_wins(instances: Sequence[Found], shape: tuple[int, int]) -> LabelMap:
    """The visible parts, which are disjoint, on a map of height, width `shape`."""
    labels = np.zeros(shape, np.int32)
    for found in instances:
        labels[found.visible] = found.number + 1
    return labels


def merge_rounds(rounds: Sequence[Round[Canvas]], rule: Merge, shape: tuple[int, int]) -> LabelMap:
    """The label map of all instances that the loop had accepted after `rounds`.

    Args:
        rounds: the first ones of a run, of any number.
        rule: see above.
        shape: height, width of the pictures.
    """
    instances = rounds[-1].instances if rounds else ()
    if rule != "last-wins":
        labels = first_wins(instances, shape)
        if rule == "strict-and":
            for entry in rounds:
                labels[~_found_in(entry, shape)] = 0
        return labels
    labels = np.zeros(shape, np.int32)
    sizes: dict[int, int] = {}
    for entry in rounds:
        fresh = [k for k in entry.instances if sizes.get(k.number) != int(k.amodal.sum())]
        if entry.number == 0:
            labels = first_wins(fresh, shape)
        else:
            for found in fresh:
                labels[found.amodal] = found.number + 1
        sizes |= {k.number: int(k.amodal.sum()) for k in fresh}
    return labels


def enlarged_labels(labels: LabelMap, shape: tuple[int, ...]) -> LabelMap:
    """A label map at height, width `shape`, its outlines smooth; itself if it has that size."""
    if labels.shape == shape[:2]:
        return labels
    large = np.zeros(shape[:2], np.int32)
    for label in np.unique(labels[labels > 0]):
        large[enlarged(labels == label, shape) & (large == 0)] = label
    return large


def by_rank(labels: LabelMap, order: Sequence[int]) -> LabelMap:
    """The map with ranks from 1 in place of numbers plus 1; `order` is from front to back."""
    ranks = np.zeros(len(order) + 1, np.int32)
    ranks[np.array(order, int) + 1] = np.arange(1, len(order) + 1)
    return np.asarray(ranks[labels])


def _found_in(entry: Round[Canvas], shape: tuple[int, int]) -> NDArray[np.bool_]:
    union = np.zeros(shape, bool)
    for detection in entry.detections:
        union |= detection.mask
    return union
