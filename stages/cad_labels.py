"""Pseudo-labels of expanded pictures; ProCrop's CAD: stage 1 the original region, stage 2 refined.

Stage 2 predicts, takes what differs, ranks and keeps the best four beside the original. The rule
for what differs is that of the released code, with the sum that it means (it puts two lists in a
row where it should add them): 2 |Δarea| / A + Σ |Δedge| / side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models.crop_belief import CropBelief
from .crop_request import CropRequest, parse_aspect
from .crop_search import search

ORIGINAL = "original"
TOP_SCORE = 10.0  # of the original region
# either way round; CAD's six
ASPECTS = (1.0, 5 / 4, 4 / 3, 7 / 5, 3 / 2, 16 / 9)
_SHAPES = ("1:1", "5:4", "4:3", "7:5", "3:2", "16:9", "4:5", "3:4", "5:7", "2:3", "9:16")

IntBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class Label:
    """One crop of a picture that is taken for a good one."""

    box: IntBox  # x1, y1, x2, y2 in pixels of the expanded picture
    score: float  # 0 to 10
    origin: str  # ORIGINAL, or the engine that predicted it

    def line(self) -> str:
        """As CAD's files have it: `x1 y1 x2 y2 score`."""
        return " ".join([*(str(edge) for edge in self.box), f"{self.score:.3f}"])


@dataclass(frozen=True)
class LabelConfig:
    """How stage 2 goes; defaults are the released code's."""

    predictions: int = 90  # crops that are looked at, the best first
    aspect: float = 0.03  # how far a crop's ratio may be from one of the six
    differ: float = 0.2  # of two labels, at least
    cover: float = 0.8  # of the original region, more than this
    least: float = 2.0  # score, more than this
    keep: int = 4  # labels beside the original


def first_labels(region: IntBox) -> list[Label]:
    """Stage 1: the photograph's own region."""
    return [Label(region, TOP_SCORE, ORIGINAL)]


def predicted(
    belief: CropBelief, width: int, height: int, engine: str, config: LabelConfig
) -> list[Label]:
    """The engine's best crops, in falling order, their scores its expected overlap times 10.

    Those of CAD's ratios are searched for one by one, since of any list of free crops hardly one
    has such a ratio by chance; the best free ones come with them.
    """
    each = max(config.predictions // (len(_SHAPES) + 1), 1)
    shaped = CropRequest(topk=each, aspects=tuple(parse_aspect(text) for text in _SHAPES))
    free = CropRequest(topk=each)
    crops = search(belief, width, height, shaped) + search(belief, width, height, free)
    best = sorted(crops, key=lambda crop: -crop.score)[: config.predictions]
    return [Label(crop.box, TOP_SCORE * crop.score, engine) for crop in best]


def refined(
    before: Sequence[Label],
    predictions: Sequence[Label],
    width: int,
    height: int,
    config: LabelConfig,
) -> list[Label]:
    """Stage 2: the labels of the next version.

    Args:
        before: of the version before, the original region first.
        predictions: of an engine, the best first.
        width, height: of the picture.
        config: the rule.

    Returns:
        The original and up to `config.keep` others, the best first. None leaves the picture, and no
        two are equal.
    """
    original = before[0]
    kept = [original]
    for label in [*before[1:], *predictions]:
        box = snapped(label.box, width, height, config.aspect)
        if box is None or label.score <= config.least:
            continue
        if share_of(original.box, box) <= config.cover:
            continue
        if min(difference(box, other.box, width, height) for other in kept) > config.differ:
            kept.append(Label(box, label.score, label.origin))
    others = sorted(kept[1:], key=lambda label: -label.score)
    return [original, *others[: config.keep]]


def snapped(box: IntBox, width: int, height: int, tolerance: float) -> IntBox | None:
    """The box within the picture at exactly the ratio of CAD's that it is near to, by its right or
    bottom edge; None if it is near to none, or does not fit."""
    x1, y1 = max(box[0], 0), max(box[1], 0)
    wide, high = min(box[2], width) - x1, min(box[3], height) - y1
    if min(wide, high) < 1:
        return None
    ratio = max(wide, high) / min(wide, high)
    nearest = min(ASPECTS, key=lambda aspect: abs(aspect - ratio))
    if abs(nearest - ratio) > tolerance:
        return None
    if wide >= high:
        wide = round(high * nearest)
    else:
        high = round(wide * nearest)
    if x1 + wide > width or y1 + high > height:
        # the far edge leaves the picture: the other side gives way
        wide, high = _shrunk(wide, high, width - x1, height - y1)
    return (x1, y1, x1 + wide, y1 + high) if min(wide, high) > 0 else None


def _shrunk(wide: int, high: int, most_wide: int, most_high: int) -> tuple[int, int]:
    scale = min(most_wide / wide, most_high / high)
    return min(round(wide * scale), most_wide), min(round(high * scale), most_high)


def share_of(inner: IntBox, box: IntBox) -> float:
    """Share of the area of `inner` that a box covers."""
    wide = min(inner[2], box[2]) - max(inner[0], box[0])
    high = min(inner[3], box[3]) - max(inner[1], box[1])
    area = (inner[2] - inner[0]) * (inner[3] - inner[1])
    return max(wide, 0) * max(high, 0) / area


def difference(one: IntBox, other: IntBox, width: int, height: int) -> float:
    """How much two crops of a picture differ in size and place: 0 for equal ones."""
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    edges = np.abs(np.subtract(one, other)) / (width, height, width, height)
    return float(2 * abs(areas[0] - areas[1]) / (width * height) + edges.sum())
