"""Of what was painted beside an object, what looks like it is told from the ground."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.stages.segment_looks import like_object

HIGH, WIDE = 150, 240


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A red thing on green, with a painted part beside it: its upper half red, the lower green."""
    random = np.random.default_rng(seed)
    rgb = np.full((HIGH, WIDE, 3), (70, 120, 60), float)
    own, part = np.zeros((HIGH, WIDE), bool), np.zeros((HIGH, WIDE), bool)
    own[40:110, 40:110] = True
    part[40:110, 110:150] = True
    rgb[own] = (190, 50, 40)
    rgb[40:75, 110:150] = (190, 50, 40)
    noisy = np.clip(rgb + random.normal(0, 6, (HIGH, WIDE, 1)), 0, 255).astype(np.uint8)
    return noisy, part, own, ~(own | part)


@pytest.mark.parametrize("factor", [1, 3])
def test_what_looks_like_the_ground_is_left(factor):
    rgb, part, own, ground = (np.kron(a, np.ones((factor, factor, *([1] * (a.ndim - 2))), a.dtype))
                              for a in scene())  # fmt: skip
    kept = like_object(rgb, part, own, ground)
    assert not (kept & ~part).any()
    upper = part.copy()
    upper[75 * factor :] = False
    assert (kept & upper).sum() / (kept | upper).sum() > 0.9


def test_too_little_tells_nothing():
    rgb, part, own, ground = scene()
    nothing = np.zeros_like(own)
    for a, b in ((nothing, ground), (own, nothing)):
        assert (like_object(rgb, part, a, b) == part).all()
    assert not like_object(rgb, nothing, own, ground).any()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 9), st.integers(1, 60), st.integers(1, 90))
def test_any_shape_gives_a_part_of_what_was_asked(seed, high, wide):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (high, wide, 3), np.uint8)
    part, own, ground = (random.random((high, wide)) < 0.3 for _ in range(3))
    kept = like_object(rgb, part, own, ground)
    assert kept.shape == part.shape
    assert not (kept & ~part).any()
