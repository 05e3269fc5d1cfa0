"""Holes of every shape: only they change, their content never matters, and engines see no more
than they were made for.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from compose.core.errors import MaskError
from compose.models.hole_groups import LEAST_MARGIN, hole_groups
from compose.models.inpainter_opencv import OpenCvInpainter
from compose.models.inpainting import fill_hole


class Painter:
    """Paints everything in a colour that depends on what it is shown, and keeps that."""

    name = "painter"

    def __init__(self, multiple: int = 1, limit: int | None = None, paint: int | None = None):
        self.multiple, self.limit, self._paint = multiple, limit, paint
        self.calls: list[tuple[NDArray[np.uint8], NDArray[np.bool_], int]] = []

    def fill(self, rgb: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
        assert rgb.shape == (*hole.shape, 3)
        assert rgb.dtype == np.uint8
        assert hole.dtype == np.bool_
        assert hole.shape[0] % self.multiple == 0
        assert hole.shape[1] % self.multiple == 0
        assert hole.any()
        assert not hole.all()
        self.calls.append((rgb.copy(), hole.copy(), seed))
        shown = self._paint if self._paint is not None else int(rgb.sum()) % 251
        return np.full_like(rgb, shown)


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@st.composite
def holes(draw: st.DrawFn) -> NDArray[np.bool_]:
    height, width = draw(st.integers(1, 61)), draw(st.integers(1, 61))
    hole = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(0, 3))):
        y1, x1 = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        y2, x2 = draw(st.integers(y1 + 1, height)), draw(st.integers(x1 + 1, width))
        hole[y1:y2, x1:x2] = True
    specks = draw(st.floats(0, 1)) if draw(st.booleans()) else 0.0
    random = np.random.default_rng(draw(st.integers(0, 99)))
    hole |= random.random(hole.shape) < specks
    if hole.all():  # tested by itself
        hole[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = False
    return hole


@settings(max_examples=150, deadline=None)
@given(
    hole=holes(),
    multiple=st.sampled_from([1, 8, 32]),
    working=st.sampled_from([None, 1, 7, 40]),
    context=st.sampled_from([0.0, 1.0]),
    feather=st.sampled_from([0.0, 2.5]),
)
def test_only_the_hole_changes_and_its_content_does_not_matter(
    hole: NDArray[np.bool_], multiple: int, working: int | None, context: float, feather: float
) -> None:
    rgb = picture(*hole.shape)
    before = rgb.copy()
    engine = Painter(multiple)

    def fill(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return fill_hole(
            engine, pixels, hole, seed=3, working=working, feather=feather, context=context
        )

    filled = fill(rgb)
    np.testing.assert_array_equal(rgb, before)
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])
    np.testing.assert_array_equal(fill(rgb), filled)
    if feather == 0:
        rgb[hole] = 255 - rgb[hole]
        np.testing.assert_array_equal(fill(rgb), filled)
    for _, shown, _ in engine.calls:
        assert max(shown.shape) <= (working or 61) + multiple


@settings(max_examples=100, deadline=None)
@given(hole=holes(), context=st.sampled_from([0.0, 0.5, 1.0]))
def test_groups_cover_the_hole_once(hole: NDArray[np.bool_], context: float) -> None:
    count = np.zeros(hole.shape, int)
    for group in hole_groups(hole, context) if hole.any() else []:
        count[group.slices] += group.own
        assert group.own.any()
    np.testing.assert_array_equal(count, hole)


def test_everything_in_the_hole_is_the_fill_where_nothing_fades() -> None:
    rgb, hole = picture(33, 47), np.zeros((33, 47), bool)
    hole[0:9, 30:47] = hole[32, 0] = True
    filled = fill_hole(Painter(8, paint=77), rgb, hole, seed=0)
    assert (filled[hole] == 77).all()


def test_the_fill_fades_in_from_the_rim_inwards() -> None:
    rgb = np.zeros((60, 90, 3), np.uint8)
    hole = np.zeros((60, 90), bool)
    hole[:, 20:] = True  # its rim is one line; where the picture ends there is none
    filled = fill_hole(Painter(paint=200), rgb, hole, seed=0, feather=3)
    np.testing.assert_array_equal(filled[30, 18:26, 0], [0, 0, 50, 100, 150, 200, 200, 200])
    assert (filled[:, -1] == 200).all()
    assert (filled[0, 23:] == 200).all()


def test_holes_far_apart_are_filled_apart_with_seeds_of_their_own() -> None:
    rgb, hole = picture(300, 900), np.zeros((300, 900), bool)
    hole[100:120, 50:80] = hole[150:160, 800:820] = True
    engine = Painter()
    fill_hole(engine, rgb, hole, seed=5)
    (first, first_hole, first_seed), (second, second_hole, second_seed) = engine.calls
    assert first.shape == (10 + 2 * LEAST_MARGIN, 20 + 2 * LEAST_MARGIN, 3)  # the smaller one
    assert second.shape == (20 + 2 * LEAST_MARGIN, 30 + 50 + LEAST_MARGIN, 3)
    assert first_hole.sum() == 200
    assert second_hole.sum() == 600
    assert first_seed != second_seed
    again = Painter()
    fill_hole(again, rgb, hole, seed=5)
    assert [call[2] for call in again.calls] == [first_seed, second_seed]
    other = Painter()
    fill_hole(other, rgb, hole, seed=6)
    assert first_seed not in [call[2] for call in other.calls]


def test_a_hole_s_seed_does_not_depend_on_other_holes() -> None:
    rgb, hole = picture(300, 900), np.zeros((300, 900), bool)
    hole[100:120, 50:80] = True
    alone, both = Painter(), Painter()
    fill_hole(alone, rgb, hole, seed=5)
    hole[150:160, 800:820] = True
    fill_hole(both, rgb, hole, seed=5)
    assert alone.calls[0][2] in [call[2] for call in both.calls]


def test_holes_side_by_side_are_filled_at_once() -> None:
    rgb, hole = picture(200, 300), np.zeros((200, 300), bool)
    hole[80:120, 100:130] = hole[80:120, 136:160] = True
    engine = Painter()
    fill_hole(engine, rgb, hole, seed=0)
    assert len(engine.calls) == 1


def test_context_is_counted_in_sides_of_the_hole() -> None:
    rgb, hole = picture(1000, 1000), np.zeros((1000, 1000), bool)
    hole[450:550, 450:500] = True
    for context, side in [(0.0, 100 + 2 * LEAST_MARGIN), (1.0, 300), (2.0, 500)]:
        engine = Painter()
        fill_hole(engine, rgb, hole, seed=0, context=context)
        assert engine.calls[0][0].shape[0] == side


def test_engines_see_no_more_than_their_limit_and_never_what_is_in_a_hole() -> None:
    rgb, hole = picture(200, 700), np.zeros((200, 700), bool)
    hole[20:180, 200:500] = True
    for working, side in [(None, 128), (1000, 128), (64, 64)]:
        engine = Painter(16, limit=128)
        fill_hole(engine, rgb, hole, seed=0, working=working)
        shown, shown_hole, _ = engine.calls[0]
        assert max(shown.shape) == side
        assert (shown[shown_hole] == 0).all()


def test_a_smooth_picture_is_continued_at_any_working_size() -> None:
    y, x = np.mgrid[0:240, 0:360]
    rgb = np.stack([x * 0.5 + 20, y * 0.7 + 30, 240 - x * 0.3 - y * 0.3], -1).astype(np.uint8)
    hole = cv2.circle(np.zeros((240, 360), np.uint8), (150, 110), 60, 1, -1) > 0
    shown = rgb.copy()
    shown[hole] = 255  # as an object that is to go
    for working in (None, 96, 48):
        filled = fill_hole(OpenCvInpainter("ns"), shown, hole, seed=0, working=working)
        error = np.abs(filled.astype(int) - rgb)[hole]
        assert error.mean() < 8  # what was in the hole is 120 away
        assert error.max() < 40


def test_a_hole_without_anything_around_it_is_refused() -> None:
    with pytest.raises(MaskError, match=r"^the hole covers the whole picture[^\n]*\.$"):
        fill_hole(Painter(), picture(4, 5), np.ones((4, 5), bool), seed=0)
    with pytest.raises(MaskError, match=r"^the hole is 4x5 but its picture is 5x4[^\n]*\.$"):
        fill_hole(Painter(), picture(4, 5), np.ones((5, 4), bool), seed=0)


def test_no_hole_gives_a_copy() -> None:
    rgb, engine = picture(4, 5), Painter()
    filled = fill_hole(engine, rgb, np.zeros((4, 5), bool), seed=0)
    np.testing.assert_array_equal(filled, rgb)
    assert filled is not rgb
    assert not engine.calls
