"""Pseudo-labels of photographs that were painted on, refined in rounds (section 3.8, step 7).

Each round's labels are a file of their own with where they come from, so that none is overwritten
and a round can be made again:

{"version": 2, "made": {"by": "stage-1/procrop.safetensors", "sha256": …, "rule": {…}},
 "labels": {"12345_0.jpg": [[x1, y1, x2, y2, score, "original"], …]}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Boxes, areas, clip
from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.names import printable
from .crop_sources import BEST, CropExample

Label = tuple[float, float, float, float, float, str]  # box in pixels, score of 10, origin
ORIGINAL, OLD, PREDICTED = "original", "old", "predicted"


@dataclass(frozen=True)
class RefineRule:
    """Which predicted crops become labels; the published numbers."""

    aspects: tuple[float, ...] = (1.0, 5 / 4, 4 / 3, 7 / 5, 3 / 2, 16 / 9)
    near: float = 0.03  # how far from one of them, or from its inverse, an aspect may be
    apart: float = 0.2  # least difference from all that are kept
    cover: float = 0.8  # least share of the original that lies within
    score: float = 2.0  # least, of 10
    most: int = 4  # beside the original


def refined(
    old: Sequence[Label],
    boxes: NDArray[np.float64],
    scores: NDArray[np.float64],
    size: tuple[int, int],
    rule: RefineRule | None = None,
) -> list[Label]:
    """The labels of the next round: the original, then the best that differ.

    The published code put the two parts of the difference into one list instead of adding them.

    Args:
        old: of this round, the original first.
        boxes: (N,4) predicted, in pixels, the likeliest first.
        scores: (N,) in [0,1].
        size: width and height of the picture.
        rule: see there.
    """
    rule = rule or RefineRule()
    first = old[0]
    offered = [(np.array(label[:4], np.float64), label[4], OLD) for label in old[1:]]
    offered += [
        (box, 10 * float(score), PREDICTED)
        for box, score in zip(clip(boxes, *size), scores, strict=True)
    ]
    original = np.array(first[:4], np.float64)
    kept: list[NDArray[np.float64]] = [original]
    chosen: list[Label] = []
    for edges, score, origin in offered:
        box = snapped(edges, size, rule)
        if box is None or score <= rule.score or _covered(original, box) <= rule.cover:
            continue
        if min(difference(box, other) for other in kept) <= rule.apart:
            continue
        kept.append(box)
        chosen.append(_label(box, score, origin))
    chosen.sort(key=lambda label: -label[4])
    return [first, *chosen[: rule.most]]


def snapped(
    box: NDArray[np.float64], size: tuple[int, int], rule: RefineRule
) -> NDArray[np.float64] | None:
    """The box with a common aspect, by moving its right or its lower edge; None if it has none."""
    width, height = box[2:] - box[:2]
    if width <= 1 or height <= 1:
        return None
    known = [*rule.aspects, *(1 / a for a in rule.aspects)]
    nearest = min(known, key=lambda a: abs(width / height - a))
    if abs(width / height - nearest) > rule.near:
        return None
    moved = box.copy()
    moved[2] = box[0] + height * nearest
    if moved[2] > size[0]:  # no room to the right
        moved[2] = box[2]
        moved[3] = box[1] + width / nearest
    return moved if moved[3] <= size[1] else None


def difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Twice the areas' difference as a share of b's, and the edges' as shares of b's sides."""
    area = float(areas(b))
    sides = np.tile(b[2:] - b[:2], 2)
    return 2 * abs(float(areas(a)) - area) / area + float((np.abs(a - b) / sides).sum())


def first_labels(examples: Sequence[CropExample]) -> dict[str, list[Label]]:
    """Version 1: of each picture its original region only, by the picture's name."""
    return {
        example.picture.name: [_label(example.boxes[0], 10.0, ORIGINAL)] for example in examples
    }


def with_labels(
    examples: Sequence[CropExample], labels: Mapping[str, Sequence[Label]]
) -> list[CropExample]:
    """The examples with those labels for crops, all of them good.

    Raises:
        DataError: a picture has none.
    """
    found = []
    for example in examples:
        rows = labels.get(example.picture.name)
        if not rows:
            raise DataError(
                f"the labels have none for {printable(example.picture)}; make them anew."
            )
        boxes = np.array([row[:4] for row in rows], np.float64)
        scores = np.array([BEST, *[BEST - 0.5] * (len(rows) - 1)])
        found.append(replace(example, boxes=boxes, scores=scores))
    return found


def write_labels(
    path: Path, labels: Mapping[str, Sequence[Label]], version: int, made: Mapping[str, Any]
) -> None:
    """Write a version, with what it was made by.

    Raises:
        OutputError: it cannot be written.
    """
    values = {"version": version, "made": dict(made), "labels": dict(labels)}
    with atomic_write(path) as part:
        part.write_text(json.dumps(values, sort_keys=True, indent=1) + "\n")


def read_labels(path: Path) -> dict[str, list[Label]]:
    """What `write_labels` wrote.

    Raises:
        DataError: it is no such file.
    """
    try:
        rows = json.loads(path.read_text("utf-8"))["labels"]
        found: dict[str, list[Label]] = {}
        for name, labels in rows.items():
            found[name] = [
                (float(a), float(b), float(c), float(d), float(score), str(origin))
                for a, b, c, d, score, origin in labels
            ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{printable(path)} holds no labels ({error}); remove it.") from None
    return found


def rule_values(rule: RefineRule) -> dict[str, Any]:
    """A rule for `made`."""
    return asdict(rule)


def _label(box: NDArray[np.float64], score: float, origin: str) -> Label:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    return (x1, y1, x2, y2, score, origin)


def _covered(original: NDArray[np.float64], box: NDArray[np.float64]) -> float:
    common: Boxes = np.concatenate(
        [np.maximum(original[:2], box[:2]), np.minimum(original[2:], box[2:])]
    )
    return float(areas(common) / areas(original))
