"""The three rules, worked out by hand on one scene."""

from __future__ import annotations

import numpy as np

from compose.core.instances import Instance
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_loop import run_loop
from compose.stages.segment_merge import by_rank, enlarged_labels, merge_rounds

from .segment_scenes import BLUE, GREEN, HEIGHT, RED, WIDTH, Reveal, Scripted, draw

SHAPE = (HEIGHT, WIDTH)
FRONT, BEHIND = RED.mask(), BLUE.mask() & ~RED.mask()


def course():
    """Red and blue; then the blue one whole and a green one; then the green one alone."""
    blue, green = Instance(BLUE.mask(), 0.9), Instance(GREEN.mask(), 0.8)
    segmenter = Scripted(
        [Instance(FRONT, 0.9), Instance(BEHIND, 0.8)], [blue, green], [green], [green]
    )
    how = SegmentConfig(iterations=3, stability="off", dilate=0, dilate_least=0, min_area=0)
    result = run_loop(draw((RED, BLUE)), segmenter, Reveal([BLUE, GREEN], []), how)
    assert [k.iteration for k in result.instances] == [0, 0, 1]
    return result


def test_first_wins_keeps_what_is_in_front():
    labels = merge_rounds(course().rounds, "first-wins", SHAPE)
    expected = np.zeros(SHAPE, int)
    expected[BEHIND], expected[FRONT] = 2, 1
    assert np.array_equal(labels, expected)  # of the green disc nothing shows


def test_last_wins_paints_what_is_behind_over_it():
    rounds = course().rounds
    expected = np.zeros(SHAPE, int)
    expected[FRONT] = 1
    expected[BLUE.mask()] = 2
    expected[GREEN.mask()] = 3
    assert np.array_equal(merge_rounds(rounds, "last-wins", SHAPE), expected)


def test_strict_and_keeps_what_every_round_finds():
    rounds = course().rounds
    once = merge_rounds(rounds[:1], "strict-and", SHAPE)
    assert np.array_equal(once, merge_rounds(rounds, "first-wins", SHAPE))
    twice = merge_rounds(rounds[:2], "strict-and", SHAPE)
    assert np.array_equal(twice > 0, (FRONT | BEHIND) & (BLUE.mask() | GREEN.mask()))
    assert np.array_equal(merge_rounds(rounds, "strict-and", SHAPE) > 0, GREEN.mask() & FRONT)


def test_ranks_stand_for_numbers():
    labels = np.array([[0, 1], [2, 3]], np.int32)
    assert by_rank(labels, (2, 0, 1)).tolist() == [[0, 2], [3, 1]]
    assert by_rank(np.zeros((1, 2), np.int32), ()).tolist() == [[0, 0]]


def test_a_map_is_enlarged_label_by_label():
    labels = np.zeros((10, 14), np.int32)
    labels[2:5, 3:8], labels[5:9, 3:8] = 7, 300
    large = enlarged_labels(labels, (50, 70, 3))
    assert large.shape == (50, 70)
    assert set(np.unique(large)) == {0, 7, 300}
    assert (large[12:23, 18:38] == 7).all()
    assert (large[28:43, 18:38] == 300).all()
    assert not large[:8].any()
    assert not large[:, 44:].any()
    assert enlarged_labels(labels, (10, 14)) is labels
