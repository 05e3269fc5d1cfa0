"""Bootstrap by weights against a plain loop that draws items, and figures that cannot be had."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compose.core.bootstrap import difference, interval, ratio_of_sums
from compose.core.metrics import paired_bootstrap


def test_a_ratio_is_that_of_sums_not_a_mean_of_ratios() -> None:
    # 1/2 and 3/6 sum to 4/8; the mean of 1/1 and 0/9 would be 1/2, their ratio of sums is 1/10
    assert interval(ratio_of_sums(np.array([1, 3]), np.array([2, 6])), 2).value == 0.5
    assert interval(ratio_of_sums(np.array([1, 0]), np.array([1, 9])), 2).value == 0.1


def test_equal_items_leave_no_doubt() -> None:
    found = interval(ratio_of_sums(np.full(5, 3), np.full(5, 4)), 5)
    assert (found.value, found.low, found.high) == (0.75, 0.75, 0.75)


def test_intervals_equal_those_of_drawing_items() -> None:
    random = np.random.default_rng(3)
    top, bottom = random.integers(0, 5, 40), random.integers(5, 9, 40)
    picks = random.integers(0, 40, (20_000, 40))
    plain = top[picks].sum(1) / bottom[picks].sum(1)
    low, high = np.percentile(plain, [2.5, 97.5])
    found = interval(ratio_of_sums(top, bottom), 40)
    # two bootstraps of 10,000 and 20,000 draws: their ends differ by chance only
    assert found.low == pytest.approx(low, abs=0.05 * (high - low))
    assert found.high == pytest.approx(high, abs=0.05 * (high - low))


def test_a_difference_of_means_agrees_with_the_paired_bootstrap() -> None:
    random = np.random.default_rng(4)
    a = random.normal(0.3, 1, 50)
    b = a + random.normal(-0.1, 0.2, 50)
    ones = np.ones(50)
    found = difference(ratio_of_sums(a, ones), ratio_of_sums(b, ones), 50)
    other = paired_bootstrap(a, b)
    assert found.mean == pytest.approx(other.mean)
    width = other.high - other.low
    assert found.low == pytest.approx(other.low, abs=0.1 * width)
    assert found.high == pytest.approx(other.high, abs=0.1 * width)
    assert found.p_value == pytest.approx(other.p_value, abs=0.02)


def test_the_same_seed_draws_the_same() -> None:
    figure = ratio_of_sums(np.random.default_rng(0).random(9), np.ones(9))
    assert interval(figure, 9) == interval(figure, 9)
    assert interval(figure, 9) != interval(figure, 9, seed=1)


def test_draws_without_the_figure_are_left_out() -> None:
    # one item of three has the figure, 0.25; draws without that item have none
    found = interval(ratio_of_sums(np.array([0, 0.25, 0]), np.array([0, 1, 0])), 3)
    assert (found.value, found.low, found.high) == (0.25, 0.25, 0.25)


def test_a_figure_that_nothing_has_is_nan() -> None:
    nothing = ratio_of_sums(np.zeros(3), np.zeros(3))
    found = interval(nothing, 3)
    assert all(math.isnan(v) for v in (found.value, found.low, found.high))
    missing = difference(nothing, ratio_of_sums(np.ones(3), np.ones(3)), 3)
    assert math.isnan(missing.mean)
    assert math.isnan(missing.p_value)


def test_no_items_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        interval(ratio_of_sums(np.ones(0), np.ones(0)), 0)
