"""Which found instance is which object of a scene whose truth is known.

Every instance goes to the one object with which its whole extent has the greatest IoU, so that no
instance stands for two. One that is both the hidden object and its occluder stands for the latter
at most: to have found the two as one is not to have found what is hidden. Pixels that nobody
annotated count neither way, except for the occluder, of which all is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..core.masks import Mask
from ..data.occlusion import UNKNOWN, Scene
from .segment_found import Found

HIDDEN, OCCLUDER = 0, 1  # places in the list of objects; others follow
MATCHED = 0.5  # IoU from which an object counts as found, as is usual (PASCAL VOC)
_MERGED = 0.5  # share of the occluder's own pixels


@dataclass(frozen=True, eq=False)
class Truth:
    """The objects of a scene at the size of the loop."""

    objects: tuple[Mask, ...] = field(repr=False)  # HIDDEN (its amodal mask), OCCLUDER, the others
    counts: tuple[Mask, ...] = field(repr=False)  # of each, which pixels count

    @classmethod
    def of(cls, scene: Scene) -> Truth:
        """The objects of a scene: the two of which it was made, and what else the original shows
        and the occluder leaves of it."""
        numbers = scene.objects
        unknown = numbers == UNKNOWN
        others = [
            np.asarray((numbers == number) & ~scene.occluder)
            for number in np.unique(numbers)
            if number not in (0, UNKNOWN, scene.notes.number)
        ]
        others = [mask for mask in others if mask.any()]
        everywhere = np.ones_like(unknown)
        return cls(
            (scene.amodal, scene.occluder, *others),
            (~unknown, everywhere, *[~unknown | scene.occluder] * len(others)),
        )

    def iou(self, mask: Mask, place: int) -> float:
        """IoU of a mask with an object, over the pixels that count for it."""
        return masked_iou(mask, self.objects[place], self.counts[place])

    def merges(self, mask: Mask) -> bool:
        """Whether a mask is of both objects: it covers more than half of what the occluder has
        outside of the hidden object's extent."""
        own = self.objects[OCCLUDER] & ~self.objects[HIDDEN]
        return int((mask & own).sum()) > _MERGED * int(own.sum())


@dataclass(frozen=True)
class Match:
    """What became of the objects of a scene."""

    best: dict[int, int]  # object -> its best instance (place in the list), if it has any
    iou: dict[int, float]  # object -> IoU of the two
    false: frozenset[int]  # instances whose IoU with every object is below MATCHED

    def has(self, place: int) -> bool:
        """Whether an object is found, that is, matched well enough."""
        return self.iou.get(place, 0.0) >= MATCHED


def match(instances: Sequence[Found], truth: Truth) -> Match:
    """Assign the instances to the objects of a scene by their amodal masks."""
    best: dict[int, int] = {}
    iou: dict[int, float] = {}
    false = set()
    for number, found in enumerate(instances):
        scores = [truth.iou(found.amodal, place) for place in range(len(truth.objects))]
        if truth.merges(found.amodal):
            scores[HIDDEN] = 0.0
        place = int(np.argmax(scores))
        if scores[place] < MATCHED:
            false.add(number)
        if scores[place] > iou.get(place, 0.0):
            best[place], iou[place] = number, scores[place]
    return Match(best, iou, frozenset(false))


def masked_iou(one: Mask, other: Mask, counts: Mask) -> float:
    """IoU over the pixels that count; 0 where both are empty there."""
    union = int(((one | other) & counts).sum())
    return int((one & other & counts).sum()) / union if union else 0.0
