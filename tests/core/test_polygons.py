"""Polygons against COCO's own tool, pixel for pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from compose.core.errors import MaskError
from compose.core.polygons import fill_polygons

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
