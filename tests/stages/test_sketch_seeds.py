"""Seeds: spread like the plain algorithm says, x before y, reproducible, never short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.stages.sketch_maps import ROUND_COLORS, draw_seeds, edge_picture
from compose.stages.sketch_seeds import (
    edge_seeds,
    farthest_points,
    mask_points,
    random_seeds,
    saliency_seeds,
    seed_strokes,
)

WIDTH, HEIGHT = 120, 50


def rng(seed=0):
    return np.random.default_rng(seed)


def farthest_slowly(pixels, count, first, taken):
    """The algorithm in words: the farthest from what there is, the earliest among equals."""
    there = [tuple(p) for p in taken]
    chosen = []
    while len(chosen) < count:
        if not there:
            best = tuple(pixels[first])
        else:
            best, best_distance = None, -1
            for p in pixels:
                distance = min((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 for q in there)
                if distance > best_distance:
                    best, best_distance = tuple(p), distance
        chosen.append(best)
        there.append(best)
    return chosen


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(0, 3))
def test_farthest_points_as_in_words(seed, count, earlier):
    draw = rng(seed)
    cells = draw.choice(WIDTH * HEIGHT, 40, replace=False)
    pixels = np.stack([cells % WIDTH, cells // WIDTH], -1) + 0.5
    taken = draw.random((earlier, 2)) * 50
    first = int(rng(7).integers(len(pixels)))
    found = farthest_points(pixels, count, rng(7), taken=taken if earlier else None)
    assert found.tolist() == [list(p) for p in farthest_slowly(pixels, count, first, taken)]


def test_mask_points_are_x_y_of_centres():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[3, 100] = True
    assert mask_points(mask).tolist() == [[100.5, 3.5]]


def test_seeds_lie_on_edges_and_apart():
    edges = np.zeros((HEIGHT, WIDTH), bool)
    edges[10, 5:115] = True
    seeds = edge_seeds(edges, 12, rng())
    assert seeds.shape == (12, 2)
    assert (seeds[:, 1] == 10.5).all()
    assert np.diff(np.sort(seeds[:, 0])).min() >= 4


def test_later_rounds_keep_away_from_earlier_ones():
    edges = np.zeros((HEIGHT, WIDTH), bool)
    edges[10, 5:115] = True
    first = edge_seeds(edges, 6, rng())
    second = edge_seeds(edges, 6, rng(1), taken=first)
    gaps = np.abs(first[:, None, 0] - second[None, :, 0])
    assert gaps.min() >= 4


def test_too_few_pixels_are_used_again_and_moved():
    pixels = np.array([[10.5, 20.5], [60.5, 30.5], [61.5, 30.5]])
    found = farthest_points(pixels, 30, rng())
    assert found.shape == (30, 2)
    assert {tuple(p) for p in found[:3]} == {tuple(p) for p in pixels}
    assert len({tuple(p) for p in found}) == 30
    nearest = np.abs(found[:, None] - pixels).max(-1).min(1)
    assert nearest.max() <= 1.5
    assert (np.abs(found[3:, None] - pixels).max(-1) <= 1.5).any(0).all()


def test_all_taken_already_still_gives_points():
    pixels = np.array([[10.5, 20.5], [60.5, 30.5]])
    assert farthest_points(pixels, 4, rng(), taken=pixels).shape == (4, 2)


def test_nothing_to_choose():
    assert farthest_points(np.empty((0, 2)), 0, rng()).shape == (0, 2)
    with pytest.raises(ValueError, match="no points"):
        farthest_points(np.empty((0, 2)), 1, rng())


def test_without_edges_seeds_lie_anywhere():
    seeds = edge_seeds(np.zeros((HEIGHT, WIDTH), bool), 500, rng())
    assert ((seeds >= 0) & (seeds < (WIDTH, HEIGHT))).all()
    assert seeds[:, 0].max() > 100
    assert seeds[:, 1].max() > 40


def test_same_generator_same_seeds():
    edges = rng(3).random((HEIGHT, WIDTH)) < 0.1
    assert (edge_seeds(edges, 20, rng(5)) == edge_seeds(edges, 20, rng(5))).all()
    assert (edge_seeds(edges, 20, rng(5)) != edge_seeds(edges, 20, rng(6))).any()


def test_saliency_draws_where_both_are():
    saliency = np.zeros((HEIGHT, WIDTH))
    saliency[:, 60:] = 1
    ink = np.zeros((HEIGHT, WIDTH))
    ink[20:25] = 1
    seeds = saliency_seeds(saliency, ink, 40, rng())
    assert len({tuple(p) for p in seeds}) == 40
    assert (seeds[:, 0] > 60).all()
    assert ((seeds[:, 1] > 20) & (seeds[:, 1] < 25)).all()


def test_saliency_follows_the_softmax():
    weights = np.array([[1.0, 0.5, 0.1]])
    expected = np.exp(weights[0] / 0.3) / np.exp(weights[0] / 0.3).sum()
    draw = rng()
    drawn = [int(saliency_seeds(weights, np.ones((1, 3)), 1, draw)[0, 0]) for _ in range(4000)]
    found = np.bincount(drawn, minlength=3) / 4000
    assert np.abs(found - expected).max() < 0.03


def test_saliency_within_a_region_and_never_short():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[4:6, 7:9] = True
    ones = np.ones((HEIGHT, WIDTH))
    seeds = saliency_seeds(ones, ones, 9, rng(), within=mask)
    assert {tuple(p) for p in seeds[:4]} == {(7.5, 4.5), (8.5, 4.5), (7.5, 5.5), (8.5, 5.5)}
    assert seeds.shape == (9, 2)
    assert saliency_seeds(ones * 0, ones, 9, rng()).shape == (9, 2)


def test_random_seeds_within_a_region():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[30:40, 100:110] = True
    seeds = random_seeds(300, rng(), (WIDTH, HEIGHT), within=mask)
    assert seeds.min(0).round() == pytest.approx([100, 30])
    assert seeds.max(0).round() == pytest.approx([110, 40])


def test_strokes_walk_from_their_seeds():
    seeds = random_seeds(2000, rng(), (WIDTH, HEIGHT))
    strokes = seed_strokes(seeds, rng(1), (WIDTH, HEIGHT))
    assert strokes.shape == (2000, 4, 2)
    assert (strokes[:, 0] == seeds).all()
    steps = np.diff(strokes, axis=1)
    longest = 0.05 * WIDTH / 2
    assert np.abs(steps).max() <= longest
    assert np.abs(steps).max((0, 1)) == pytest.approx([longest] * 2, rel=0.01)
    assert np.abs(steps.mean((0, 1))).max() < 0.1 * longest
    assert seed_strokes(np.empty((0, 2)), rng(), (WIDTH, HEIGHT)).shape == (0, 4, 2)


def test_drawn_seeds_are_where_they_are():
    rounds = [np.array([[100.5, 10.5]]), np.array([[20.5, 40.5], [60.5, 25.5]])]
    drawn = draw_seeds(np.full((HEIGHT, WIDTH, 3), 255, np.uint8), rounds, scale=3)
    assert drawn.shape == (HEIGHT * 3, WIDTH * 3, 3)
    assert tuple(drawn[31, 301]) == ROUND_COLORS[0]
    assert tuple(drawn[121, 61]) == tuple(drawn[76, 181]) == ROUND_COLORS[1]
    assert (drawn[:, 100:160] == 255).all()


def test_edges_are_drawn_black():
    edges = np.zeros((3, 5), bool)
    edges[1, 4] = True
    picture = edge_picture(edges)
    assert picture[1, 4].tolist() == [0, 0, 0]
    assert picture.sum() == 14 * 3 * 255
