"""Whether crops serve the subjects that people annotated: of a photograph the two largest.

A crop serves a subject if it holds 95 % of its pixels and its middle lies nearer to the middle of
the subject's box than to that of the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.instances import Instance
from .crop_search import Crop
from .occlusion_sources import AnnotatedPhoto, open_photos

HELD = 0.95  # of a subject's pixels
LARGE = 96 * 96  # pixels of an object that COCO calls large


@dataclass(frozen=True, eq=False)
class SubjectPair:
    """A photograph and its two largest objects."""

    photo: AnnotatedPhoto
    first: Instance
    second: Instance


@dataclass(frozen=True)
class Served:
    """What the crops of one photograph do for its two subjects."""

    first: bool
    second: bool
    crops: int
    subjects: int

    @property
    def both(self) -> bool:
        """Whether each has a crop."""
        return self.first and self.second


def subject_pairs(root: Path, split: str, kind: str = "coco") -> list[SubjectPair]:
    """Photographs of COCO with two or more large objects, in the set's order.

    Args:
        root: the set's folder.
        split: of its parts.
        kind: "coco", or "voc" for those of PASCAL VOC.

    Raises:
        DataError, ImageError, MaskError: the set is incomplete or damaged.
    """
    pairs = []
    for photo in open_photos(kind, root, split):
        large = [one for one in photo.annotated().objects if one.area >= LARGE]
        if len(large) >= 2:
            large.sort(key=lambda one: -one.area)
            pairs.append(SubjectPair(photo, large[0], large[1]))
    return pairs


def served(pair: SubjectPair, crops: Sequence[Crop]) -> Served:
    """Judge the crops of a photograph."""
    return Served(
        any(serves(crop.box, pair.first, pair.second) for crop in crops),
        any(serves(crop.box, pair.second, pair.first) for crop in crops),
        len(crops),
        len({crop.subject for crop in crops}),
    )


def serves(box: tuple[int, int, int, int], subject: Instance, other: Instance) -> bool:
    """Whether a crop holds a subject and is centred on it rather than on the other."""
    x1, y1, x2, y2 = box
    held = subject.mask[y1:y2, x1:x2].sum() >= HELD * subject.area
    middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    away = [float(np.linalg.norm(middle - _middle(one))) for one in (subject, other)]
    return bool(held and away[0] < away[1])


def _middle(one: Instance) -> np.ndarray:
    x1, y1, x2, y2 = one.box
    return np.array([(x1 + x2) / 2, (y1 + y2) / 2])
