"""Which object stands in front of which, from masks alone.

Of two objects that touch, the one in front bites into the convex hull of the other; it shows more
of itself, and it stands lower in the picture, as what is nearer does on any ground. What was
erased before the other was seen whole is in front of it for certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.masks import Mask, mask_box
from .segment_found import Found

_SIDE = 160  # pixels of the long side at which two masks are compared
_GAP = 2  # pixels of the same, across which they touch
_NESTED = 0.6  # share of the smaller one inside the other, above which it lies upon it
# Right for 93 % of 600 pairs of COCO's cut-outs laid over each other at random, 20 to 80 % hidden,
# where bites alone are for 85 %. There the ground says nothing, and sizes more than in
# photographs, so the weight of these is below the best, 0.5.
_BITES, _SIZES, _GROUND = 1.0, 0.15, 0.1
_CERTAIN, _NOTHING = 10.0, 1e-6


def in_front(one: Mask, other: Mask, boxes: tuple[Box, Box] | None = None) -> float:
    """How strongly `one` seems to stand in front of `other`: below 0 if behind, 0 if apart.

    Args:
        one: HxW, not empty.
        other: of the same size.
        boxes: of both, if they are known.
    """
    first, second = boxes or (mask_box(one), mask_box(other))
    reach = _GAP * max(max(first.x2, second.x2) - min(first.x1, second.x1), 1) / _SIDE + _GAP
    if not _near(first, second, reach):
        return 0.0
    a, b = _pair(one, other, first, second)
    overlap = int((a & b).sum())
    small = min(int(a.sum()), int(b.sum()))
    if small == 0:  # too little to be seen beside the other
        return 0.0
    if overlap >= _NESTED * small:
        return 2.0 if int(a.sum()) <= int(b.sum()) else -2.0
    kernel = np.ones((2 * _GAP + 1,) * 2, np.uint8)
    touch = np.asarray(cv2.dilate(a, kernel), bool) & np.asarray(cv2.dilate(b, kernel), bool)
    if not touch.any():
        return 0.0
    bites = _bite(a, b) - _bite(b, a)
    sizes = float(np.clip(np.log(int(a.sum()) / int(b.sum())), -2, 2))
    ground = float(np.tanh(4 * (first.y2 - second.y2) / max(first.height, second.height, 1)))
    return _BITES * bites + _SIZES * sizes + _GROUND * ground or _NOTHING


def order_pairs(found: Sequence[Found]) -> frozenset[tuple[int, int]]:
    """Pairs (front, behind) of numbers for which there is evidence; they make no circle.

    Evidence is taken from the strongest down, leaving out what contradicts stronger evidence.
    """
    boxes = {k.number: mask_box(k.amodal) for k in found}
    weighed: list[tuple[float, int, int]] = []
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            both = boxes[one.number], boxes[other.number]
            force = in_front(one.amodal, other.amodal, both)
            if not force:
                continue
            ends = [float("inf") if k.erased is None else k.erased for k in (one, other)]
            if ends[0] != ends[1]:
                force = _CERTAIN if ends[0] < ends[1] else -_CERTAIN
            front, behind = (one, other) if force > 0 else (other, one)
            weighed.append((-abs(force), front.number, behind.number))
    return without_circles(weighed)


def without_circles(weighed: Iterable[tuple[float, int, int]]) -> frozenset[tuple[int, int]]:
    """Pairs (front, behind), least weight first, without those that contradict earlier ones."""
    below: dict[int, set[int]] = {}
    for _, upper, lower in sorted(weighed):
        if not _reaches(below, lower, upper):
            below.setdefault(upper, set()).add(lower)
    return frozenset((upper, lower) for upper in below for lower in below[upper])


def topological(numbers: Iterable[int], pairs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """Numbers from front to back; where nothing decides, in the order in which they come."""
    given = list(numbers)
    places = {number: place for place, number in enumerate(given)}
    behind: dict[int, set[int]] = {number: set() for number in given}
    for front, back in pairs:
        if front in places and back in places:
            behind[front].add(back)
    ahead = Counter(back for backs in behind.values() for back in backs)
    free = [place for number, place in places.items() if not ahead[number]]  # a heap as it is
    done: list[int] = []
    while free:
        number = given[heappop(free)]
        done.append(number)
        for back in behind[number]:
            ahead[back] -= 1
            if not ahead[back]:
                heappush(free, places[back])
    return tuple(done)


def front_layer(found: Sequence[Found]) -> tuple[Found, ...]:
    """Those before which no other of `found` stands; never empty unless `found` is."""
    behind = {pair[1] for pair in order_pairs(found)}
    return tuple(k for k in found if k.number not in behind)


def _reaches(below: dict[int, set[int]], start: int, goal: int) -> bool:
    pending, seen = [start], {start}
    while pending:
        here = pending.pop()
        if here == goal:
            return True
        fresh = below.get(here, set()) - seen
        seen |= fresh
        pending += fresh
    return False


def _near(a: Box, b: Box, reach: float) -> bool:
    across = a.x1 - reach < b.x2 and b.x1 - reach < a.x2
    return across and a.y1 - reach < b.y2 and b.y1 - reach < a.y2


def _pair(one: Mask, other: Mask, a: Box, b: Box) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both masks as 0 and 1 in their common box, reduced."""
    x1, y1 = int(min(a.x1, b.x1)), int(min(a.y1, b.y1))
    x2, y2 = int(max(a.x2, b.x2)), int(max(a.y2, b.y2))
    scale = min(1.0, _SIDE / max(x2 - x1, y2 - y1))
    size = max(round((x2 - x1) * scale), 1), max(round((y2 - y1) * scale), 1)
    pair = []
    for mask in (one, other):
        crop = mask[y1:y2, x1:x2].astype(np.uint8)
        pair.append(cv2.resize(crop * 255, size, interpolation=cv2.INTER_AREA) > 127)
    return pair[0].astype(np.uint8), pair[1].astype(np.uint8)


def _bite(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """The share of `a` or of `b`, whichever is smaller, where `a` lies in the hull of `b`."""
    points = cv2.findNonZero(b)
    if points is None or not a.any():
        return 0.0
    hull = np.zeros_like(b)
    cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return int((hull & a & ~b).sum()) / max(min(int(a.sum()), int(b.sum())), 1)
