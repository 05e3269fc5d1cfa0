"""Metrics of cropping on cases whose answers are worked out beside them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compose.core.crop_metrics import (
    acc_k_of_n,
    acc_k_of_n_free,
    bar_acc_n,
    hit_best,
    overlap_n,
    pcc,
    srcc,
    weighted_acc_k_of_n,
)
from compose.core.crop_precision import Detections, average_precision

# six candidates, how people rate them (two share the second place), how an engine does
RATED = [5.0, 4.0, 4.0, 3.0, 2.0, 1.0]
PREDICTED = [0.9, 0.1, 0.5, 0.8, 0.2, 0.7]  # the order 0, 3, 5, 2, 4, 1


def test_overlap_is_of_the_best_annotator_and_displacement_is_of_the_same() -> None:
    # a picture of 200 x 100; the prediction is its left half
    predicted = np.array([[0, 0, 100, 100.0]])
    truth = np.array([[0, 0, 50, 100.0], [100, 0, 200, 100], [10, 0, 100, 90]])
    # IoUs: 50/100; 0; 90*90 / (100*100) = .81. Displacements: (50/200)/4 = .0625;
    # (100/200 + 100/200)/4 = .25; (10/200 + 10/100)/4 = .0375
    assert overlap_n(predicted, truth, 200, 100) == (pytest.approx(0.81), pytest.approx(0.0375))


def test_the_two_protocols_differ_where_the_nearest_edges_are_another_annotators() -> None:
    # on 100 x 100: g1 has IoU 60*60/(100*100) = .36 and displacement (40 + 40)/100/4 = .2;
    # g2 = the strip of 35 of 100 rows has IoU .35 and displacement 65/100/4 = .1625
    predicted = np.array([[0, 0, 100, 100.0]])
    truth = np.array([[0, 0, 60, 60.0], [0, 0, 100, 35]])
    assert overlap_n(predicted, truth, 100, 100) == (pytest.approx(0.36), pytest.approx(0.2))
    both = overlap_n(predicted, truth, 100, 100, protocol="independent")
    assert both == (pytest.approx(0.36), pytest.approx(0.1625))


def test_of_equal_overlaps_the_nearer_edges_count() -> None:
    # both annotators have IoU 1/2: half the width is (50/100)/4 = .125 away, a box of the left
    # 3/4 times the upper 2/3 is (25/100 + 100/300)/4
    predicted = np.array([[0, 0, 100, 300.0]])
    truth = np.array([[0, 0, 75, 200.0], [0, 0, 50, 300]])
    found = overlap_n(predicted, truth, 100, 300)
    assert found == (pytest.approx(0.5), pytest.approx(0.125))


def test_best_of_n_looks_at_the_first_n_only() -> None:
    predicted = np.array([[0, 0, 50, 100.0], [0, 0, 80, 100], [0, 0, 100, 100]])
    truth = np.array([[0, 0, 100, 100.0]])
    assert [overlap_n(predicted, truth, 100, 100, n).iou for n in (1, 2, 3)] == [0.5, 0.8, 1]


def test_accuracy_counts_ties_with_the_nth_best() -> None:
    # the second best is rated 4, and so is the third: with N = 2 the hits are candidates 0, 1, 2.
    # the first four predictions 0, 3, 5, 2 hit at the first and the fourth place
    assert [acc_k_of_n(PREDICTED, RATED, k, 2) for k in (1, 2, 3, 4)] == [1, 0.5, 1 / 3, 0.5]
    assert bar_acc_n(PREDICTED, RATED, 2) == pytest.approx((1 + 0.5 + 1 / 3 + 0.5) / 4)


def test_of_fewer_candidates_than_n_all_are_hits() -> None:
    assert acc_k_of_n(PREDICTED, RATED, 4, 10) == 1


def test_weighted_accuracy_takes_off_for_lower_ranks() -> None:
    # the first two predictions, 0 and 3, have the ranks 0 and 3, whose places are 0 and 1:
    # exp(0) + exp(-.2 * 2), over 2
    assert weighted_acc_k_of_n(PREDICTED, RATED, 2, 5) == pytest.approx((1 + math.exp(-0.4)) / 2)
    # the first four have the ranks 0, 2, 3, 5; rank 5 is no hit among the five best
    expected = (1 + math.exp(-0.2) + math.exp(-0.2)) / 4
    assert weighted_acc_k_of_n(PREDICTED, RATED, 4, 5) == pytest.approx(expected)


CROPS = np.array([[0, 0, 100, 100], [0, 0, 100, 90], [0, 0, 50, 50], [50, 50, 100, 100.0]])
SCORES = [4.5, 4.0, 2.0, 1.0]
FREE = np.array([[50, 50, 100, 100], [0, 0, 100, 92], [0, 0, 96, 100.0]])


def test_free_boxes_are_hits_where_they_overlap_enough() -> None:
    # overlaps with the two best: the first prediction 25/100 and 20*50/.. (< .9), none;
    # the second .92 with the best; the third .96 with the best
    assert acc_k_of_n_free(FREE, CROPS, SCORES, 1, 2, 0.9) == 0
    assert acc_k_of_n_free(FREE, CROPS, SCORES, 3, 2, 0.9) == pytest.approx(2 / 3)
    # the second overlaps with the second best by 90/92 = .978, the third by 8640/9960 = .867
    assert acc_k_of_n_free(FREE, CROPS, SCORES, 3, 2, 0.97) == pytest.approx(1 / 3)
    # predictions that are not there miss
    assert acc_k_of_n_free(FREE[1:], CROPS, SCORES, 4, 2, 0.9) == 0.5


def test_hitting_the_best_crop_is_another_question() -> None:
    # only the third prediction is the best crop (.96); the second is .92
    assert hit_best(FREE, CROPS, SCORES, 5, 0.95) == 1
    assert hit_best(FREE, CROPS, SCORES, 2, 0.95) == 0
    # the first prediction is a crop of the four best, but not the best one
    assert acc_k_of_n_free(FREE, CROPS, SCORES, 1, 4, 0.9) == 1
    assert hit_best(FREE, CROPS, SCORES, 1, 0.9) == 0


def test_correlations() -> None:
    # ranks 1 2 3 4 against 1 3 2 4: squared differences 0 1 1 0, so 1 - 6*2 / (4*15) = .8
    assert srcc([1, 2, 3, 4], [10, 30, 20, 40]) == pytest.approx(0.8)
    # with ties at mean ranks 1.5 1.5 3 against 1 2 3: deviations -.5 -.5 1 and -1 0 1:
    # (.5 + 0 + 1) / sqrt(1.5 * 2) = 1.5 / 1.732
    assert srcc([1, 1, 2], [1, 2, 3]) == pytest.approx(1.5 / math.sqrt(3))
    # deviations -1 0 1 and -2 -1 3: (2 + 0 + 3) / sqrt(2 * 14)
    assert pcc([1, 2, 3], [0, 1, 5]) == pytest.approx(5 / math.sqrt(28))
    assert math.isnan(srcc([1, 1, 1], [1, 2, 3]))
    assert math.isnan(pcc([1, 2, 3], [2, 2, 2]))


def test_average_precision_of_two_photographs() -> None:
    good = np.array([[0, 0, 10, 10.0], [50, 50, 90, 90]])
    hit, miss = [0, 0, 10, 10], [20, 20, 30, 30]
    one = Detections(np.array([hit, miss], float), np.array([0.9, 0.4]), good)
    two = Detections(np.array([miss, hit], float), np.array([0.8, 0.7]), good[:1])
    # in order of scores: hit, miss, hit, miss, of three good crops. Recalls 1/3 1/3 2/3 2/3 and
    # precisions 1 1/2 2/3 1/2; of the 101 recalls those up to .33 (34) have precision 1, those up
    # to .66 (33) have 2/3, and the last 34 are never reached
    expected = (34 * 1 + 33 * 2 / 3) / 101
    assert average_precision([one, two], 0.9, 5) == pytest.approx(expected)
    # with one prediction each: hit, miss; recall 1/3
    assert average_precision([one, two], 0.9, 1) == pytest.approx(34 / 101)


def test_a_good_crop_is_found_once_and_the_rule_says_which() -> None:
    # both predictions overlap with both crops; the first is the first crop itself. The greedy
    # best rule gives it to it, and the second takes the other: both hit
    good = np.array([[0, 0, 100, 100.0], [0, 0, 100, 95]])
    boxes = np.array([[0, 0, 100, 100], [0, 0, 100, 92.0]])
    found = Detections(boxes, np.array([2.0, 1.0]), good)
    assert average_precision([found], 0.94, 5, "best") == 1
    # the released rule gives the first prediction the last crop (.95), and the second one has
    # only .92 with the other: recall 1/2 at precision 1, for 51 of the 101 recalls
    assert average_precision([found], 0.94, 5, "last") == pytest.approx(51 / 101)


def test_average_precision_without_crops_or_predictions() -> None:
    none = np.zeros((0, 4))
    assert math.isnan(average_precision([Detections(none, np.zeros(0), none)], 0.9, 5))
    assert average_precision([Detections(none, np.zeros(0), np.ones((1, 4)))], 0.9, 5) == 0


def test_correlations_are_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    for _ in range(20):
        a, b = random.integers(0, 6, 30), random.normal(size=30)
        assert srcc(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
        assert pcc(a, b) == pytest.approx(stats.pearsonr(a, b).statistic)
