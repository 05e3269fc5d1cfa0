"""Cut-outs bring nothing of their old background along, and land where they are told to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.stages.occlusion_paste import cut_out, laid_over, shifted

RED, BLUE = (220, 30, 20), (20, 30, 220)


@pytest.fixture
def red_on_blue() -> tuple[np.ndarray, np.ndarray]:
    rgb = np.full((60, 90, 3), BLUE, np.uint8)
    mask = np.zeros((60, 90), bool)
    mask[15:45, 20:70] = True
    rgb[mask] = RED
    return rgb, mask


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.4])
def test_no_halo(red_on_blue: tuple[np.ndarray, np.ndarray], scale: float) -> None:
    cutout = cut_out(*red_on_blue, scale)
    shown = cutout.alpha > 0.02
    np.testing.assert_allclose(cutout.rgb[shown], np.broadcast_to(RED, (shown.sum(), 3)), atol=2)
    # a pixel less on every side, scaled
    assert cutout.mask.sum() == pytest.approx(28 * 48 * scale**2, rel=0.08)


def test_edges_are_soft_and_the_rest_is_untouched(
    red_on_blue: tuple[np.ndarray, np.ndarray],
) -> None:
    ground = np.random.default_rng(0).integers(0, 256, (70, 100, 3), np.uint8)
    cutout = cut_out(*red_on_blue, 1.0)
    mixed, covered = laid_over(ground, cutout, (10, 5))
    np.testing.assert_array_equal(covered, shifted(cutout.mask, (10, 5), (70, 100)))
    alpha = np.zeros((70, 100))
    height, width = cutout.alpha.shape
    alpha[5 : 5 + height, 10 : 10 + width] = cutout.alpha
    np.testing.assert_array_equal(mixed[alpha == 0], ground[alpha == 0])
    assert ((alpha > 0.1) & (alpha < 0.9)).any()
    np.testing.assert_allclose(
        mixed, ground * (1 - alpha[..., None]) + np.array(RED) * alpha[..., None], atol=2
    )


def test_a_mask_of_one_pixel_is_kept(red_on_blue: tuple[np.ndarray, np.ndarray]) -> None:
    one = np.zeros((60, 90), bool)
    one[30, 30] = True
    assert cut_out(red_on_blue[0], one, 1.4).alpha.max() > 0.2


@given(st.integers(-40, 60), st.integers(-40, 60))
def test_shifting_equals_moving_pixel_by_pixel(x: int, y: int) -> None:
    mask = np.random.default_rng(1).random((17, 23)) < 0.5
    moved = shifted(mask, (x, y), (30, 41))
    expected = np.zeros((30, 41), bool)
    for row, column in zip(*np.nonzero(mask), strict=True):
        if 0 <= row + y < 30 and 0 <= column + x < 41:
            expected[row + y, column + x] = True
    np.testing.assert_array_equal(moved, expected)


@given(st.integers(-60, 120), st.integers(-60, 90))
def test_anything_may_hang_over_the_border(x: int, y: int) -> None:
    rgb = np.full((20, 30, 3), 200, np.uint8)
    mask = np.zeros((20, 30), bool)
    mask[4:16, 5:25] = True
    ground = np.zeros((50, 80, 3), np.uint8)
    mixed, covered = laid_over(ground, cut_out(rgb, mask, 1.0), (x, y))
    assert mixed.shape == ground.shape
    assert (mixed[covered] >= 99).all()
