"""Cubics lie on their chains, cuts lose nothing, and choices are what brute force would choose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.curves import cubic_points
from compose.stages.sketch_pieces import Piece, choose_pieces, cut_pieces, fit_cubic, halved

numbers = st.integers(0, 2**31)


def walk(seed: int, count: int = 80) -> np.ndarray:
    """A smooth chain with steps of about a pixel."""
    rng = np.random.default_rng(seed)
    angles = np.cumsum(rng.normal(0, 0.08, count)) + rng.uniform(0, 7)
    return 50 + np.cumsum(np.stack([np.cos(angles), np.sin(angles)], -1), 0)


def farthest(chain: np.ndarray, stroke: np.ndarray) -> float:
    """Of the chain from the curve, by trying a thousand places on it."""
    curve = cubic_points(stroke, np.linspace(0, 1, 1000))
    return float(np.hypot(*(chain[:, None] - curve).transpose(2, 0, 1)).min(1).max())


@given(numbers)
@settings(max_examples=40, deadline=None)
def test_a_cubic_is_found_again(seed):
    true = np.random.default_rng(seed).uniform(0, 40, (4, 2)).cumsum(0)
    chain = cubic_points(true, np.linspace(0, 1, 60))
    stroke, worst = fit_cubic(chain)
    assert np.array_equal(stroke[[0, 3]], chain[[0, -1]])
    assert farthest(chain, stroke) <= worst + 0.2
    assert worst < 0.15 * np.hypot(*np.ptp(chain, axis=0))


@pytest.mark.parametrize("count", [2, 3, 4, 9])
def test_short_chains_are_lines(count):
    chain = np.linspace((3, 4), (9, 1), count)
    stroke, worst = fit_cubic(chain)
    assert worst < 1e-6
    np.testing.assert_allclose(stroke[[0, 3]], chain[[0, -1]])


@given(numbers, st.sampled_from([0.5, 1.0, 3.0]))
@settings(max_examples=40, deadline=None)
def test_pieces_follow_their_chain_from_end_to_end(seed, tolerance):
    chain = walk(seed)
    pieces = cut_pieces([chain], tolerance)
    joined = np.concatenate([pieces[0].pixels, *(piece.pixels[1:] for piece in pieces[1:])])
    # fewer points than a piece has may be left over at the end
    np.testing.assert_array_equal(joined, chain[: len(joined)])
    assert len(chain) - len(joined) < 5
    for piece in pieces:
        assert farthest(piece.pixels, piece.stroke) <= tolerance + 0.1


@given(numbers)
@settings(max_examples=30, deadline=None)
def test_more_tolerance_needs_no_more_pieces(seed):
    counts = [len(cut_pieces([walk(seed)], tolerance)) for tolerance in (0.5, 1, 4)]
    assert counts[0] >= counts[1] >= counts[2] >= 1


def row(y: int, x1: int, x2: int) -> Piece:
    pixels = np.stack([np.arange(x1, x2) + 0.5, np.full(x2 - x1, y + 0.5)], -1)
    return Piece(pixels, fit_cubic(pixels)[0])


def test_the_choice_is_greedy_for_what_is_not_drawn_yet():
    values = np.zeros((40, 60))
    values[5, :50], values[6, :50], values[20, :20] = 1, 0.9, 1
    pieces = [row(6, 0, 50), row(20, 0, 20), row(5, 0, 50), row(30, 0, 60)]
    # beside the first, the second line adds nothing any more; the last is worth nothing
    chosen, total = choose_pieces(pieces, values, 4)
    assert chosen == [2, 1]
    assert total == pytest.approx(70)
    assert choose_pieces(pieces, values, 1)[0] == [2]
    drawn = np.zeros(values.shape, bool)
    drawn[:10] = True
    assert choose_pieces(pieces, values, 4, drawn=drawn)[0] == [1]
    factors = np.array([1, 9, 1, 1])
    assert choose_pieces(pieces, values, 1, factors=factors)[0] == [1]
    assert choose_pieces([], values, 3) == ([], 0.0)


@given(numbers, st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_each_choice_is_the_best_of_all(seed, count):
    """Against choosing anew among all pieces every time."""
    rng = np.random.default_rng(seed)
    values = rng.random((50, 60))
    pieces = [row(y, x, x + n) for y, x, n in rng.integers((0, 0, 5), (50, 30, 30), (15, 3))]
    left, wanted = values.copy(), []
    for _ in range(count):
        places = [np.unique(p.pixels.astype(int), axis=0) for p in pieces]
        gains = [0 if k in wanted else left[p[:, 1], p[:, 0]].sum() for k, p in enumerate(places)]
        if max(gains) <= 0:
            break
        wanted.append(int(np.argmax(gains)))
        for x, y in places[wanted[-1]]:
            left[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = 0
    assert choose_pieces(pieces, values, count)[0] == wanted


@given(numbers, st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_halves_draw_the_same(seed, count):
    pieces = cut_pieces([walk(seed)], 2.0)
    more = halved(pieces, count)
    assert len(more) == max(min(count, len(more)), len(pieces))
    points = {tuple(p) for piece in pieces for p in piece.pixels}
    assert {tuple(p) for piece in more for p in piece.pixels} == points
    if len(more) < count:
        assert max(len(piece.pixels) for piece in more) < 9
