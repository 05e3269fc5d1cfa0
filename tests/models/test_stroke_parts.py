"""The parts of the renderer: flattening, tiles, products along strokes."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from compose.models.stroke_edge import Edge, coverage, soft
from compose.models.stroke_scan import affine_before, links, products_after
from compose.models.stroke_segments import LONGEST, MOST, TOLERANCE, flatten, segment_counts
from compose.models.stroke_tiles import TILE, Canvas, Slots, find_slots

from .stroke_scenes import PLAIN, RETRACED, scene

SEEDS = st.integers(0, 2**32 - 1)


def slots_of(points: Tensor, reach: Tensor, canvas: Canvas) -> Slots:
    """Of strokes (N,S,4,2) with reaches (N,S) in pixels."""
    return find_slots(flatten(points.flatten(0, 1)), reach.flatten(), points.shape[1], canvas)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.floats(1, 500))
@example(25820173, 1.0)  # one segment would do if its ends could be set off
def test_chords_stay_near_their_curves(seed: int, extent: float) -> None:
    kinds = [*PLAIN, *RETRACED]
    points = scene(seed, kinds, (round(extent) + 1, round(extent) + 3)).points[0]
    segments = flatten(points)
    assert torch.bincount(segments.stroke).tolist() == segment_counts(points).tolist()
    for s, stroke in enumerate(points):
        mine = segments.stroke == s
        start, end = segments.start[mine], segments.end[mine]
        torch.testing.assert_close(start[0], stroke[0])
        torch.testing.assert_close(end[-1], stroke[3])
        torch.testing.assert_close(start[1:], end[:-1])
        assert (end - start).norm(dim=1).mean() <= LONGEST + 1e-9
        count = len(start)
        t = ((torch.arange(count)[:, None] + torch.linspace(0, 1, 9)) / count).double()[..., None]
        a, b, c, d = stroke
        curve = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
        chord = start[:, None] + torch.linspace(0, 1, 9)[:, None].double() * (end - start)[:, None]
        assert (curve - chord).norm(dim=-1).max() <= TOLERANCE


def test_segments_pass_gradients_on_to_control_points() -> None:
    points = scene(1, PLAIN, (40, 60)).points[0].requires_grad_()
    segments = flatten(points)
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, len(segments.start), 2, generator=generator).double()
    ((segments.start * one).sum() + (segments.end * other).sum()).backward()
    with torch.no_grad():
        assert points.grad is not None
        torch.testing.assert_close(segments.to_points(one, other, len(points)), points.grad)


def test_no_stroke_has_more_segments_than_memory_allows() -> None:
    assert segment_counts(torch.tensor([[[0.0, 0], [1e9, 5], [-1e9, 3], [7, 7]]])).item() == MOST


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 3), st.integers(1, 30), st.integers(1, 30), st.floats(0.1, 9))
def test_every_sample_within_reach_has_its_slot_and_segment(
    seed: int, count: int, height: int, width: int, reach: float
) -> None:
    kinds = [*PLAIN, *RETRACED]
    points = scene(seed, kinds, (height, width), count=count).points
    canvas = Canvas(count, height, width)
    slots = slots_of(points, points.new_full((count, len(kinds)), reach), canvas)
    tiles = canvas.rows * canvas.columns
    order = slots.tile * len(kinds) + slots.stroke % len(kinds)
    assert (order[1:] > order[:-1]).all()  # by tile, then in the order of painting, each once
    assert torch.equal(
        torch.div(slots.stroke, len(kinds), rounding_mode="floor"),
        torch.div(slots.tile, tiles, rounding_mode="floor"),
    )
    kept = set()
    for tile, stroke, first, number in zip(
        slots.tile.tolist(), slots.stroke.tolist(), slots.first.tolist(), slots.count.tolist(),
        strict=True,
    ):  # fmt: skip
        assert number > 0
        mine = slots.segment[first : first + number].tolist()
        assert len(set(mine)) == number
        kept |= {(tile, stroke, segment) for segment in mine}
    assert len(kept) == len(slots.segment)
    segments = flatten(points.flatten(0, 1))
    for segment, stroke in enumerate(segments.stroke.tolist()):
        for tile in _tiles_in_reach(segments.start[segment], segments.end[segment], reach, canvas):
            place = stroke // len(kinds) * tiles + tile
            assert (place, stroke, segment) in kept


def _tiles_in_reach(start: Tensor, end: Tensor, reach: float, canvas: Canvas) -> set[int]:
    """Tiles of one canvas with one of many samples nearer to a segment than `reach`."""
    y, x = torch.meshgrid(
        (torch.arange(canvas.rows * TILE * 2).double() + 0.5) / 2,
        (torch.arange(canvas.columns * TILE * 2).double() + 0.5) / 2,
        indexing="ij",
    )
    along = end - start
    length = max(float(along @ along), 1e-300)
    share = (((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length).clamp(0, 1)
    gap = torch.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    row, column = (gap < reach).nonzero().div(2 * TILE, rounding_mode="floor").unbind(1)
    return set((row * canvas.columns + column).tolist())


def test_work_grows_with_the_strokes_and_not_with_the_canvas() -> None:
    points = scene(2, ["curve"] * 20, (200, 300)).points
    reach = points.new_full((1, 20), 2)
    small = slots_of(points, reach, Canvas(1, 200, 300))
    large = slots_of(points, reach, Canvas(1, 2000, 3000))
    assert len(small.tile) == len(large.tile)
    assert len(small.segment) == len(large.segment)
    twice = slots_of(torch.cat([points, points], 1), reach.repeat(1, 2), Canvas(1, 200, 300))
    assert len(twice.tile) == 2 * len(small.tile)
    assert len(twice.segment) == 2 * len(small.segment)


def test_a_stroke_takes_little_more_than_the_tiles_it_touches() -> None:
    """Lines of one length: about as many tiles as they are long and wide, at any angle."""
    for angle in torch.linspace(0, math.pi, 13).tolist():
        way = torch.tensor([math.cos(angle), math.sin(angle)]).double()
        ends = 300 + torch.linspace(-200, 200, 4).double()[:, None] * way
        for radius in (0.75, 4.0, 16.0):
            reach = torch.full((1, 1), radius).double()
            slots = slots_of(ends[None, None], reach, Canvas(1, 600, 600))
            area = 400 * 2 * radius + math.pi * radius**2
            rim = 2 * (400 + math.pi * radius)  # tiles that are touched in part
            assert len(slots.tile) < (area + 1.5 * TILE * rim) / TILE**2
            assert len(slots.segment) < len(slots.tile) * (2.5 + 2.5 * radius / LONGEST * 2)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 11), max_size=6), st.integers(1, 3))
def test_scans_equal_loops(seed: int, runs: list[int], columns: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.arange(len(runs)) * 2 + 1
    tile = torch.repeat_interleave(numbers, torch.tensor(runs, dtype=torch.long))
    factor, addend = torch.rand(2, len(tile), columns, generator=generator, dtype=torch.float64)
    factor[factor < 0.2] = 0  # opaque strokes
    begin = torch.rand(max(runs, default=1) * 0 + 12, columns, generator=generator).double()[tile]
    chain = links(tile)
    through, after = products_after(factor, chain)
    before = affine_before(factor, addend, begin, chain)
    for i in range(len(tile)):
        later = factor[i:][tile[i:] == tile[i]]
        torch.testing.assert_close(through[i], later.prod(0))
        torch.testing.assert_close(after[i], later[1:].prod(0))
        x = begin[i]
        for j in range(i):
            if tile[j] == tile[i]:
                x = factor[j] * x + addend[j]
        torch.testing.assert_close(before[i], x)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3), st.integers(1, 3), st.integers(1, 17), st.integers(1, 17))
def test_tiles_go_back_to_the_picture(count: int, channels: int, height: int, width: int) -> None:
    pictures = torch.rand(count, channels, height, width)
    canvas = Canvas(count, height, width)
    tiles = canvas.to_tiles(pictures)
    assert tiles.shape == (count * canvas.rows * canvas.columns, channels, TILE * TILE)
    assert torch.equal(canvas.from_tiles(tiles), pictures)
    assert tiles.sum() == pytest.approx(float(pictures.sum()), rel=1e-5)


def test_an_edge_keeps_the_width_of_a_stroke() -> None:
    """What a cut across a straight stroke adds up to is its width, however soft or thin."""
    steps = 20000
    distance = (torch.arange(steps).double() + 0.5)[None] * 20 / steps
    for edge in (Edge(), Edge(4, 0.25), soft(0.3), soft(3), soft(9)):
        for width in (0.0, 0.05, 0.4, 0.5, 1.5, 6, 15):
            radius = torch.tensor([[width / 2]]).double()
            softness = torch.tensor([[edge.softness]]).double()
            covered = coverage(distance, radius, softness)
            assert 2 * 20 / steps * float(covered.sum()) == pytest.approx(width, abs=1e-3)
            assert covered.min() >= 0
            assert covered.max() <= 1


def test_soft_edges_are_never_sharper_than_a_pixel() -> None:
    assert soft(0.01) == soft(1) == Edge(1, 1, refine=False)
    assert soft(4.5) == Edge(1, 4.5, refine=False)
