"""Pseudo-labels: the rule of what differs is the sum, ratios are snapped, the original stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.models.crop_belief import CropBelief
from compose.stages.cad_labels import (
    ASPECTS,
    ORIGINAL,
    Label,
    LabelConfig,
    difference,
    first_labels,
    predicted,
    refined,
    share_of,
    snapped,
)

WIDTH, HEIGHT = 900, 720
CONFIG = LabelConfig()


@st.composite
def boxes(draw: st.DrawFn) -> tuple[int, int, int, int]:
    x1, y1 = draw(st.integers(-50, WIDTH - 2)), draw(st.integers(-50, HEIGHT - 2))
    return x1, y1, draw(st.integers(x1 + 1, WIDTH + 50)), draw(st.integers(y1 + 1, HEIGHT + 50))


def test_the_difference_is_a_sum_of_sizes_and_edges() -> None:
    assert difference((0, 0, 90, 72), (0, 0, 90, 72), WIDTH, HEIGHT) == 0
    # 90 of 900 wider: area 90*72 of 900*720, one edge by a tenth
    found = difference((0, 0, 90, 72), (0, 0, 180, 72), WIDTH, HEIGHT)
    assert found == pytest.approx(2 * 90 * 72 / (900 * 720) + 0.1)
    # moved: no size, two edges
    assert difference((0, 0, 90, 72), (0, 72, 90, 144), WIDTH, HEIGHT) == pytest.approx(0.2)


@settings(max_examples=200)
@given(boxes(), st.lists(st.tuples(boxes(), st.floats(0, 10)), max_size=40))
def test_what_is_kept_satisfies_every_rule(
    region: tuple[int, int, int, int], wild: list[tuple[tuple[int, int, int, int], float]]
) -> None:
    x1, y1 = max(region[0], 0), max(region[1], 0)
    region = (x1, y1, max(min(region[2], WIDTH), x1 + 1), max(min(region[3], HEIGHT), y1 + 1))
    predictions = [Label(box, score, "engine") for box, score in wild]
    found = refined(first_labels(region), predictions, WIDTH, HEIGHT, CONFIG)
    assert found[0] == Label(region, 10.0, ORIGINAL)
    assert len(found) <= 1 + CONFIG.keep
    scores = [label.score for label in found[1:]]
    assert scores == sorted(scores, reverse=True)
    for number, label in enumerate(found[1:], 1):
        a, b, c, d = label.box
        assert 0 <= a < c <= WIDTH
        assert 0 <= b < d <= HEIGHT
        assert label.score > CONFIG.least
        assert share_of(region, label.box) > CONFIG.cover
        for other in found[:number]:
            assert difference(label.box, other.box, WIDTH, HEIGHT) > CONFIG.differ


@settings(max_examples=200)
@given(boxes())
def test_snapped_boxes_have_a_ratio_of_the_six_and_stay_in_the_picture(
    box: tuple[int, int, int, int],
) -> None:
    found = snapped(box, WIDTH, HEIGHT, CONFIG.aspect)
    if found is None:
        return
    x1, y1, x2, y2 = found
    assert 0 <= x1 < x2 <= WIDTH
    assert 0 <= y1 < y2 <= HEIGHT
    wide, high = sorted((x2 - x1, y2 - y1), reverse=True)
    # exact up to the rounding of a side or two
    assert min(abs(wide - aspect * high) for aspect in ASPECTS) <= 1.5 * (1 + max(ASPECTS))


def test_snapping_moves_the_far_edge_and_refuses_other_shapes() -> None:
    assert snapped((100, 100, 400, 302), WIDTH, HEIGHT, 0.03) == (100, 100, 403, 302)
    assert snapped((100, 100, 300, 402), WIDTH, HEIGHT, 0.03) == (100, 100, 300, 400)
    assert snapped((0, 0, 600, 200), WIDTH, HEIGHT, 0.03) is None


def test_labels_of_the_version_before_go_before_predictions() -> None:
    region = (300, 200, 600, 500)
    old = Label((200, 100, 700, 600), 5.0, "old")
    new = Label((202, 100, 702, 600), 9.0, "new")  # hardly differs from the old one
    found = refined([*first_labels(region), old], [new], WIDTH, HEIGHT, CONFIG)
    assert [label.origin for label in found] == [ORIGINAL, "old"]
    alone = refined(first_labels(region), [new], WIDTH, HEIGHT, CONFIG)
    assert [label.origin for label in alone] == [ORIGINAL, "new"]


def test_the_best_four_of_many_are_kept() -> None:
    region = (420, 330, 480, 390)
    many = [
        Label((420 - k, 330 - k, 480 + k, 390 + k), 3 + k / 100, "engine")
        for k in range(60, 300, 45)
    ]
    found = refined(first_labels(region), many, WIDTH, HEIGHT, CONFIG)
    assert [label.score for label in found[1:]] == sorted((m.score for m in many), reverse=True)[:4]


def test_predictions_are_many_ranked_and_mostly_of_cads_ratios() -> None:
    belief = CropBelief(np.array([[0.2, 0.2, 0.8, 0.8]], np.float32), np.ones(1, np.float32))
    found = predicted(belief, WIDTH, HEIGHT, "engine", CONFIG)
    assert 10 <= len(found) <= CONFIG.predictions
    scores = [label.score for label in found]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 10
    shaped = [snapped(label.box, WIDTH, HEIGHT, CONFIG.aspect) for label in found]
    assert sum(box is not None for box in shaped) > len(found) / 2


def test_lines_are_cads() -> None:
    assert Label((1, 2, 30, 40), 7.25, "x").line() == "1 2 30 40 7.250"
