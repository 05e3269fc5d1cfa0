"""Holes swallow what a mask misses of its object, and not much more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_hole import hole_around, widened
from compose.stages.segment_plate import plate_hole

from .segment_scenes import Thing

SIZE = (120, 90)
CONFIG = SegmentConfig(dilate=0, dilate_least=4)
WHOLE = Thing((200, 40, 40), (30, 20, 80, 70))
MISSED = Thing((200, 40, 40), (30, 20, 74, 70))  # up to 6 pixels less on the right
NOTHING = np.zeros((90, 120), bool)


def scene(ground=(210, 215, 200), noise=0.0):
    rgb = np.empty((90, 120, 3), np.float32)
    rgb[:] = ground
    rgb[WHOLE.mask(SIZE)] = WHOLE.colour
    rgb += np.random.default_rng(0).normal(0, noise, rgb.shape)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def mask_missing_a_strip():
    mask = WHOLE.mask(SIZE)
    mask[:, 74:] = False
    return mask


@pytest.mark.parametrize("noise", [0, 12])
def test_a_strip_that_the_mask_misses_goes_too(noise):
    mask = mask_missing_a_strip()
    rgb = scene(noise=noise)
    assert (WHOLE.mask(SIZE) & ~widened(mask, CONFIG)).any()
    hole = hole_around(rgb, mask, NOTHING, CONFIG)
    assert not (widened(WHOLE.mask(SIZE), SegmentConfig(dilate=0, dilate_least=2)) & ~hole).any()


def test_around_a_good_mask_it_is_no_larger():
    mask = WHOLE.mask(SIZE)
    hole = hole_around(scene(noise=6), mask, NOTHING, CONFIG)
    assert (hole & ~widened(mask, CONFIG)).sum() < 0.02 * hole.sum()


def test_where_the_ground_is_alike_it_stays_near():
    mask = mask_missing_a_strip()
    flat = np.full((90, 120, 3), 90, np.uint8)
    hole = hole_around(flat, mask, NOTHING, CONFIG)
    assert np.array_equal(hole, widened(mask, CONFIG))


def test_another_object_does_not_cling():
    mask = mask_missing_a_strip()
    other = WHOLE.mask(SIZE) & ~mask
    hole = hole_around(scene(), mask, other, CONFIG)
    assert np.array_equal(hole, widened(mask, CONFIG))


def test_something_alike_that_does_not_touch_stays():
    rgb = scene()
    rgb[40:50, 86:92] = WHOLE.colour
    hole = hole_around(rgb, WHOLE.mask(SIZE), NOTHING, CONFIG)
    assert not hole[40:50, 88:92].any()


def test_without_widening_the_mask_is_the_hole():
    mask = mask_missing_a_strip()
    none = SegmentConfig(dilate=0, dilate_least=0)
    assert hole_around(scene(), mask, NOTHING, none) is mask
    assert widened(mask, none) is mask


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 28), st.integers(0, 20), st.integers(1, 31), st.integers(1, 23),
    st.integers(1, 4), st.integers(0, 9),
)  # fmt: skip
def test_it_holds_the_widened_mask_and_ends_nearby(x, y, width, height, radius, seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (23, 31, 3)).astype(np.uint8)
    mask = np.zeros((23, 31), bool)
    mask[y : y + height, x : x + width] = True
    config = SegmentConfig(dilate=0, dilate_least=radius)
    hole = hole_around(rgb, mask, np.zeros_like(mask), config)
    assert not (widened(mask, config) & ~hole).any()
    farthest = SegmentConfig(dilate=0, dilate_least=3 * radius + 1)
    assert not (hole & ~widened(mask, farthest)).any()


def test_a_plate_s_hole_has_no_little_islands():
    rgb, mask = scene(noise=6), WHOLE.mask(SIZE)
    rgb[38:52, 45:60] = (40, 60, 200)  # seen through a gap in the object
    mask[38:52, 45:60] = False
    config = SegmentConfig(dilate=0, dilate_least=2)
    usual, plate = (f(rgb, mask, NOTHING, config) for f in (hole_around, plate_hole))
    assert not usual[44:46, 50:54].any()
    assert np.array_equal(plate, usual | WHOLE.mask(SIZE))
    mask[25:65, 36:75] = False  # a frame, which shows what it is before
    rgb[25:65, 36:75] = (40, 60, 200)
    frame = plate_hole(rgb, mask, NOTHING, config)
    assert not frame[44:46, 50:54].any()
