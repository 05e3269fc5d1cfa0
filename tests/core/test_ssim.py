"""Structural similarity against a slow reading of the paper, and against what is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.ssim import luminance, ssim, ssim_map


def by_the_paper(a: np.ndarray, b: np.ndarray, row: int, column: int, peak: float) -> float:
    """Equations 13 to 16 at one window, number by number."""
    weights = [
        [math.exp(-((i - 5) ** 2 + (j - 5) ** 2) / (2 * 1.5**2)) for j in range(11)]
        for i in range(11)
    ]
    total = sum(map(sum, weights))
    points = [
        (weights[i][j] / total, float(a[row + i, column + j]), float(b[row + i, column + j]))
        for i in range(11)
        for j in range(11)
    ]
    mean_a = sum(w * x for w, x, _ in points)
    mean_b = sum(w * y for w, _, y in points)
    var_a = sum(w * (x - mean_a) ** 2 for w, x, _ in points)
    var_b = sum(w * (y - mean_b) ** 2 for w, _, y in points)
    both = sum(w * (x - mean_a) * (y - mean_b) for w, x, y in points)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    return ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    )


@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_every_window_is_the_papers(peak: float) -> None:
    rng = np.random.default_rng(3)
    a = rng.uniform(0, peak, (17, 14))
    b = np.clip(0.7 * a + rng.normal(0, 0.1 * peak, a.shape), 0, peak)
    found = ssim_map(a, b, peak=peak)
    assert found.shape == (7, 4)
    wanted = [[by_the_paper(a, b, i, j, peak) for j in range(4)] for i in range(7)]
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)
    assert ssim(a, b, peak=peak) == pytest.approx(np.mean(wanted))


def test_against_a_published_implementation() -> None:
    """The figure that scikit-image 0.26 gives for the same two pictures.

    structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    data_range=255)
    """
    y, x = np.mgrid[0:40, 0:56]
    a = (40 + 3 * x + y % 7 * 5).astype(np.uint8)
    b = (30 + 3 * x + x % 5 * 9).astype(np.uint8)
    assert ssim(a, b) == pytest.approx(0.28184034588567913, abs=1e-12)


def test_flat_pictures_differ_by_their_light_alone() -> None:
    dark, light = np.full((20, 30), 51, np.uint8), np.full((20, 30), 204, np.uint8)
    c1 = 2.55**2
    assert ssim(dark, light) == pytest.approx((2 * 51 * 204 + c1) / (51**2 + 204**2 + c1))


def test_a_negative_is_less_like_than_anything_unrelated() -> None:
    rng = np.random.default_rng(0)
    a, other = rng.integers(0, 256, (2, 30, 40))
    assert ssim(a, 255 - a) < -0.5
    assert abs(ssim(a, other)) < 0.1


def test_colours_count_by_their_luma() -> None:
    rgb = np.zeros((2, 3, 3), np.uint8)
    rgb[0, 0], rgb[1, 2] = (255, 0, 0), (10, 20, 30)
    luma = luminance(rgb)
    assert luma[0, 0] == pytest.approx(0.299 * 255)
    assert luma[1, 2] == pytest.approx(2.99 + 11.74 + 3.42)
    assert luma[0, 1] == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(11, 24), st.integers(11, 24))
def test_symmetric_bounded_and_one_for_equals(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, height, width), dtype=np.uint8)
    found = ssim_map(a, b)
    assert found.min() >= -1
    assert found.max() <= 1
    np.testing.assert_allclose(ssim_map(b, a), found, atol=1e-9)
    assert ssim(a, a) == pytest.approx(1)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        ssim(np.zeros((20, 30)), np.zeros((30, 20)))
    with pytest.raises(ValueError, match="at least 11"):
        ssim(np.zeros((10, 30)), np.zeros((10, 30)))
