"""Rings joined into one polygon, and taken apart again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.polygons import fill_polygons
from compose.core.rings import split_rings

CORNER = st.tuples(st.integers(0, 40), st.integers(0, 30))
RING = st.lists(CORNER, min_size=3, max_size=8, unique=True)


def joined(rings):
    return np.array([corner for ring in rings for corner in [*ring, ring[0]]], float)


@given(st.lists(CORNER, min_size=8, max_size=40, unique=True), st.integers(2, 5))
def test_joined_rings_of_different_corners_come_apart_as_they_were(corners, parts):
    size = len(corners) // parts
    rings = [corners[k * size : (k + 1) * size] for k in range(parts)]
    rings = [ring for ring in rings if len(ring) >= 3]
    found = split_rings(joined(rings))
    if len(rings) < 2:
        np.testing.assert_array_equal(found[0], joined(rings))
        return
    assert [ring.tolist() for ring in found] == [[list(map(float, c)) for c in r] for r in rings]


@given(st.lists(RING, min_size=2, max_size=4))
def test_however_corners_repeat_nothing_is_lost(rings):
    whole = joined(rings)
    found = split_rings(whole)
    assert 1 <= len(found) <= len(rings)  # into the fewest
    kept = {tuple(corner) for ring in found for corner in ring.tolist()}
    assert kept <= {tuple(corner) for corner in whole.tolist()}


@given(RING, st.booleans())
def test_one_ring_stays_as_it_is_closed_or_not(ring, closed):
    corners = np.array([*ring, ring[0]] if closed else ring, float)
    (found,) = split_rings(corners)
    np.testing.assert_array_equal(found, corners)


def test_two_squares_apart_are_not_joined_by_a_stripe():
    left = [(2, 2), (12, 2), (12, 12), (2, 12)]
    right = [(30, 16), (38, 16), (38, 26), (30, 26)]
    far = [(20, 2), (24, 2), (24, 6), (20, 6)]
    squares = [left, far, right]
    apart = fill_polygons([np.array(square, float) for square in squares], (40, 30))
    assert apart.sum() == 100 + 16 + 80
    whole = joined(squares)
    assert fill_polygons([whole], (40, 30)).sum() != apart.sum()
    np.testing.assert_array_equal(fill_polygons(split_rings(whole), (40, 30)), apart)


@pytest.mark.parametrize(
    "corners", [[], [(1, 1)], [(1, 1), (1, 1)], [(1, 1), (1, 1), (5, 5), (5, 5)]]
)
def test_what_encloses_nothing_is_left_to_whoever_fills_it(corners):
    given_ = np.array(corners, float).reshape(-1, 2)
    (found,) = split_rings(given_)
    np.testing.assert_array_equal(found, given_)
