"""Groups of holes: those of the plain search, which begins anew after every merge."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.models.hole_groups import LEAST_MARGIN, _parts, hole_groups

Window = tuple[int, int, int, int]


def window(box: Window, context: float, width: int, height: int) -> Window:
    margin = max(int(np.ceil(context * max(box[2] - box[0], box[3] - box[1]))), LEAST_MARGIN)
    return (
        max(box[0] - margin, 0), max(box[1] - margin, 0),
        min(box[2] + margin, width), min(box[3] + margin, height),
    )  # fmt: skip


def area(box: Window) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def plainly(boxes: list[Window], context: float, width: int, height: int) -> list[Window]:
    """The windows, by looking at all pairs anew after every merge."""
    while True:
        for a in boxes:
            best, partner = -1, None
            for b in boxes:
                if b is a:
                    continue
                both = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
                apart = sum(area(window(box, context, width, height)) for box in (a, b))
                saved = apart - area(window(both, context, width, height))
                if saved > best:
                    best, partner, joint = saved, b, both
            if partner is not None:
                boxes = [joint if box is a else box for box in boxes if box is not partner]
                break
        else:
            return [window(box, context, width, height) for box in boxes]


@given(st.integers(0, 10**6), st.integers(1, 40), st.sampled_from([0.2, 0.5, 1.5]))
@settings(max_examples=60, deadline=None)
def test_groups_are_those_of_the_plain_search(seed: int, count: int, context: float) -> None:
    draws = np.random.default_rng(seed)
    width, height = 700, 500
    hole = np.zeros((height, width), bool)
    for _ in range(count):
        x, y = int(draws.integers(width - 40)), int(draws.integers(height - 40))
        hole[y : y + int(draws.integers(1, 40)), x : x + int(draws.integers(1, 40))] = True
    boxes: list[Window] = [tuple(box) for box in _parts(hole)[1].tolist()]
    groups = hole_groups(hole, context)
    assert sum(int(group.own.sum()) for group in groups) == hole.sum()
    wanted = plainly(boxes, context, width, height)
    assert sorted(group.window for group in groups) == sorted(wanted)
