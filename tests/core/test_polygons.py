"""Polygons against COCO's own tool, pixel for pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from compose.core.errors import MaskError
from compose.core.polygons import fill_polygons, largest_outline

EDGE = st.one_of(
    st.floats(-12, 60, width=32), st.integers(-12, 60).map(float), st.sampled_from([0.5, 2.5, 7.9])
)
CORNERS = st.lists(st.tuples(EDGE, EDGE), min_size=3, max_size=9)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools
@given(st.lists(CORNERS, min_size=1, max_size=3), st.integers(15, 50), st.integers(15, 40))
def test_pixels_equal_those_of_pycocotools(polygons, width, height):
    flat = [[value for corner in polygon for value in corner] for polygon in polygons]
    theirs = coco.decode(coco.merge(coco.frPyObjects(flat, height, width)))
    ours = fill_polygons([np.array(polygon) for polygon in polygons], (width, height))
    assert ours.shape == (height, width)
    np.testing.assert_array_equal(ours, theirs > 0)


def test_a_rectangle_of_whole_pixels():
    mask = fill_polygons([np.array([[2, 1], [7, 1], [7, 4], [2, 4]])], (10, 6))
    expected = np.zeros((6, 10), bool)
    expected[1:4, 2:7] = True
    np.testing.assert_array_equal(mask, expected)


def test_no_polygon_is_an_empty_mask():
    assert not fill_polygons([], (4, 3)).any()


@pytest.mark.parametrize(
    ("polygon", "reason"),
    [
        ([[1, 1], [5, 5]], "fewer than three corners"),
        ([1, 2, 3], "fewer than three corners"),
        ([[1, 1], [np.nan, 5], [3, 3]], "far outside"),
        ([[1, 1], [1e12, 5], [3, 3]], "far outside"),
    ],
)
def test_what_is_no_polygon_of_the_picture_is_refused(polygon, reason):
    with pytest.raises(MaskError, match=reason):
        fill_polygons([np.array(polygon, float)], (20, 10))


@given(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), min_size=1, max_size=9))
def test_an_outline_filled_is_the_part_it_was_drawn_of(rows):
    mask = np.array(rows)
    if not mask.any():
        with pytest.raises(MaskError, match="empty"):
            largest_outline(mask)
        return
    filled = fill_polygons([largest_outline(mask).round(2)], (9, len(rows)))
    solid = []
    for part in parts_of(mask, 8):
        outside = next(hole for hole in parts_of(~np.pad(part, 1), 4) if hole[0, 0])
        solid.append(~outside[1:-1, 1:-1])  # its holes filled
    assert any((filled == one).all() for one in solid)


def parts_of(mask, connectivity):
    """Connected parts, by flooding."""
    reach = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    if connectivity == 8:
        reach += [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    left, parts = {tuple(cell) for cell in np.argwhere(mask)}, []
    while left:
        part, pending = np.zeros(mask.shape, bool), [left.pop()]
        while pending:
            y, x = pending.pop()
            part[y, x] = True
            near = [(y + dy, x + dx) for dy, dx in reach if (y + dy, x + dx) in left]
            left.difference_update(near)
            pending += near
        parts.append(part)
    return parts
