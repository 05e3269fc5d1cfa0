"""Strokes begin along the lines that count most, in their region, and no line twice."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.core.curves import cubic_points
from compose.stages.sketch_chains import ridges
from compose.stages.sketch_lines import Lines, contour_lines, finer_than, read_scene
from compose.stages.sketch_objects import Subjects
from compose.stages.sketch_regions import Region
from compose.stages.sketch_target import prepare_target
from compose.stages.sketch_trace import Tracer

from .sketch_scenes import BOX, Outlines, write_scene

NONE = np.empty((0, 4, 2))


def lines_of(*drawn: tuple[tuple[int, int], tuple[int, int], float], finer: int = 1) -> Lines:
    """A canvas of 120x80 with straight lines of some strength."""
    strength = np.zeros((80 * finer, 120 * finer), np.float32)
    for a, b, value in drawn:
        canvas = np.zeros(strength.shape, np.uint8)
        cv2.line(canvas, a, b, 255, 3, cv2.LINE_AA)
        strength = np.maximum(strength, value * canvas.astype(np.float32) / 255)
    edges = ridges(strength)
    return Lines(edges, strength, np.where(edges, strength, 0).astype(np.float32), finer=finer)


def chance() -> np.random.Generator:
    return np.random.default_rng(3)


def heights(strokes: np.ndarray) -> list[int]:
    """Of horizontal strokes."""
    return [int(y) for y in cubic_points(strokes, np.linspace(0, 1, 9))[..., 1].mean(1)]


def test_the_strongest_lines_come_first():
    lines = lines_of(
        ((10, 15), (110, 15), 0.5), ((10, 40), (110, 40), 1), ((10, 65), (110, 65), 0.2)
    )
    strokes = Tracer(lines)(None, 2, chance(), NONE)
    assert sorted(heights(strokes)) == [15, 40]


def test_what_is_drawn_is_not_drawn_again():
    lines = lines_of(((10, 15), (110, 15), 1), ((10, 40), (110, 40), 0.5))
    first = Tracer(lines)(None, 1, chance(), NONE)
    second = Tracer(lines)(None, 1, chance(), first)
    assert (heights(first), heights(second)) == ([15], [40])


def test_a_region_has_strokes_of_its_own_lines():
    lines = lines_of(((10, 15), (110, 15), 1), ((30, 60), (70, 60), 0.3))
    mask = np.zeros((80, 120), bool)
    mask[50:70, 20:80] = True
    strokes = Tracer(lines)(Region("low", mask, "option"), 1, chance(), NONE)
    assert heights(strokes) == [60]


def test_strokes_without_lines_of_their_own_are_halves():
    lines = lines_of(((10, 40), (110, 40), 1))
    strokes = Tracer(lines)(None, 5, chance(), NONE)
    assert heights(strokes) == [40] * 5
    ends = np.sort(strokes[:, [0, 3], 0].reshape(-1))
    assert ends[-1] - ends[0] > 90
    assert len(np.unique(ends.round(3))) == 6  # five stretches, one beside the other
    assert len(Tracer(lines)(None, 90, chance(), NONE)) < 90  # too short to be cut again


def test_a_region_that_has_no_lines_left_gives_its_strokes_to_the_scene():
    lines = lines_of(((10, 15), (110, 15), 1), ((30, 60), (70, 60), 0.9))
    mask = np.zeros((80, 120), bool)
    mask[50:70, 20:80] = True
    regions = [Region("low", mask, "option")]
    assert Tracer(lines).moved(regions, [1, 1], NONE) == [1, 1]
    assert Tracer(lines).moved(regions, [6, 6], NONE) == [11, 1]


def test_a_dash_counts_less_than_its_pixels(monkeypatch):
    monkeypatch.setattr("compose.stages.sketch_trace._CHANCE", 0)
    dash, faint = ((40, 60), (50, 60), 1.0), ((40, 240), (64, 240), 0.38)
    lines = lines_of(dash, faint, finer=4)
    assert lines.weights[50:70].sum() > lines.weights[230:250].sum()
    assert heights(Tracer(lines)(None, 1, chance(), NONE)) == [60]


def test_strokes_along_finer_lines_are_on_the_canvas():
    lines = lines_of(((20, 60), (220, 60), 1), ((20, 68), (220, 68), 0.5), finer=2)
    mask = np.zeros((80, 120), bool)
    mask[20:50] = True
    region = Region("middle", mask, "option")
    first = Tracer(lines)(region, 1, chance(), NONE)
    second = Tracer(lines)(region, 1, chance(), first)
    assert (heights(first), heights(second)) == ([30], [34])
    assert Tracer(lines).moved([region], [1, 1], NONE) == [1, 1]


def test_finer_lines_lie_where_those_of_the_canvas_do(tmp_path):
    target = prepare_target(write_scene(tmp_path / "scene.png"), canvas=120)
    mask = np.zeros((80, 120), bool)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    regions = [Region("box", mask, "option")]
    salient = mask.astype(np.float32)
    coarse = contour_lines(target, Outlines(), Subjects(salient), regions)
    fine = contour_lines(target, Outlines(), Subjects(salient), regions, finer=2)
    assert (fine.edges.shape, fine.finer) == ((160, 240), 2)
    y, x = np.nonzero(fine.weights > 0.2)
    near = cv2.dilate((coarse.weights > 0.1).astype(np.uint8), np.ones((5, 5)))
    assert len(y) > 100
    assert near[y // 2, x // 2].mean() > 0.95
    assert (finer_than(target), finer_than(prepare_target(tmp_path / "scene.png", canvas=448))) == (
        2,
        1,
    )


def test_lines_are_looked_at_more_closely_in_small_regions(tmp_path):
    target = prepare_target(write_scene(tmp_path / "scene.png"), canvas=120)
    reader = Outlines()
    mask = np.zeros((80, 120), bool)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    far = contour_lines(target, reader, None)
    sides = [max(shape) for shape, _ in reader.seen]
    near = contour_lines(target, reader, None, [Region("box", mask, "option")])
    # the region's picture is cut from four times the canvas, the scene's is all of it
    assert sides == [480, 480]  # from near and from afar
    shape, side = reader.seen[-1]
    assert side == 448
    assert shape[1] == pytest.approx(4 * 1.2 * (BOX[2] - BOX[0]), rel=0.3)
    outside = ~cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))).astype(bool)
    assert np.array_equal(far.strength[outside], near.strength[outside])
    assert (near.strength >= far.strength).all()


def test_lines_lie_where_the_picture_changes_and_weigh_most_where_it_is_salient(tmp_path):
    target = prepare_target(write_scene(tmp_path / "scene.png"), canvas=120)
    salient = np.zeros((80, 120), np.float32)
    salient[:, 72:] = 1
    lines = contour_lines(target, Outlines(), Subjects(salient))
    assert lines.weights.max() == 1
    assert not lines.weights[~lines.edges].any()
    inner = lines.weights[:68]
    assert inner[:, 76:].max() > 2 * inner[:, :64].max() > 0
    y, x = np.nonzero(lines.edges[:68, 72:])
    box = np.array(BOX) - (72, 0, 72, 0)
    beside = [
        abs(x + 0.5 - box[0]),
        abs(x + 0.5 - box[2]),
        abs(y + 0.5 - box[1]),
        abs(y + 0.5 - box[3]),
    ]
    assert np.min(beside, 0).max() < 3


def test_an_outline_is_drawn_as_one_where_its_ridges_are_in_pieces():
    dashes = [((x, 40), (x + 8, 40), 1.0) for x in range(10, 110, 20)]
    lines = lines_of(*dashes)
    outline = np.stack([np.arange(10.0, 110.0), np.full(100, 40.5)], -1)
    whole = Lines(lines.edges, lines.strength, lines.weights, (outline,))
    (stroke,) = Tracer(whole)(None, 1, chance(), NONE)
    assert (stroke[0, 0], stroke[-1, 0]) == pytest.approx((10, 109))


class Textured(Outlines):
    """Sees a line in the left half and one in the right, and from afar only that in the right."""

    def read(self, rgb: np.ndarray, side: int = 448) -> np.ndarray:
        height, width = rgb.shape[:2]
        lines = np.zeros((height, width), np.float32)
        for x in (0.25, 0.75) if side >= 120 else (0.75,):
            lines[:, round(x * width) - 4 : round(x * width) + 4] = 0.8
        return lines


def test_what_is_seen_from_afar_too_counts_more(tmp_path):
    target = prepare_target(write_scene(tmp_path / "scene.png"), canvas=120)
    strength = read_scene(target, Textured())
    texture, outline = strength[:, :60].max(1), strength[:, 60:].max(1)
    assert outline.min() > 0.5
    assert texture.max() < 0.6 * outline.min()


class Blind(Outlines):
    """Sees no line."""

    def read(self, rgb: np.ndarray, side: int = 448) -> np.ndarray:
        return np.zeros(rgb.shape[:2], np.float32)


def test_an_object_has_its_outline_all_around_without_a_contour(tmp_path):
    target = prepare_target(write_scene(tmp_path / "scene.png"), canvas=120)
    disc = np.zeros((80, 120), np.float32)
    cv2.circle(disc, (60, 36), 20, 1, -1)
    there = cv2.morphologyEx(disc, cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    bare = contour_lines(target, Blind(), Subjects(disc))
    lines = contour_lines(target, Blind(), Subjects(disc, [disc]))
    grown = lines.weights - bare.weights
    assert (grown > 0.2).sum() > 2 * np.pi * 20 * 0.8
    assert there[grown > 0.2].mean() > 0.95
    strokes = Tracer(lines)(None, 6, chance(), NONE)
    places = cubic_points(strokes, np.linspace(0, 1, 33)).reshape(-1, 2) - (60.5, 36.5)
    on_it = places[np.isclose(np.hypot(*places.T), 20, atol=2)]
    turns = np.sort(np.arctan2(*on_it.T))
    assert np.diff(turns).max() < 0.5
    assert turns[-1] - turns[0] > 2 * np.pi - 0.5
