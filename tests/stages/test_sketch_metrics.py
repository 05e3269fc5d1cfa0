"""Ink on edges, against a slow search of all pairs of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.stages.sketch_metrics import edge_agreement, ink_mask


def share_within(wanted: np.ndarray, cover: np.ndarray, reach: float) -> float:
    """Pixel by pixel."""
    others = np.argwhere(cover)
    near = [
        any(np.hypot(*(pixel - other)) <= reach for other in others)
        for pixel in np.argwhere(wanted)
    ]
    return sum(near) / len(near)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1.0, 2.0, 2.5, 5**0.5]),
    st.sampled_from([0.02, 0.3]),
)
def test_recall_and_precision_are_shares_within_reach(
    seed: int, reach: float, density: float
) -> None:
    rng = np.random.default_rng(seed)
    ink, edges = rng.random((2, 13, 19)) < density
    ink[4, 5] = edges[9, 2] = True
    found = edge_agreement(ink, edges, reach=reach)
    assert found.recall == pytest.approx(share_within(edges, ink, reach))
    assert found.precision == pytest.approx(share_within(ink, edges, reach))


def test_a_line_beside_the_edge_counts_up_to_two_pixels() -> None:
    edges = np.zeros((30, 40), bool)
    edges[:, 10] = True
    for shift, wanted in ((0, 1.0), (2, 1.0), (3, 0.0)):
        found = edge_agreement(np.roll(edges, shift, axis=1), edges)
        assert (found.recall, found.precision, found.f1) == (wanted, wanted, wanted)


def test_half_an_edge_drawn_is_half_recalled_and_wholly_precise() -> None:
    edges = np.zeros((30, 40), bool)
    edges[:, 10] = True
    ink = edges & (np.arange(30) < 13)[:, None]  # reaches two pixels further
    found = edge_agreement(ink, edges)
    assert (found.recall, found.precision) == (0.5, 1.0)
    assert found.f1 == pytest.approx(2 / 3)


def test_what_is_not_there_has_no_share() -> None:
    some, none = np.ones((12, 9), bool), np.zeros((12, 9), bool)
    blank, plain, both = (
        edge_agreement(*pair) for pair in ((none, some), (some, none), (none,) * 2)
    )
    assert (blank.recall, blank.precision, blank.f1) == (0.0, None, None)
    assert (plain.recall, plain.precision, plain.f1) == (None, 0.0, None)
    assert (both.recall, both.precision, both.f1) == (None, None, None)


def test_ink_is_what_differs_from_the_paper_in_any_channel() -> None:
    page = np.full((2, 3, 3), 255, np.uint8)
    page[0, 0] = 0
    page[0, 1] = (255, 255, 190)  # pale yellow: 65 less blue
    page[0, 2] = 191  # 64 less
    assert ink_mask(page).tolist() == [[True, True, False], [False] * 3]
    night = np.zeros((1, 2, 3), np.uint8)
    night[0, 1] = 200
    assert ink_mask(night, (0, 0, 0)).tolist() == [[False, True]]
