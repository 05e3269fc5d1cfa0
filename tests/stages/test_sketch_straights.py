"""Straight lines are drawn where the picture has a step across them, and once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compose.core.errors import ModelError, UsageError
from compose.models.cache import UserPaths
from compose.stages.sketch_contours import straight_named
from compose.stages.sketch_lines import contour_lines
from compose.stages.sketch_outlines import laid_on
from compose.stages.sketch_straights import straights
from compose.stages.sketch_target import prepare_target
from compose.stages.sketch_trace import Tracer

from ..models.line_file import line_file

HEIGHT, WIDTH = 300, 448


def wall(edge: int = 200, *, noise: float = 0) -> np.ndarray:
    """Dark left of `edge`, light right of it."""
    rgb = np.full((HEIGHT, WIDTH, 3), 60.0)
    rgb[:, edge:] = 200
    rgb += noise * np.random.default_rng(0).normal(size=rgb.shape)
    return np.clip(rgb, 0, 255).astype(np.uint8)


def found(rgb: np.ndarray, *lines: tuple[float, ...], shape=(HEIGHT, WIDTH)) -> list:
    return straights(rgb, np.array(lines, np.float64).reshape(-1, 5), shape)


def test_a_line_is_kept_where_the_picture_has_a_step():
    rgb = wall()
    rgb[100:200] = 120  # something stands before the wall
    upper, lower = sorted(found(rgb, (200, 10, 200, 290, 0.4)), key=lambda one: one.points[0, 1])
    for line, top, bottom in ((upper, 10, 100), (lower, 200, 290)):
        assert line.sure == pytest.approx(0.8)
        assert line.points[:, 0] == pytest.approx(np.full(len(line.points), 200.0))
        assert np.abs(line.points[[0, -1], 1] - (top, bottom)).max() <= 6
        assert np.hypot(*np.diff(line.points, axis=0).T).max() < 1.01


def test_small_gaps_are_no_end():
    rgb = wall()
    rgb[148:152] = 120
    assert len(found(rgb, (200, 10, 200, 290, 0.4))) == 1


@pytest.mark.parametrize("rgb", [
    np.full((HEIGHT, WIDTH, 3), 120, np.uint8),
    wall(320),
    np.ascontiguousarray(np.repeat(np.linspace(0, 255, HEIGHT)[:, None, None], 3, 2)
                         .repeat(WIDTH, 1).astype(np.uint8)),
], ids=["paper", "elsewhere", "a step along it"])  # fmt: skip
def test_without_a_step_across_it_there_is_none(rgb):
    assert found(rgb, (200, 10, 200, 290, 0.7)) == []


def test_noise_is_no_step():
    rgb = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    columns = range(20, 440, 20)
    lines = found(rgb, *((x, 10, x, 290, 0.7) for x in columns))
    assert sum(len(one.points) for one in lines) < 0.1 * 280 * len(columns)


def test_a_line_that_is_found_twice_is_drawn_once():
    rgb = wall()
    longer, other = (200, 10, 200, 290, 0.4), (201, 60, 199, 150, 0.6)
    (kept,) = found(rgb, other, longer)
    assert len(kept.points) > 250  # the longer one, though less sure
    crossing = wall()
    crossing[150:] = 255 - crossing[150:]
    assert len(found(crossing, longer, (20, 150, 430, 150, 0.4))) >= 2


def test_both_edges_of_a_beam_are_drawn_where_it_is_broad_enough():
    for breadth, count in ((4, 1), (20, 2)):
        rgb = wall()
        rgb[:, 200 + breadth :] = 60
        lines = [(x, 10, x, 290, 0.5) for x in (200, 200 + breadth)]
        assert len(found(rgb, *lines)) == count


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(st.tuples(*(st.floats(-100, 600) for _ in range(4)), st.floats(0.2, 1))),
    side=st.sampled_from([(150, 224), (300, 448), (1, 8)]),
)
def test_any_lines_stay_inside_of_any_canvas(lines, side):
    height, width = side
    for line in found(wall(noise=40), *lines, shape=side):
        assert (line.points >= 0).all()
        assert (line.points <= (width, height)).all()
        assert 0 < line.sure <= 1


def test_weights_are_raised_and_never_lowered():
    weights = np.zeros((HEIGHT, WIDTH), np.float32)
    weights[50, 200] = 0.9
    for line in found(wall(), (200, 10, 200, 290, 0.25)):
        laid_on(weights, line.points, 0.5 * line.sure)
    assert weights[50, 200] == np.float32(0.9)
    assert weights[100, 200] == pytest.approx(0.25)
    assert (weights > 0).sum() > 200
    assert weights[:, :199].max() == 0


class Nothing:
    """A reader that sees no lines."""

    name = "nothing"

    def read(self, rgb: np.ndarray, side: int = 0) -> np.ndarray:
        return np.zeros(rgb.shape[:2], np.float32)


def test_a_straight_line_takes_one_stroke(tmp_path: Path):
    path = tmp_path / "wall.png"
    rgb = wall()
    rgb[:100] = 60  # a corner, which other lines go around
    Image.fromarray(rgb).save(path)
    target = prepare_target(path)
    scale = target.large.shape[1] / WIDTH
    segments = np.array([[200 * scale, 110 * scale, 200 * scale, 290 * scale, 0.5]])
    lines = contour_lines(target, Nothing(), None, finer=2, segments=segments)
    assert len(lines.straights) == 1
    (stroke,) = Tracer(lines)(None, 1, np.random.default_rng(0), np.empty((0, 4, 2)))
    assert np.abs(stroke[:, 0] - 100).max() < 1
    assert np.abs(np.sort(stroke[[0, -1], 1]) - (55, 145)).max() < 2
    assert contour_lines(target, Nothing(), None, finer=2).straights == ()


def test_who_looks_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    assert not straight_named(None, "contours")
    assert straight_named(True, "contours")  # opening it says what to pull
    file = line_file(tmp_path / "m.onnx", [])
    user = UserPaths({"mlsd": file})
    assert straight_named(None, "segments", user)
    assert not straight_named(False, "segments", user)
    assert not straight_named(None, "canny", user)
    with pytest.raises(UsageError, match="--edges canny"):
        straight_named(True, "canny", user)
    with pytest.raises(ModelError, match="is not a file"):
        straight_named(None, "contours", UserPaths({"mlsd": tmp_path / "none.onnx"}))
