"""Allotment: sums are exact, shares are fair, and nobody with edges goes without."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.stages.sketch_allotment import allot, round_counts
from compose.stages.sketch_regions import Region

counts_of = st.lists(st.integers(0, 60_000), min_size=1, max_size=8)


@given(counts_of, st.integers(0, 600))
def test_the_sum_is_exact(counts, strokes):
    shares = allot(counts, strokes)
    assert len(shares) == len(counts)
    assert sum(shares) == strokes
    assert min(shares) >= 0


@given(counts_of, st.integers(0, 600))
def test_rounds_without_edges_get_nothing_unless_all_are(counts, strokes):
    shares = allot(counts, strokes)
    if any(counts):
        assert all(share == 0 for share, count in zip(shares, counts, strict=True) if count == 0)
    else:
        assert shares[0] == strokes


@given(counts_of, st.integers(0, 600))
def test_everyone_with_edges_gets_one_where_strokes_suffice(counts, strokes):
    if strokes >= sum(count > 0 for count in counts):
        shares = allot(counts, strokes)
        assert any(counts) is False or all(
            share > 0 for share, count in zip(shares, counts, strict=True) if count > 0
        )


@given(counts_of, st.integers(0, 600))
def test_shares_are_the_exact_ones_rounded(counts, strokes):
    if not any(counts):
        return
    exact = [Fraction(count * strokes, sum(counts)) for count in counts]
    shares = allot(counts, strokes)
    raised = [k for k, q in enumerate(exact) if 0 < q < 1 and shares[k] == 1]
    for k, (share, quota) in enumerate(zip(shares, exact, strict=True)):
        assert share - quota < 1
        # only to those that would have had none can anyone have given
        assert quota - share < 1 + len(raised) - (k in raised)


@given(counts_of, st.integers(0, 600))
def test_more_edges_never_mean_fewer_strokes(counts, strokes):
    shares = allot(counts, strokes)
    if any(counts):
        order = sorted(range(len(counts)), key=lambda k: counts[k])
        for less, more in pairwise(order):
            assert counts[less] == counts[more] or shares[less] <= shares[more]


@pytest.mark.parametrize(
    ("counts", "strokes", "expected"),
    [
        ([300, 100], 48, [36, 12]),
        ([1, 1, 1], 16, [6, 5, 5]),  # of equal remainders the earlier
        ([1000, 1], 16, [15, 1]),
        ([1000, 0, 10], 4, [3, 0, 1]),
        ([500, 300, 200], 2, [1, 1, 0]),  # too few for all
        ([0, 0], 7, [7, 0]),
        ([5], 0, [0]),
    ],
)
def test_examples(counts, strokes, expected):
    assert allot(counts, strokes) == expected


@pytest.mark.parametrize(("counts", "strokes"), [([], 4), ([3, -1], 4), ([3], -1)])
def test_nonsense_is_refused(counts, strokes):
    with pytest.raises(ValueError, match="no allotment"):
        allot(counts, strokes)


def test_counts_of_rounds():
    rgb = np.full((60, 90, 3), 255, np.uint8)
    rgb[10:20, 10:80] = 0
    edges = np.zeros((60, 90), bool)
    edges[10, 10:80] = True
    mask = np.zeros((60, 90), bool)
    mask[5:30, 40:90] = True
    regions = [Region("roi1", mask, "option")]
    assert round_counts(rgb, edges, regions) == [70, 42]  # two pixels beyond the mask
    assert round_counts(rgb, edges, regions, by="pixels") == [700, 400]
