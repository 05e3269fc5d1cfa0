"""Filling at the full size, and what the search sees of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.models.inpainter import for_plates
from compose.stages.segment_canvas import (
    Filling,
    FullCanvas,
    PlainCanvas,
    enlarged,
    reduced,
    working_size,
)
from compose.stages.segment_first import NoSegmenter
from compose.stages.segment_tools import SegmentTools

from .segment_scenes import Reveal


def picture(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(20, 90), st.integers(20, 90), st.integers(16, 64), st.integers(0, 30),
    st.integers(0, 30), st.integers(1, 12), st.sampled_from([0.0, 0.02]),
)  # fmt: skip
def test_outside_of_the_hole_nothing_changes(height, width, side, x, y, extent, feather):
    full = picture(height, width)
    canvas = FullCanvas.of(full, side, Filling(Reveal([]), 32, feather))
    hole = np.zeros(canvas.rgb.shape[:2], bool)
    hole[y : y + extent, x : x + extent] = True
    if hole.all() or not hole.any():
        return
    filled = canvas.filled(hole, 3)
    large = enlarged(hole, full.shape)
    assert large.any()
    assert np.array_equal(filled.full[~large], full[~large])
    assert np.array_equal(filled.rgb[~hole], canvas.rgb[~hole])
    assert np.array_equal(canvas.full, full)
    assert filled.rgb.shape == canvas.rgb.shape


def test_what_is_filled_at_full_size_is_seen_reduced():
    full = picture(60, 90)
    canvas = FullCanvas.of(full, 45, Filling(Reveal([]), 90, 0))
    assert canvas.rgb.shape == (30, 45, 3)
    hole = np.zeros((30, 45), bool)
    hole[10:20, 10:30] = True
    filled = canvas.filled(hole, 0)
    assert np.array_equal(filled.rgb[hole], reduced(filled.full, (45, 30))[hole])
    assert (filled.full[25:35, 30:50] == (200, 205, 190)).all()


def test_of_a_plain_filling_only_the_hole_is_used():
    rgb = picture(20, 30)
    hole = np.zeros((20, 30), bool)
    hole[3:6, 4:9] = True
    canvas = PlainCanvas(rgb, lambda rgb, hole, seed: np.full_like(rgb, seed))
    filled = canvas.filled(hole, 7)
    assert (filled.rgb[hole] == 7).all()
    assert np.array_equal(filled.rgb[~hole], rgb[~hole])


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [((300, 400), 1024, (400, 300)), ((3000, 4000), 1024, (1024, 768)), ((4000, 1), 100, (1, 100))],
)
def test_the_size_of_the_search(shape, side, expected):
    assert working_size(shape, side) == expected


def test_a_single_pixel_stays_when_it_is_enlarged():
    mask = np.zeros((7, 9), bool)
    mask[3, 4] = True
    assert enlarged(mask, (70, 90)).any()
    assert enlarged(mask, (8, 10)).any()
    assert enlarged(mask, (7, 9)) is mask
    assert not enlarged(np.zeros((7, 9), bool), (70, 90)).any()


def test_plates_are_filled_by_the_form_of_an_engine_that_is_made_for_them():
    class Plate(Reveal):
        name = "plate"

    class Two(Reveal):
        def for_plates(self):
            return plate

    plate = Plate([])
    full = picture(60, 90)
    canvas = FullCanvas.of(full, 45, Filling(Two([]), 90, 0))
    other = canvas.plate()
    assert other.filling.inpainter is plate
    assert other.plate() is other
    assert np.array_equal(other.rgb, canvas.rgb)
    shared = SegmentTools.shared(NoSegmenter(), Two([])).inpainter
    assert for_plates(shared).name == "plate"
    assert for_plates(shared) is for_plates(shared)
    alone = SegmentTools.shared(NoSegmenter(), Reveal([])).inpainter
    assert for_plates(alone) is alone
    assert PlainCanvas(full, lambda rgb, hole, seed: rgb).plate().rgb is full
