"""Tufts stand on what is surely grass, apart from one another and from all else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from compose.stages.sketch_config import SketchConfig
from compose.stages.sketch_contours import LineFinders
from compose.stages.sketch_grass import tufts
from compose.stages.sketch_lines import contour_lines
from compose.stages.sketch_plan import make_plan
from compose.stages.sketch_target import prepare_target
from compose.stages.sketch_trace import Tracer

GREEN, STRAW, BLUE = (90, 140, 60), (190, 170, 90), (90, 120, 190)
SHAPE = 150, 224


def lawn(
    colour: tuple[int, int, int] = GREEN, *, grain: int = 30, top: int = 130, seed: int = 0
) -> np.ndarray:
    """A sky above something of a colour from row `top` of 300 on, whose tones differ by `grain`."""
    rng = np.random.default_rng(seed)
    rgb = np.full((300, 448, 3), (200, 215, 235), np.int64)
    rgb[top:] = colour
    rgb[top:] += rng.integers(-grain, grain + 1, (300 - top, 448, 1))
    return rgb.clip(0, 255).astype(np.uint8)


def drawn(rgb: np.ndarray, most: int = 12, taken: np.ndarray | None = None) -> list[np.ndarray]:
    return tufts(rgb, SHAPE, most, np.zeros(SHAPE, bool) if taken is None else taken)


def test_a_lawn_gets_a_few_tufts_on_it():
    found = drawn(lawn())
    assert len(found) == 5
    feet = np.array([line[line[:, 1].argmax()] for line in found])
    assert (feet[:, 1] > 65).all()
    for line in found:
        assert (line >= 0).all()
        assert (line <= (SHAPE[1], SHAPE[0])).all()
        assert line[0, 0] < line[line[:, 1].argmax(), 0] < line[-1, 0]  # blades to both sides
        assert 5 < np.ptp(line[:, 1]) < 15
        assert np.hypot(*np.diff(line, axis=0).T).max() < 1.5
    apart = np.hypot(*(feet[:, None] - feet[None]).transpose(2, 0, 1)) + 1e3 * np.eye(5)
    assert apart.min() > 9


def test_tufts_are_larger_in_front():
    found = sorted(drawn(lawn(top=60)), key=lambda line: line[:, 1].max())
    assert len(found) == 5
    assert np.ptp(found[-1][:, 1]) > np.ptp(found[0][:, 1])


@pytest.mark.parametrize("rgb", [
    lawn(STRAW), lawn(BLUE), lawn(grain=0), lawn(top=290), lawn()[::-1].copy(),
    np.full((300, 448, 3), 255, np.uint8),
], ids=["straw", "water", "a green wall", "a strip", "a canopy", "paper"])  # fmt: skip
def test_what_is_not_surely_grass_gets_none(rgb):
    assert drawn(rgb) == []


def test_they_keep_clear_of_what_is_there():
    taken = np.zeros(SHAPE, bool)
    taken[:, 60:] = True
    found = drawn(lawn(), taken=taken)
    assert found
    assert all((line[:, 0] < 62).all() for line in found)
    assert drawn(lawn(), taken=np.ones(SHAPE, bool)) == []


def test_there_are_as_many_as_may_be():
    assert len(drawn(lawn(), most=4)) == 4
    assert drawn(lawn(), most=2) == []  # one or two look like dust


def test_a_larger_picture_gets_as_many():
    large = np.repeat(np.repeat(lawn(), 2, 0), 2, 1)
    assert len(drawn(large)) == len(drawn(lawn()))


class Horizon:
    """A reader that sees where the lawn begins."""

    name = "horizon"

    def read(self, rgb: np.ndarray, side: int = 0) -> np.ndarray:
        rows = np.arange(len(rgb)) - len(rgb) * 130 / 300
        line = np.exp(-0.5 * (rows / (0.006 * len(rgb))) ** 2)
        return np.repeat(line[:, None], rgb.shape[1], 1).astype(np.float32)


def test_strokes_begin_as_tufts_where_they_may(tmp_path):
    path = tmp_path / "lawn.png"
    Image.fromarray(lawn()).save(path)
    target = prepare_target(path)
    none = contour_lines(target, Horizon(), None, finer=2)
    lines = contour_lines(target, Horizon(), None, finer=2, most_marks=4)
    assert (len(none.details), len(lines.details)) == (0, 4)
    strokes = Tracer(lines)(None, 6, np.random.default_rng(0), np.empty((0, 4, 2)))
    ends = strokes[:, [0, -1]]
    for line in lines.details:
        assert np.abs(ends - line[[0, -1]] / 2).max((1, 2)).min() < 1


def test_signs_can_be_left_out(tmp_path):
    path = tmp_path / "lawn.png"
    Image.fromarray(lawn()).save(path)
    target = prepare_target(path)
    finders = LineFinders(Horizon())  # type: ignore[arg-type]
    config = SketchConfig(strokes=24, washes=0, rounds=1, sketches=1)
    with_, without = (
        make_plan(path, target, replace(config, signs=signs), finders=finders).rounds[0].points
        for signs in (True, False)
    )
    assert with_.shape == without.shape == (1, 24, 4, 2)
    blades = [points for points in with_[0] if points[[0, -1], 1].max() + 5 < points[:, 1].max()]
    assert len(blades) >= 3
    assert not np.array_equal(with_, without)
    line = contour_lines(target, Horizon(), None, finer=2).details  # type: ignore[arg-type]
    assert line == ()
