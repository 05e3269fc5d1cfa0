"""What an object leaves beside its hole is found on simple grounds, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from compose.core.discs import grown
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_plate import plate_hole
from compose.stages.segment_remnants import remnants

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

CONFIG = SegmentConfig()


def looked(ground, *things):
    rgb = picture(ground, (body(), OBJECT), *things)
    hole = grown(body(), 4)
    return remnants(rgb, hole, body()), hole


def test_the_end_of_a_leg_is_found():
    leg = part(140, 158, 150, 158)
    found, hole = looked(lawn(), (leg, OBJECT))
    assert (found & leg).sum() > 0.8 * (leg & ~hole).sum()
    assert (found & ~grown(leg, 3)).sum() < 0.2 * found.sum()


def test_a_shadow_below_is_found():
    shadow = part(136, 150, 120, 190) & ~body()
    found, hole = looked(lawn(), (shadow, 0.5))
    assert (found & shadow).sum() > 0.8 * (shadow & ~hole).sum()


def test_a_shadow_that_is_longer_than_the_first_ring_is_found_on_a_plain_ground():
    shadow = part(128, 140, 200, 236)
    found, hole = looked(lawn(noise=2), (shadow, 0.5))
    assert (found & shadow).sum() > 0.8 * (shadow & ~hole).sum()


def test_shade_above_an_object_is_not_its_shadow():
    shade = part(62, 80, 130, 190)
    found, _ = looked(lawn(), (shade, 0.5))
    assert not found.any()


def test_a_light_patch_of_another_colour_stays():
    found, _ = looked(lawn(), (part(140, 156, 150, 165), (240, 240, 250)))
    assert not found.any()


def test_what_goes_on_beyond_the_ring_belongs_to_the_background():
    road = part(140, HEIGHT, 150, 158)
    found, _ = looked(lawn(), (road, OBJECT))
    assert not found.any()


def test_what_does_not_touch_stays():
    found, _ = looked(lawn(), (part(156, 166, 150, 160), OBJECT))
    assert not found.any()


def test_on_a_plain_lawn_nothing_is_found():
    found, _ = looked(lawn(noise=10))
    assert not found.any()


def test_where_the_ground_is_various_nothing_is_told():
    rng = np.random.default_rng(0)
    tiles = rng.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3)).astype(np.float32)
    ground = np.kron(tiles, np.ones((4, 4, 1), np.float32))
    found, _ = looked(ground, (part(140, 158, 150, 158), OBJECT))
    assert not found.any()


@pytest.mark.parametrize("scale", [2, 5])
def test_a_large_picture_is_looked_at_reduced(scale):
    leg = part(140, 158, 150, 158)
    rgb = picture(lawn(), (body(), OBJECT), (leg, OBJECT))
    rgb, hole, mask, leg = larger(scale, rgb, grown(body(), 4), body(), leg)
    found = remnants(rgb, hole, mask)
    assert found.shape == hole.shape
    assert (found & leg).sum() > 0.7 * (leg & ~hole).sum()


@settings(max_examples=40, deadline=None)
@given(noise_with_hole())
def test_whatever_the_picture_it_lies_outside_of_the_hole(scene):
    rng, rgb, hole = scene
    found = remnants(rgb, hole, hole & (rng.random(hole.shape) < 0.8))
    assert found.shape == hole.shape
    assert found.dtype == bool
    assert not (found & hole).any()


def test_a_plate_s_hole_takes_them_along():
    leg, shadow = part(140, 158, 150, 158), part(136, 150, 160, 210) & ~body()
    rgb = picture(lawn(), (shadow, 0.5), (body(), OBJECT), (leg, OBJECT))
    hole = plate_hole(rgb, body(), np.zeros_like(leg), CONFIG)
    assert not ((leg | shadow) & ~hole).any()
    other = leg  # somebody else's
    kept = plate_hole(rgb, body(), other, CONFIG)
    assert (other & ~kept).sum() > 0.4 * leg.sum()
