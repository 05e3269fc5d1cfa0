"""Chains go on over gaps and crossings, straight on and never round a corner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.stages.sketch_links import _close_pairs, linked


def line(a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    count = int(max(abs(b[0] - a[0]), abs(b[1] - a[1]))) + 1
    return np.linspace(a, b, count)


def test_a_gap_is_bridged_whichever_way_the_chains_run():
    left, right = line((0, 5), (20, 5)), line((24, 5), (40, 5))
    for first in (left, left[::-1]):
        for second in (right, right[::-1]):
            (joined,) = linked([first, second], 5)
            across = joined if joined[0, 0] < joined[-1, 0] else joined[::-1]
            np.testing.assert_array_equal(across, np.concatenate([left, right]))


@pytest.mark.parametrize(
    ("other", "gap"),
    [
        (line((24, 5), (40, 5)), 3),  # too far away
        (line((22, 5), (22, 30)), 5),  # round a corner
        (line((22, 9), (40, 9)), 5),  # straight on, but beside
    ],
)
def test_what_does_not_go_on_stays_apart(other, gap):
    chains = [line((0, 5), (20, 5)), other]
    assert len(linked(chains, gap)) == 2


def test_a_line_goes_on_behind_what_crosses_it():
    beam, left, right = line((20, 0), (20, 40)), line((0, 18), (18, 18)), line((22, 18), (40, 18))
    found = linked([beam, left, right], 6)
    assert sorted(len(chain) for chain in found) == [len(left) + len(right), len(beam)]


def test_a_ring_of_parts_is_not_closed_on_itself():
    t = np.linspace(0, 2 * np.pi, 121)[:-1]
    ring = np.stack([30 + 25 * np.cos(t), 30 + 25 * np.sin(t)], -1)
    (joined,) = linked(np.split(ring, 4), 4)
    assert len(joined) == 120


@given(st.lists(st.tuples(*[st.floats(-5, 60)] * 2), max_size=30), st.floats(0, 20))
def test_close_pairs_are_those_of_all(places, gap):
    ends = np.array(places).reshape(-1, 2)
    away = ends[None] - ends[:, None]
    every = zip(*np.nonzero(np.hypot(away[..., 0], away[..., 1]) <= gap), strict=True)
    assert sorted(_close_pairs(ends, gap)) == sorted((a, b) for a, b in every if a < b)


@given(st.lists(st.tuples(*[st.floats(0, 60)] * 4), max_size=7), st.floats(0, 20))
def test_every_point_is_in_one_chain(ends, gap):
    chains = [np.linspace(end[:2], end[2:], 6) for end in ends]
    found = linked(chains, gap)
    before = sorted(map(tuple, np.concatenate([*chains, np.empty((0, 2))]).tolist()))
    after = sorted(map(tuple, np.concatenate([*found, np.empty((0, 2))]).tolist()))
    assert before == after
