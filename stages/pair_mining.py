"""Which objects of a picture make a pair (METHODS of PICS, data construction).

Of the objects that are large enough, the two whose boxes overlap most; a box that lies in the
other, but for two pixels, overlaps nothing. For three objects the one whose overlaps add up to
most, and its two best partners. Of clothes on a person the largest regions, for they meet anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..core.boxes import Boxes, contained, iou_matrix
from ..core.errors import DataError
from ..core.images import read_header
from ..core.masks import Mask, mask_box
from ..core.names import printable
from ..data.raw import RawObject, RawPicture
from ..data.raw_sets import Rule


@dataclass(frozen=True)
class MiningConfig:
    """What objects have to be like."""

    # of the picture, the area of an object; PICS's readme, while its code says 0.01171
    area_ratio: float = 0.02
    objects: int = 2  # 2 or 3
    inside: float = 2.0  # pixels by which a box may leave the other and still lie in it


@dataclass(frozen=True, eq=False)
class Candidate:
    """An object that is large enough."""

    place: int  # in the picture's objects
    what: RawObject
    mask: Mask = field(repr=False)

    @property
    def area(self) -> int:
        """Pixels."""
        return int(self.mask.sum())


def find_group(picture: RawPicture, rule: Rule, config: MiningConfig) -> tuple[int, ...] | None:
    """The places in `picture.objects()` of the objects that belong together, or None.

    Raises:
        InputError: the picture cannot be read, or an annotation is damaged or of another size.
    """
    found = candidates(picture, config)
    if len(found) < config.objects:
        return None
    if rule == "largest":
        order = sorted(range(len(found)), key=lambda k: (-found[k].area, k))
        chosen: Sequence[int] | None = order[: config.objects]
    else:
        boxes = np.array([mask_box(each.mask) for each in found])
        overlap = overlaps(boxes, config.inside)
        chosen = best_pair(overlap) if config.objects == 2 else best_three(overlap)
    return None if chosen is None else tuple(found[k].place for k in chosen)


def candidates(picture: RawPicture, config: MiningConfig) -> list[Candidate]:
    """The single objects of a picture that are large enough, in the set's order.

    Raises:
        InputError: see `find_group`.
    """
    listed = picture.objects()
    if sum(not each.crowd for each in listed) < config.objects:
        return []
    header = read_header(picture.photo)
    size = header.width, header.height
    least = config.area_ratio * size[0] * size[1]
    found = []
    for place, each in enumerate(listed):
        # a mask is no larger than its box, but for rounding
        if each.crowd or (each.box is not None and _grown(each.box.width, each.box.height) < least):
            continue
        mask = each.shape.mask(size)
        if mask.sum() > least:
            found.append(Candidate(place, each, mask))
    return found


def group_of(picture: RawPicture, places: Sequence[int]) -> list[RawObject]:
    """The objects at these places.

    Raises:
        DataError: the picture has not so many.
    """
    listed = picture.objects()
    if max(places) >= len(listed):
        raise DataError(f"the annotations of {printable(picture.photo)} changed; build anew.")
    return [listed[place] for place in places]


def overlaps(boxes: Boxes, inside: float) -> Boxes:
    """IoU of every two boxes (N,N); 0 with itself, and where one lies in the other.

    Args:
        boxes: (N,4).
        inside: pixels by which a box may leave the other and still lie in it.
    """
    overlap = iou_matrix(boxes, boxes)
    within = contained(boxes, boxes, inside)
    overlap[within | within.T] = 0
    return overlap


def best_pair(overlap: Boxes) -> tuple[int, int] | None:
    """The two that overlap most, in their order; of equals the first."""
    a, b = np.unravel_index(int(np.triu(overlap, 1).argmax()), overlap.shape)
    return (int(a), int(b)) if overlap[a, b] > 0 else None


def best_three(overlap: Boxes) -> tuple[int, int, int] | None:
    """An anchor and its two best partners, in their order; the anchor is what of all that meet
    two others has the greatest sum of overlaps."""
    sums = np.where((overlap > 0).sum(1) >= 2, overlap.sum(1), 0)
    anchor = int(sums.argmax())
    if sums[anchor] <= 0:
        return None
    partners = np.argsort(-overlap[anchor], kind="stable")[:2].tolist()
    a, b, c = sorted([anchor, *partners])
    return a, b, c


def _grown(width: float, height: float) -> float:
    return (width + 2) * (height + 2)
