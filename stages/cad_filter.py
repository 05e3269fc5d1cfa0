"""Which expanded pictures are kept; the automatic filter of GenCrop (Hong et al., AAAI 2024).

A picture is dropped if it looks bad; if its subject is not found again; if something was found
where the photograph is not that is larger than a quarter of the subject; or if a find and the
subject are twice as large as it. Of a find only what lies outside the photograph counts there,
since that is what was invented. What is found is what is salient, read from the same look at the
picture as everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.masks import Mask, mask_box
from .cad_picture import Expanded

BAD, LOST, OTHER, GROWN = "bad", "subject-lost", "other-subject", "subject-grown"
RULES = (BAD, LOST, OTHER, GROWN)


@dataclass(frozen=True)
class FilterConfig:
    """The filter's thresholds; the first five are GenCrop's."""

    bad: float = 0.5  # probability of a bad picture, above which it is dropped
    again: float = 0.25  # IoU of the subject with what is found in its place, at least
    other: float = 0.25  # area of what is found elsewhere, in areas of the subject, at most
    elsewhere: float = 0.01  # IoU with the region, below which a find is elsewhere
    grown: float = 2.0  # the subject with what a find adds outside, in areas of it, at most
    salient: float = 0.5  # from where on the map shows something
    subject: float = 0.01  # share of the picture below which a subject is none
    smallest: float = 0.002  # share of the picture below which a find is none
    scene: float = 0.1  # of the region: what counts as the subject's area where there is none


@dataclass(frozen=True)
class Verdict:
    """What the filter says of a picture."""

    dropped: str | None  # one of RULES; None if it is kept
    bad: float | None  # probability; None without a scorer
    again: float | None  # IoU of the subject; None where the photograph has none
    other: float  # largest find elsewhere, in areas of the subject
    grown: float  # the subject with what a find adds outside of the photograph, likewise


def verdict(
    expanded: Expanded,
    saliency: NDArray[np.float32],
    bad: float | None,
    config: FilterConfig,
) -> Verdict:
    """Judge one picture.

    Args:
        expanded: the picture.
        saliency: its map HxW in [0, 1].
        bad: the scorer's probability that it looks bad, if there is one.
        config: the thresholds.
    """
    size = expanded.subject.size
    own = int(expanded.subject.sum())
    has_subject = own >= config.subject * size
    region = Box(*(float(edge) for edge in expanded.region))
    area = own if has_subject else config.scene * region.area
    finds = _parts(saliency > config.salient, config.smallest * size)
    again = _again(expanded.subject, finds) if has_subject else None
    elsewhere = [find for find in finds if _iou(mask_box(find), region) < config.elsewhere]
    other = max((int(find.sum()) for find in elsewhere), default=0) / area
    around = np.ones(expanded.subject.shape, bool)
    x1, y1, x2, y2 = expanded.region
    around[y1:y2, x1:x2] = False
    grown = 1 + max((int((find & around).sum()) for find in finds), default=0) / area
    dropped = None
    if bad is not None and bad > config.bad:
        dropped = BAD
    elif again is not None and again <= config.again:
        dropped = LOST
    elif other > config.other:
        dropped = OTHER
    elif has_subject and grown > config.grown:
        dropped = GROWN
    return Verdict(dropped, bad, again, other, grown)


def _again(subject: Mask, finds: list[Mask]) -> float:
    """IoU of the subject with all finds that touch it."""
    found = np.zeros_like(subject)
    for find in finds:
        if (find & subject).any():
            found |= find
    return float((found & subject).sum() / max(int((found | subject).sum()), 1))


def _parts(mask: Mask, least: float) -> list[Mask]:
    """Connected parts of at least that many pixels."""
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return [
        np.asarray(numbers == number)
        for number in range(1, count)
        if stats[number, cv2.CC_STAT_AREA] >= least
    ]


def _iou(one: Box, other: Box) -> float:
    wide = min(one.x2, other.x2) - max(one.x1, other.x1)
    high = min(one.y2, other.y2) - max(one.y1, other.y1)
    common = max(wide, 0.0) * max(high, 0.0)
    return common / (one.area + other.area - common)
