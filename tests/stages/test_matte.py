"""Soft edges where masks are off by some pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.stages.matte import matte

BAND = 4.0


def picture(scale: int = 1, shape: tuple[int, int] = (90, 130)) -> tuple[np.ndarray, np.ndarray]:
    """A soft-edged red ellipse with a stalk over green stripes, and its alpha."""
    height, width = shape[0] * scale, shape[1] * scale
    drawn = np.zeros((height, width), np.float32)
    middle = (60 * scale, 45 * scale)
    cv2.ellipse(drawn, middle, (38 * scale, 24 * scale), 20, 0, 360, (1.0,), -1)
    cv2.line(drawn, middle, (118 * scale, 20 * scale), (1.0,), 3 * scale)
    alpha = cv2.GaussianBlur(drawn, (0, 0), 1.0 * scale)
    stripes = 110 + 30 * np.sin(np.arange(width) / (3.0 * scale))
    ground = np.zeros((height, width, 3), np.float32)
    ground[..., 1] = stripes
    mixed = alpha[..., None] * np.array([200, 60, 50], np.float32) + (1 - alpha[..., None]) * ground
    return np.rint(mixed).astype(np.uint8), alpha


def shifted(alpha: np.ndarray, pixels: int) -> np.ndarray:
    return np.roll(alpha > 0.5, pixels, axis=1)


@pytest.mark.parametrize("pixels", [-2, 0, 2])
def test_an_edge_that_is_off_is_found_again(pixels):
    rgb, alpha = picture()
    mask = shifted(alpha, pixels)
    found = matte(rgb, mask, BAND)
    assert (found.shape, found.dtype) == (mask.shape, np.float32)
    assert 0 <= found.min() <= found.max() <= 1
    assert np.abs(found - alpha).sum() < 0.4 * np.abs(shifted(alpha, 2) - alpha).sum()


def test_beyond_the_band_the_mask_stands():
    rgb, alpha = picture()
    mask = alpha > 0.5
    found = matte(rgb, mask, BAND)
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert (found[inside > BAND] == 1).all()
    assert (found[outside > BAND] == 0).all()


def test_a_part_thinner_than_the_band_stays():
    rgb, alpha = picture()
    found = matte(rgb, alpha > 0.5, 8.0)
    stalk = np.s_[18:30, 104:116]
    assert found[stalk][alpha[stalk] > 0.9].mean() > 0.8


def test_doubtful_parts_are_decided_by_their_colours():
    rgb, alpha = picture()
    mask = alpha > 0.5
    extra = np.zeros_like(mask)
    extra[60:80, 90:115] = True  # of the ground
    certain = matte(rgb, mask | extra, BAND)
    asked = matte(rgb, mask | extra, BAND, doubtful=extra & ~mask)
    deep = np.s_[66:74, 97:108]
    assert certain[deep].min() == 1
    assert asked[deep].mean() < certain[deep].mean()


def test_large_pictures_are_solved_small_and_sharpened_at_full_size():
    rgb, alpha = picture(8)
    mask = shifted(alpha, 14)
    found = matte(rgb, mask, 4.0 * 8)
    assert np.abs(found - alpha).sum() < 0.5 * np.abs(mask - alpha).sum()


@pytest.mark.parametrize("mask", [np.ones((20, 31), bool), np.eye(20, 31, dtype=bool)])
def test_masks_without_inside_or_outside(mask):
    rgb = np.random.default_rng(0).integers(0, 256, (*mask.shape, 3)).astype(np.uint8)
    found = matte(rgb, mask, BAND)
    assert found.shape == mask.shape
    assert found[mask].mean() > 0.3
