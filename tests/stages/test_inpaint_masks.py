"""Holes are of the kinds they say, hold to their limits, and follow the generator alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.seeds import generator
from compose.stages.inpaint_masks import LEAST, MOST, box_hole, draw_hole, object_hole, stroke_hole

# fills its box, and is unlike its mirror image
WEDGE = np.arange(50)[None] * 3 <= (np.arange(30)[:, None] + 1) * 5


@settings(max_examples=60, deadline=None)
@given(
    st.integers(20, 150),
    st.integers(20, 150),
    st.integers(0, 10_000),
    st.lists(st.just(WEDGE), max_size=2),
)
def test_a_hole_is_of_the_picture_s_size_and_never_most_of_it(
    width: int, height: int, seed: int, shapes: list[np.ndarray]
) -> None:
    hole = draw_hole((width, height), shapes, generator(seed))
    assert hole.shape == (height, width)
    assert hole.dtype == np.bool_
    assert LEAST <= hole.mean() <= MOST
    np.testing.assert_array_equal(draw_hole((width, height), shapes, generator(seed)), hole)


def test_all_kinds_of_holes_are_drawn() -> None:
    """An object of two far dots tells objects from strokes and boxes."""
    dots = np.zeros((40, 40), bool)
    dots[:14, :14] = dots[-14:, -14:] = True
    random = generator(0)
    holes = [draw_hole((90, 70), [dots], random) for _ in range(60)]
    are_boxes = [bool(hole[np.ix_(hole.any(1), hole.any(0))].all()) for hole in holes]
    assert 2 <= sum(are_boxes) <= 30
    # what two pieces of that proportion are is an object
    parts = [cv2.connectedComponents(hole.astype(np.uint8))[0] - 1 for hole in holes]
    assert 20 <= parts.count(2) <= 50
    assert any(count == 1 and not box for count, box in zip(parts, are_boxes, strict=True))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.7, 1.0]))
def test_an_object_s_hole_has_its_size_and_lies_inside_as_far_as_asked(
    seed: int, inside: float
) -> None:
    hole = object_hole(WEDGE, (120, 80), generator(seed), longest=(0.5, 0.5), inside=inside)
    # half of the short side, 40 x 24, grown by a pixel on each side
    columns, rows = np.flatnonzero(hole.any(0)), np.flatnonzero(hole.any(1))
    assert columns[-1] - columns[0] + 1 <= 42
    assert rows[-1] - rows[0] + 1 <= 26
    if inside == 1:
        assert columns[-1] - columns[0] + 1 >= 38  # its tips are thinner than a pixel
        assert rows[-1] - rows[0] + 1 >= 22


def test_objects_are_mirrored_half_of_the_time() -> None:
    draws = [
        object_hole(WEDGE, (100, 100), generator(seed), longest=(0.6, 0.6), inside=1)
        for seed in range(40)
    ]
    lower_left = 0
    for hole in draws:
        box = hole[np.ix_(hole.any(1), hole.any(0))]
        half = box.shape[1] // 2
        lower_left += int(box[:, :half].sum() > box[:, -half:].sum())
    assert 8 <= lower_left <= 32


@pytest.mark.parametrize("draw", [stroke_hole, box_hole])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (64, 40)])
def test_strokes_and_boxes_fit_any_picture(draw: object, size: tuple[int, int]) -> None:
    assert callable(draw)
    for seed in range(10):
        hole = draw(size, generator(seed))
        assert hole.shape == (size[1], size[0])
    if draw is box_hole:
        assert hole.any()
