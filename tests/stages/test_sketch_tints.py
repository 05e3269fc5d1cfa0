"""Strokes take the colours of what they stand beside."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.drawing import Drawing
from compose.stages.sketch_tints import ink, tinter

GREEN, SKY, RED, WHITE = (60, 140, 50), (150, 190, 235), (200, 30, 30), (255, 255, 255)


def drawing(*strokes: list[tuple[float, float]], size: tuple[float, float] = (160, 100)) -> Drawing:
    count = len(strokes)
    points = np.array(strokes, float).reshape(count, 4, 2)
    return Drawing(points, np.full(count, 1.5), np.zeros((count, 3)), np.ones(count), size)


def straight(x1: float, y1: float, x2: float, y2: float) -> list[tuple[float, float]]:
    return [(x1 + (x2 - x1) * t, y1 + (y2 - y1) * t) for t in (0, 1 / 3, 2 / 3, 1)]


def tinted(before: Drawing, rgb: np.ndarray) -> Drawing:
    return tinter(rgb)(before)


def hue(color: np.ndarray) -> float:
    return colorsys.rgb_to_hsv(*color)[0]


def picture() -> np.ndarray:
    """White paper, 160 by 100, with a sky, a lawn below it and a red box."""
    rgb = np.full((100, 160, 3), WHITE, np.uint8)
    rgb[:40], rgb[40:80] = SKY, GREEN
    rgb[84:96, 20:60] = RED
    return rgb


def test_a_stroke_takes_the_side_that_is_farther_from_white() -> None:
    horizon, lawns_end, box = (straight(5, 40, 155, 40), straight(5, 80, 155, 80),
                               straight(22, 84, 58, 84))  # fmt: skip
    made = tinted(drawing(horizon, lawns_end, box), picture())
    green, red = (hue(np.array(c) / 255) for c in (GREEN, RED))
    assert hue(made.color[0]) == pytest.approx(green, abs=0.04)
    assert hue(made.color[1]) == pytest.approx(green, abs=0.04)
    assert hue(made.color[2]) == pytest.approx(red, abs=0.04)


def test_the_direction_of_a_stroke_does_not_matter() -> None:
    forth, back = straight(22, 84, 58, 84), straight(58, 84, 22, 84)
    made = tinted(drawing(forth, back), picture())
    assert np.allclose(made.color[0], made.color[1], atol=1e-6)


def test_nothing_but_colours_is_changed() -> None:
    before = drawing(straight(5, 40, 155, 40))
    made = tinted(before, picture())
    for name in ("points", "width", "opacity"):
        assert np.array_equal(getattr(made, name), getattr(before, name))
    assert made.size == before.size
    assert (before.color == 0).all()


def test_a_larger_canvas_gives_the_same_colours() -> None:
    stroke = np.array(straight(22, 84, 58, 84))
    large = cv2.resize(picture(), (640, 400), interpolation=cv2.INTER_NEAREST)
    small = tinted(drawing(stroke.tolist()), picture()).color
    wide = tinted(drawing((stroke * 4).tolist(), size=(640, 400)), large).color
    assert np.abs(small - wide).max() < 0.02


@pytest.mark.parametrize(
    "points",
    [
        [(50, 50)] * 4,  # a dot
        straight(-90, -90, -30, -40),  # off the canvas
        straight(0, 0, 160, 0),  # along its border
        [(10, 50), (150, 50), (10, 50), (150, 50)],  # back upon itself
    ],
)
def test_strokes_of_any_kind_get_a_colour(points: list[tuple[float, float]]) -> None:
    made = tinted(drawing(points), picture())
    assert ((made.color >= 0) & (made.color <= 1)).all()


def test_no_strokes_stay_none() -> None:
    empty = Drawing(np.empty((0, 4, 2)), np.empty(0), np.empty((0, 3)), np.empty(0), (160, 100))
    assert len(tinted(empty, picture())) == 0


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_ink_is_seen_on_white_and_keeps_its_hue(values: tuple[int, int, int]) -> None:
    rgb = np.array(values, np.float32)[None, None] / 255
    made = ink(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0])
    lightness = cv2.cvtColor(made[None], cv2.COLOR_RGB2LAB)[0, 0, 0]
    assert lightness < 80  # that of a colour in the shade is raised, to a bright yellow at most
    assert ((made >= 0) & (made <= 1)).all()


def test_black_stays_black_and_deep_green_is_told_from_it() -> None:
    lab = cv2.cvtColor(np.float32([[[0.06, 0.06, 0.06], [0.05, 0.12, 0.03]]]), cv2.COLOR_RGB2LAB)
    black, green = ink(lab[0])
    assert black.max() < 0.12
    assert green.argmax() == 1
    assert green[1] > 0.4
