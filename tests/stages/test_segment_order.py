"""Who stands in front of whom, on shapes of which it can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.stages.segment_found import Found
from compose.stages.segment_order import front_layer, in_front, order_pairs, topological

from .segment_scenes import Thing

SIZE = (160, 120)


def mask_of(box, *, round=True, without=None):
    mask = Thing((0, 0, 0), box, round).mask(SIZE)
    return mask if without is None else mask & ~without


def found(number, mask, erased=None):
    return Found(number, 0, None, 0.9, mask, mask, 0.0, False, 0, erased)


SCENES = {  # the box in front, whether it is round, and what it covers a part of
    "disc over disc beside it": ((40, 30, 90, 80), True, (75, 30, 125, 80), True),
    "disc over disc above it": ((40, 50, 90, 100), True, (40, 20, 90, 70), True),
    "disc over disc below it": ((40, 20, 90, 70), True, (42, 50, 92, 100), True),
    "small disc over large box": ((60, 55, 80, 80), True, (20, 20, 110, 75), False),
    "box over disc": ((30, 40, 80, 90), False, (60, 30, 110, 80), True),
    "disc over the corner of a box": ((20, 50, 70, 100), True, (50, 20, 120, 80), False),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_whole_one_is_in_front(name):
    box, is_round, other, other_round = SCENES[name]
    front = mask_of(box, round=is_round)
    behind = mask_of(other, round=other_round, without=front)
    assert in_front(front, behind) > 0
    assert in_front(behind, front) < 0
    mirrored = np.ascontiguousarray(front[:, ::-1]), np.ascontiguousarray(behind[:, ::-1])
    assert in_front(*mirrored) == pytest.approx(in_front(front, behind), abs=0.15)
    pair = order_pairs([found(0, behind), found(1, front)])
    assert pair == {(1, 0)}


def test_what_lies_upon_another_is_in_front_of_it():
    table, cup = mask_of((20, 40, 140, 110), round=False), mask_of((60, 50, 80, 70))
    assert in_front(cup, table) > 0 > in_front(table, cup)


def test_what_does_not_touch_has_no_order():
    one, other = mask_of((10, 10, 40, 40)), mask_of((90, 60, 130, 100))
    assert in_front(one, other) == 0
    assert order_pairs([found(0, one), found(1, other)]) == frozenset()


def test_a_speck_beside_something_huge_is_no_matter():
    speck = np.zeros((1200, 1600), bool)
    speck[600, 800] = True
    huge = np.zeros_like(speck)
    huge[:, 801:] = True
    assert in_front(speck, huge) == 0


def test_what_was_erased_earlier_is_in_front_whatever_it_looks_like():
    front = mask_of((40, 30, 90, 80))
    behind = mask_of((75, 30, 125, 80), without=front)
    assert order_pairs([found(0, front, erased=1), found(1, behind, erased=0)]) == {(1, 0)}
    assert order_pairs([found(0, front), found(1, behind, erased=0)]) == {(1, 0)}


def test_equal_masks_have_an_order():
    mask = mask_of((40, 30, 90, 80))
    assert len(order_pairs([found(0, mask), found(1, mask)])) == 1


def test_the_front_layer_is_what_nothing_stands_before():
    first = mask_of((10, 30, 60, 80))
    second = mask_of((45, 30, 95, 80), without=first)
    third = mask_of((80, 30, 130, 80), without=first | second)
    apart = mask_of((140, 100, 155, 115))
    known = [found(0, third), found(1, second), found(2, first), found(3, apart)]
    assert [k.number for k in front_layer(known)] == [2, 3]
    assert front_layer([]) == ()


def test_the_order_keeps_to_the_pairs_and_else_to_the_numbers():
    assert topological([0, 1, 2, 3], [(3, 1), (1, 0)]) == (2, 3, 1, 0)
    assert topological([], []) == ()


@given(st.permutations(range(9)), st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8))))
def test_the_first_that_nothing_stands_before_is_next(numbers, drawn):
    pairs = {(a, b) for a, b in drawn if a < b}  # without circles
    waiting, plain = list(numbers), []
    while waiting:
        free = (n for n in waiting if not any(f in waiting for f, b in pairs if b == n))
        plain.append(next(free))
        waiting.remove(plain[-1])
    assert topological(numbers, pairs) == tuple(plain)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(1, 12), st.integers(1, 12)),
        min_size=1,
        max_size=7,
    ),
    st.randoms(),
)
def test_pairs_make_no_circle(boxes, random):
    masks = []
    for x, y, width, height in boxes:
        mask = np.zeros((33, 43), bool)
        mask[y : y + height, x : x + width] = True
        masks.append(mask)
    known = [found(number, mask, random.choice([None, 0, 1])) for number, mask in enumerate(masks)]
    pairs = order_pairs(known)
    order = topological(range(len(known)), pairs)
    place = {number: index for index, number in enumerate(order)}
    assert all(place[front] < place[behind] for front, behind in pairs)
    assert front_layer(known)
