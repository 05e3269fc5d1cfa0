import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.stages.crop_marks import marks_of
from compose.stages.crop_overlay import draw_crops
from compose.stages.crop_search import Crop


def crop(rank, box, shape=None):
    return Crop(rank, box, 0.5, shape or "3:2", 0.5, shape)


def test_the_picture_is_not_changed_and_kept_where_nothing_is_drawn():
    rgb = np.random.default_rng(0).integers(0, 256, (400, 600, 3)).astype(np.uint8)
    before = rgb.copy()
    drawn = draw_crops(rgb, [crop(1, (100, 50, 500, 350))])
    np.testing.assert_array_equal(rgb, before)
    np.testing.assert_array_equal(drawn[150:330, 150:480], rgb[150:330, 150:480])
    outside = rgb[360:, :] * 0.62
    assert np.abs(drawn[360:, :] - outside).max() <= 1
    np.testing.assert_array_equal(draw_crops(rgb, []), rgb)


def test_outlines_have_the_colours_of_their_crops():
    rgb = np.full((400, 600, 3), 90, np.uint8)
    crops = [crop(1, (100, 50, 500, 350)), crop(2, (20, 20, 300, 300))]
    drawn = draw_crops(rgb, crops)
    for found, mark in zip(crops, marks_of(crops), strict=True):
        x1, y2 = found.box[0], found.box[3]
        for edge in (drawn[y2 - 8 : y2, x1 + 40], drawn[y2 - 40, x1 : x1 + 8]):
            assert (edge == mark.colour).all(-1).any()
    assert (drawn[:, 599] == drawn[0, 599]).all()  # nothing beyond the boxes


@pytest.mark.parametrize("size", [(640, 427), (4000, 3000)])
def test_lines_grow_with_the_picture(size):
    width, height = size
    rgb = np.zeros((height, width, 3), np.uint8)
    drawn = draw_crops(rgb, [crop(1, (0, 0, width, height)), crop(2, (0, 0, width, height))])
    row = drawn[height // 2, : width // 20]
    coloured = int((row != 0).any(-1).sum())
    assert 2 <= coloured <= 20
    assert coloured >= width / 500


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_tiny_pictures_and_boxes_are_drawn_too(width, height, seed):
    rng = np.random.default_rng(seed)
    crops = []
    for rank in range(1, 12):
        x1, y1 = int(rng.integers(0, width)), int(rng.integers(0, height))
        box = (x1, y1, int(rng.integers(x1 + 1, width + 1)), int(rng.integers(y1 + 1, height + 1)))
        crops.append(crop(rank, box))
    drawn = draw_crops(np.zeros((height, width, 3), np.uint8), crops)
    assert drawn.shape == (height, width, 3)
    assert drawn.dtype == np.uint8


def test_marks_name_the_aspect_where_there_are_several():
    one = marks_of([crop(1, (0, 0, 3, 2), "3:2"), crop(2, (0, 0, 3, 2), "3:2")])
    assert [mark.label for mark in one] == ["1", "2"]
    assert one[0].colour != one[1].colour
    several = marks_of([crop(1, (0, 0, 3, 2), "3:2"), crop(1, (0, 0, 2, 2), "1:1")])
    assert [mark.label for mark in several] == ["3:2 1", "1:1 1"]


def test_the_best_is_drawn_over_the_others():
    rgb = np.full((400, 600, 3), 90, np.uint8)
    crops = [crop(1, (100, 100, 400, 300)), crop(2, (0, 200, 599, 399))]
    drawn = draw_crops(rgb, crops)
    best, other = (mark.colour for mark in marks_of(crops))
    crossing = drawn[200:206, 100:108]
    rows = (crossing == best).all(-1)
    assert rows.any(1).all()
    assert (drawn[200:206, 300:310] == other).all(-1).any()
