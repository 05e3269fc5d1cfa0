"""A long shadow is followed to its end, and nothing else that is dark."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from compose.core.discs import grown
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_plate import plate_hole
from compose.stages.segment_remnants import remnants
from compose.stages.segment_shadows import shadows

from .segment_lawns import (
    HEIGHT,
    OBJECT,
    WIDTH,
    body,
    larger,
    lawn,
    noise_with_hole,
    part,
    picture,
)


def looked(*things, noise=6.0):
    rgb = picture(lawn(noise=noise), *things, (body(), OBJECT))
    hole = grown(body(), 4)
    return shadows(rgb, hole), hole, rgb


def long_shadow():
    return part(126, 146, 0, 160) & ~body()  # out of the picture


def test_a_shadow_is_followed_out_of_the_picture():
    found, hole, rgb = looked((long_shadow(), 0.5))
    shaded = (long_shadow() & ~hole).sum()
    assert (remnants(rgb, hole, body()) & long_shadow()).sum() < 0.2 * shaded  # it goes on
    assert (found & long_shadow()).sum() > 0.9 * shaded
    assert (found & ~grown(long_shadow(), 3)).sum() < 0.05 * found.sum()


def test_a_plate_s_hole_takes_it_along_unless_it_is_another_s():
    rgb = picture(lawn(), (long_shadow(), 0.5), (body(), OBJECT))
    none = np.zeros_like(body())
    assert not (long_shadow() & ~plate_hole(rgb, body(), none, SegmentConfig())).any()
    kept = plate_hole(rgb, body(), long_shadow(), SegmentConfig())
    assert (long_shadow() & ~kept).sum() > 0.8 * (long_shadow() & ~grown(body(), 12)).sum()


def test_a_dark_horizon_above_is_no_shadow():
    found, _, _ = looked((part(40, 100, 0, WIDTH), 0.5))
    assert not found.any()


def test_a_dark_ground_on_which_it_stands_is_no_shadow():
    found, _, _ = looked((part(120, HEIGHT, 0, WIDTH), 0.5))
    assert not found.any()


def test_something_dark_of_another_colour_is_no_shadow():
    found, _, _ = looked((long_shadow(), (90, 20, 90)))
    assert not found.any()


def test_a_shadow_that_touches_nothing_is_another_s():
    found, _, _ = looked((part(150, 170, 0, 110), 0.5))
    assert not found.any()


def test_on_a_various_ground_nothing_is_told():
    found, _, _ = looked((long_shadow(), 0.8), noise=60)
    assert not found.any()


def test_without_a_shadow_nothing_is_found():
    found, _, _ = looked()
    assert not found.any()


@pytest.mark.parametrize("scale", [2, 5])
def test_a_large_picture_is_looked_at_reduced(scale):
    _, hole, rgb = looked((long_shadow(), 0.5))
    rgb, hole, dark = larger(scale, rgb, hole, long_shadow())
    found = shadows(rgb, hole)
    assert found.shape == hole.shape
    assert (found & dark).sum() > 0.85 * (dark & ~hole).sum()


@settings(max_examples=40, deadline=None)
@given(noise_with_hole())
def test_whatever_the_picture_it_lies_outside_of_the_hole(scene):
    _, rgb, hole = scene
    found = shadows(rgb, hole)
    assert found.shape == hole.shape
    assert found.dtype == bool
    assert not (found & hole).any()
