"""Mean IoU of sets worked out by hand, and what its bootstrap keeps together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from compose.core.confusion import (
    class_iou,
    confusion_matrix,
    difference_of_mean_iou,
    interval_of_mean_iou,
    mean_iou,
)

# 2x4 pixels of the classes 0, 1 and 2; one is ignored
TRUTH = np.array([[0, 0, 1, 1], [0, 255, 1, 2]], np.uint8)
FOUND = np.array([[0, 1, 1, 1], [0, 2, 0, 2]], np.uint8)


def test_one_picture_by_hand() -> None:
    matrix = confusion_matrix(TRUTH, FOUND, 4)
    # background: 2 of 3 found, and one pixel of class 1 called background; class 1: 2 of 3
    # found, one pixel of background called 1; class 2: 1 of 1, for the other 2 is ignored
    expected = np.zeros((4, 4), int)
    expected[0, :2], expected[1, :2], expected[2, 2] = [2, 1], [1, 2], 1
    np.testing.assert_array_equal(matrix, expected)
    # 2 / (3 + 1), 2 / (3 + 1), 1 / 1, and nothing of class 3 anywhere
    np.testing.assert_array_equal(class_iou(matrix), [0.5, 0.5, 1, np.nan])
    assert mean_iou(matrix) == pytest.approx(2 / 3)


def test_a_class_found_where_there_is_none_counts_as_zero() -> None:
    matrix = confusion_matrix(np.zeros((1, 2), int), np.array([[0, 1]]), 3)
    np.testing.assert_array_equal(class_iou(matrix), [0.5, 0, np.nan])
    assert mean_iou(matrix) == 0.25


def test_pixels_are_counted_over_the_set_not_meaned_over_pictures() -> None:
    # class 1 has IoU 1/1 in a small picture and 0/8 in a large one: 1/9 in the set, mean 1/2
    small = confusion_matrix(np.array([[1]]), np.array([[1]]), 2)
    large = confusion_matrix(np.ones((2, 4), int), np.zeros((2, 4), int), 2)
    assert class_iou(small + large)[1] == pytest.approx(1 / 9)
    found = interval_of_mean_iou(np.stack([small, large]))
    assert found.value == pytest.approx((1 / 9 + 0) / 2)
    # a draw may hold either picture twice: the small one alone has only class 1, with IoU 1
    assert (found.low, found.high) == (0, 1)


def test_ignored_pixels_count_on_neither_side() -> None:
    all_ignored = confusion_matrix(np.full((3, 5), 255), np.ones((3, 5), int), 2)
    assert not all_ignored.any()
    assert math.isnan(mean_iou(all_ignored))


def test_a_difference_is_paired() -> None:
    random = np.random.default_rng(0)
    truths = random.integers(0, 3, (12, 9, 7))
    guesses = np.where(random.random(truths.shape) < 0.7, truths, 0)
    better = guesses.copy()
    better[:, 0] = truths[:, 0]  # right on the first row of every picture
    first = np.stack([confusion_matrix(t, g, 3) for t, g in zip(truths, better, strict=True)])
    second = np.stack([confusion_matrix(t, g, 3) for t, g in zip(truths, guesses, strict=True)])
    found = difference_of_mean_iou(first, second)
    assert found.mean == pytest.approx(mean_iou(first.sum(0)) - mean_iou(second.sum(0)))
    assert 0 < found.low < found.mean < found.high
    assert found.p_value == 0
    same = difference_of_mean_iou(first, first)
    assert (same.mean, same.low, same.high, same.p_value) == (0, 0, 0, 1)


@given(
    arrays.arrays(np.uint8, (5, 8), elements=st.sampled_from([0, 1, 2, 3, 255])),
    arrays.arrays(np.uint8, (5, 8), elements=st.integers(0, 3)),
)
def test_iou_equals_that_of_masks(truth: np.ndarray, found: np.ndarray) -> None:
    counts = truth != 255
    expected = []
    for number in range(4):
        a, b = (truth == number) & counts, (found == number) & counts
        union = (a | b).sum()
        expected.append((a & b).sum() / union if union else np.nan)
    np.testing.assert_allclose(class_iou(confusion_matrix(truth, found, 4)), expected)


@pytest.mark.parametrize(
    ("truth", "found", "says"),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), "one shape"),
        (np.full((2, 3), 4), np.zeros((2, 3), int), "must lie in"),
        (np.zeros((2, 3), int), np.full((2, 3), 255), "must lie in"),
        (np.zeros((2, 3), int), np.full((2, 3), -1), "must lie in"),
    ],
)
def test_wrong_maps_are_refused(truth: np.ndarray, found: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        confusion_matrix(truth, found, 4)


def test_sets_of_different_pictures_cannot_be_compared() -> None:
    one = confusion_matrix(TRUTH, FOUND, 4)
    with pytest.raises(ValueError, match="one shape"):
        difference_of_mean_iou(np.stack([one, one]), one[None])
