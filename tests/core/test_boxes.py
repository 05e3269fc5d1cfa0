import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.boxes import (
    Box,
    areas,
    clip,
    displacement,
    from_xywh,
    iou_matrix,
    nms,
    parse_box,
    round_inside,
    to_xywh,
)
from compose.core.errors import UsageError

WIDTH, HEIGHT = 64, 40
NUMBERS = st.floats(-90, 150, allow_nan=False, width=32)
GRID = st.integers(0, 60)


@st.composite
def boxes(draw, number=NUMBERS):
    count = draw(st.integers(1, 8))
    corners = [[draw(number) for _ in range(4)] for _ in range(count)]
    corners = np.array(corners, np.float64)
    return np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], 1
    )


def cells(box):
    """The pixels of an integer box on a raster, the plain way to count an overlap."""
    raster = np.zeros((61, 61), bool)
    x1, y1, x2, y2 = (int(v) for v in box)
    raster[y1:y2, x1:x2] = True
    return raster


@given(boxes(GRID), boxes(GRID))
def test_iou_counts_pixels(a, b):
    found = iou_matrix(a, b)
    assert found.shape == (len(a), len(b))
    for i, first in enumerate(a):
        for j, second in enumerate(b):
            union = (cells(first) | cells(second)).sum()
            overlap = (cells(first) & cells(second)).sum()
            assert found[i, j] == pytest.approx(overlap / union if union else 0)


@given(boxes())
def test_iou_is_symmetric_and_one_with_itself(a):
    found = iou_matrix(a, a)
    assert np.allclose(found, found.T)
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()
    assert np.allclose(np.diag(found)[areas(a) > 1e-3], 1)


@given(boxes())
def test_xywh_and_back(a):
    assert np.allclose(from_xywh(to_xywh(a)), a, atol=1e-9)
    assert np.allclose(areas(a), np.prod(to_xywh(a)[:, 2:], 1))


def test_xywh_of_one_box():
    assert to_xywh(np.array([2.0, 3, 10, 7])).tolist() == [2, 3, 8, 4]


@given(boxes())
def test_rounding_stays_inside_and_is_stable(a):
    found = round_inside(a, WIDTH, HEIGHT)
    assert found.dtype == np.int64
    assert (found >= 0).all()
    assert (found[:, [0, 2]] <= WIDTH).all()
    assert (found[:, [1, 3]] <= HEIGHT).all()
    assert (found[:, 2:] > found[:, :2]).all()
    assert np.array_equal(round_inside(found, WIDTH, HEIGHT), found)


@given(boxes())
def test_rounding_moves_no_edge_by_more_than_half(a):
    inside = clip(a, WIDTH, HEIGHT)
    wide = (inside[:, 2:] - inside[:, :2] >= 1.5).all(1)
    assert (np.abs(round_inside(a, WIDTH, HEIGHT) - inside)[wide] <= 0.5).all()


@given(boxes())
def test_clip(a):
    found = clip(a, WIDTH, HEIGHT)
    assert (found >= 0).all()
    assert (found <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()
    assert np.array_equal(clip(found, WIDTH, HEIGHT), found)


def test_displacement():
    a, b = np.array([[0.0, 0, 64, 40]]), np.array([[16.0, 0, 64, 30]])
    assert displacement(a, b, WIDTH, HEIGHT) == pytest.approx((0.25 + 0.25) / 4)
    assert displacement(a, a, WIDTH, HEIGHT) == 0


@given(boxes(), st.floats(0, 1), st.integers(0, 2**16))
def test_nms_keeps_the_best_of_each_crowd(a, threshold, seed):
    scores = np.random.default_rng(seed).permutation(len(a)).astype(float)
    kept = nms(a, scores, threshold)
    assert kept[0] == scores.argmax()
    assert (np.diff(scores[kept]) < 0).all()
    overlaps = iou_matrix(a, a)
    for index in set(range(len(a))) - set(kept.tolist()):
        better = [k for k in kept if scores[k] > scores[index]]
        assert overlaps[index, better].max() > threshold
    among = overlaps[np.ix_(kept, kept)]
    assert (among[np.triu_indices(len(kept), 1)] <= threshold).all()


def test_nms_ties_keep_the_earlier():
    same = np.array([[0.0, 0, 4, 4]] * 3)
    assert nms(same, np.ones(3), 0.5).tolist() == [0]


def test_parse():
    assert parse_box("1,2.5,30,4e1") == Box(1, 2.5, 30, 40)
    assert parse_box("1,2,4,6").area == 12


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "3,0,3,9", "0,9,5,2", "0,0,nan,1", "0,0,inf,1"]
)
def test_parse_refuses(text):
    with pytest.raises(UsageError):
        parse_box(text)
