"""Colours go away from those around, and white, grey and far ones stay what they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.stages.sketch_contrast import exaggerated

SIZE = (90, 140)


def spot(ground: tuple[float, ...], inside: tuple[float, ...]) -> np.ndarray:
    """HxWx3 in [0,1] with a disc on a ground."""
    picture = np.full((*SIZE, 3), ground, np.float32)
    cv2.circle(picture, (70, 45), 12, inside, -1)
    return picture


def lab(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_RGB2LAB)


def test_a_small_difference_becomes_larger() -> None:
    picture = spot((0.60, 0.60, 0.60), (0.68, 0.68, 0.68))
    before, after = lab(picture), lab(exaggerated(picture))
    grown = (after[45, 70] - after[5, 5])[0] / (before[45, 70] - before[5, 5])[0]
    assert 1.3 < grown < 1.8
    assert after[5, 5] == pytest.approx(before[5, 5], abs=0.5)  # far from the disc


def test_a_great_difference_stays() -> None:
    picture = spot((1, 1, 1), (0.15, 0.15, 0.15))
    after = lab(exaggerated(picture))
    assert after[45, 70, 0] == pytest.approx(lab(picture)[45, 70, 0], abs=1)
    assert after[:, :, 0].max() <= 100.01


def test_hues_of_what_is_coloured_go_apart() -> None:
    picture = spot((0.62, 0.60, 0.45), (0.45, 0.66, 0.45))
    before, after = lab(picture), lab(exaggerated(picture))
    apart = [np.linalg.norm((x[45, 70] - x[5, 5])[1:]) for x in (before, after)]
    assert apart[1] > 1.2 * apart[0]


@pytest.mark.parametrize("plain", [(1, 1, 1), (0.7, 0.7, 0.7)])
def test_white_and_grey_get_no_rim(plain: tuple[float, ...]) -> None:
    after = lab(exaggerated(spot(plain, (0.85, 0.25, 0.1))))
    outside = (spot((0, 0, 0), (1, 1, 1)) == 0).all(2)
    assert np.abs(after[outside][:, 1:]).max() < 1


def test_dark_pictures_become_lighter_and_keep_their_order() -> None:
    ramp = np.tile(np.linspace(0.02, 0.5, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    after = exaggerated(np.repeat(ramp[:, :, None], 3, 2))[45, :, 0]
    assert np.median(after) > 1.4 * np.median(ramp)
    assert (np.diff(after) > -1e-3).all()


def test_nothing_is_added_to_one_colour() -> None:
    picture = np.full((*SIZE, 3), (0.3, 0.8, 0.6), np.float32)
    assert exaggerated(picture) == pytest.approx(picture, abs=2e-3)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0]))
def test_any_picture_stays_one(height: int, width: int, seed: int, top: float) -> None:
    picture = np.random.default_rng(seed).random((height, width, 3), np.float32) * np.float32(top)
    given_up = picture.copy()
    after = exaggerated(picture)
    assert after.shape == picture.shape
    assert after.dtype == np.float32
    assert np.isfinite(after).all()
    assert after.min() >= 0
    assert after.max() <= 1
    assert np.array_equal(picture, given_up)
