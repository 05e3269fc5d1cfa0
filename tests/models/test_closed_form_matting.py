"""Closed-form matting against the dense system, and on pictures whose alpha is known."""

from __future__ import annotations

import numpy as np
import pytest

from compose.models.closed_form_matting import closed_form_alpha


def dense(rgb: np.ndarray, start: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """The minimum by the matting Laplacian of the paper, written out pixel by pixel."""
    height, width = start.shape
    colours = rgb.reshape(-1, 3) / 255
    form = np.zeros((height * width, height * width))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            here = [v * width + u for v in range(y - 1, y + 2) for u in range(x - 1, x + 2)]
            mean = colours[here].mean(0)
            spread = np.cov(colours[here].T, bias=True) + 1e-4 / 9 * np.eye(3)
            inverse = np.linalg.inv(spread)
            for i in here:
                for j in here:
                    alike = (colours[i] - mean) @ inverse @ (colours[j] - mean)
                    form[i, j] += (i == j) - (1 + alike) / 9
    free = np.flatnonzero(unknown)
    known = np.flatnonzero(~unknown)
    right = -form[np.ix_(free, known)] @ start.ravel()[known]
    found = start.astype(float).ravel()
    found[free] = np.clip(np.linalg.solve(form[np.ix_(free, free)], right), 0, 1)
    return found.reshape(start.shape)


def scene(seed: int, shape: tuple[int, int] = (14, 19)) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    columns = np.linspace(-3, 3, shape[1])
    alpha = np.broadcast_to(1 / (1 + np.exp(-2 * columns)), shape)
    sides = random.integers(0, 256, (2, 3))
    mixed = alpha[..., None] * sides[0] + (1 - alpha[..., None]) * sides[1]
    rgb = np.clip(mixed + random.normal(0, 4, (*shape, 3)), 0, 255).astype(np.uint8)
    unknown = (alpha > 0.02) & (alpha < 0.98)
    return rgb, np.rint(alpha).astype(np.float32), unknown, alpha


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_minimum_of_the_dense_system(seed):
    rgb, start, unknown, _ = scene(seed)
    found = closed_form_alpha(rgb, start, unknown, tolerance=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, dense(rgb, start, unknown), atol=0.02)
    np.testing.assert_array_equal(found[~unknown], start[~unknown])


def test_mixtures_of_two_colours_are_told():
    rgb, start, unknown, alpha = scene(7, (40, 57))
    assert np.abs(start - alpha)[unknown].mean() > 0.15
    found = closed_form_alpha(rgb, start, unknown, tolerance=1e-4)
    assert np.abs(found - alpha)[unknown].mean() < 0.06


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 7), (5, 2), (3, 3)])
def test_small_pictures_keep_what_no_window_sees(shape):
    rgb = np.full((*shape, 3), 80, np.uint8)
    start = np.full(shape, 0.25, np.float32)
    found = closed_form_alpha(rgb, start, np.ones(shape, bool))
    assert found.shape == shape
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, start, atol=1e-3)  # nothing says otherwise


def test_nothing_unknown_is_nothing_changed():
    rgb, start, unknown, _ = scene(1)
    found = closed_form_alpha(rgb, start, np.zeros_like(unknown))
    np.testing.assert_array_equal(found, start)
