"""Soft edges: bounded by the mask, without bleeding, and they give the picture back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.stages.segment_alpha import clean_colours, inner_colours, over, soft_alpha

HEIGHT, WIDTH = 80, 110
FRONT, BEHIND = (210, 40, 30), (20, 60, 200)


def scene(blur=0.0):
    """A disc over a plain ground, its true alpha, and a mask."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    disc = ((x - 50) ** 2 + (y - 40) ** 2 < 25**2).astype(np.float32)
    alpha = cv2.GaussianBlur(disc, (0, 0), blur) if blur else disc
    rgb = alpha[..., None] * FRONT + (1 - alpha[..., None]) * np.array(BEHIND)
    return np.rint(rgb).astype(np.uint8), alpha, disc > 0


def distance(mask):
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)


def test_alpha_is_the_mask_beyond_a_band():
    rgb, _, mask = scene(1.5)
    alpha = soft_alpha(rgb, mask, 4)
    assert (alpha[distance(mask) > 5] == 255).all()
    assert (alpha[distance(~mask) > 5] == 0).all()
    assert ((alpha > 0) & (alpha < 255)).any()


def test_alpha_follows_the_pictures_edge_and_not_the_masks():
    rgb, truth, mask = scene(0.8)
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    before = np.abs(wide - truth).mean()
    after = np.abs(soft_alpha(rgb, wide, 5) / 255 - truth).mean()
    assert after < 0.6 * before


def test_an_edge_of_the_picture_is_no_edge_of_the_object():
    rgb = np.full((30, 40, 3), 90, np.uint8)
    mask = np.zeros((30, 40), bool)
    mask[:, :20] = True
    alpha = soft_alpha(rgb, mask, 3)
    assert (alpha[:, 0] == 255).all()
    assert (soft_alpha(rgb, np.ones((30, 40), bool), 3) == 255).all()


def test_colours_of_mixed_pixels_are_the_objects():
    rgb, truth, _ = scene(1.5)
    alpha = np.rint(truth * 255).astype(np.uint8)
    ground = np.empty_like(rgb)
    ground[:] = BEHIND
    inner = inner_colours(rgb, alpha == 255, 4)
    colours = clean_colours(rgb, alpha, ground, inner)
    mixed = (alpha > 20) & (alpha < 235)
    assert np.abs(colours[mixed].astype(int) - FRONT).max() < 30  # 190 apart before
    assert np.abs(over(colours, alpha, ground).astype(int) - rgb).max() <= 8


def test_over_another_ground_there_is_no_halo():
    rgb, truth, _ = scene(1.5)
    alpha = np.rint(truth * 255).astype(np.uint8)
    ground = np.empty_like(rgb)
    ground[:] = BEHIND
    colours = clean_colours(rgb, alpha, ground, inner_colours(rgb, alpha == 255, 4))
    white = np.full_like(rgb, 255)
    wanted = truth[..., None] * FRONT + (1 - truth[..., None]) * 255
    clean = np.abs(over(colours, alpha, white) - wanted).max()
    naive = np.abs(over(rgb, alpha, white) - wanted).max()
    assert clean < 0.35 * naive


def test_colours_spread_from_what_is_solid():
    rgb = np.zeros((20, 300, 3), np.uint8)
    solid = np.zeros((20, 300), bool)
    solid[:, :4] = True
    rgb[:, :4] = (10, 200, 30)
    assert np.allclose(inner_colours(rgb, solid, 2), (10, 200, 30), atol=0.5)
    nothing = np.zeros_like(solid)
    assert np.array_equal(inner_colours(rgb, nothing, 2), rgb.astype(np.float32))


@pytest.mark.parametrize("value", [0, 1, 127, 128, 254, 255])
def test_laying_over_is_exact_at_its_ends(value):
    colours = np.full((1, 2, 3), 255, np.uint8)
    alpha = np.full((1, 2), value, np.uint8)
    assert (over(colours, alpha, np.zeros_like(colours)) == value).all()
    assert (over(colours, alpha, colours) == 255).all()
