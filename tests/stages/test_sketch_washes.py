"""Washes cover parts in their colours, what is salient first, and none that says nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compose.core.drawing import Drawing
from compose.stages.sketch_broad import is_wash, narrowest_wash
from compose.stages.sketch_raster import raster
from compose.stages.sketch_wash_places import best_place
from compose.stages.sketch_washes import greyed, importance, lifted, paint

GREEN, SKY, RED = (60, 140, 50), (150, 190, 235), (200, 30, 30)


pytestmark = pytest.mark.usefixtures("one_thread")


def picture() -> np.ndarray:
    """A sky above a lawn with a red box: 160 by 100."""
    rgb = np.full((100, 160, 3), SKY, np.uint8)
    rgb[50:] = GREEN
    rgb[60:90, 20:60] = RED
    return rgb


def painted(rgb: np.ndarray, count: int, **options) -> Drawing:
    return paint(rgb, count, np.random.default_rng(0), **({"narrowest": 4.5} | options))


def error(rgb: np.ndarray, drawing: Drawing) -> float:
    return float(np.square(raster(drawing).astype(float) - rgb).mean())


def test_three_parts_take_few_washes() -> None:
    rgb = picture()
    drawing = painted(rgb, 8)
    assert 3 <= len(drawing) <= 8
    assert drawing.size == (160, 100)
    assert (drawing.width >= 4.5 * (1 - 1e-3)).all()
    assert (drawing.opacity == 1).all()
    white = float(np.square(255 - rgb.astype(float)).mean())
    assert error(rgb, drawing) < 0.03 * white
    shown = raster(drawing)
    for at, color in (((20, 130), SKY), ((75, 120), GREEN), ((75, 40), RED)):
        assert np.abs(shown[at].astype(int) - color).max() < 12


def test_more_washes_are_nearer() -> None:
    rng = np.random.default_rng(3)
    rgb = cv2.resize(rng.integers(0, 255, (6, 9, 3)).astype(np.uint8), (180, 120))
    errors = [error(rgb, painted(rgb, count)) for count in (2, 6, 16)]
    assert errors[0] > 1.3 * errors[1] > 1.3**2 * errors[2]


def test_a_blank_page_has_none() -> None:
    assert len(painted(np.full((80, 60, 3), 255, np.uint8), 8)) == 0


def test_what_says_nothing_is_left_out() -> None:
    rgb = np.full((100, 160, 3), 255, np.uint8)
    cv2.line(rgb, (40, 50), (120, 50), RED, 30)
    drawing = painted(rgb, 12)
    assert 1 <= len(drawing) < 12
    assert error(rgb, drawing) < 0.03 * float(np.square(255 - rgb.astype(float)).mean())


def test_what_is_salient_is_painted_better() -> None:
    rng = np.random.default_rng(0)
    rgb = cv2.resize(
        rng.integers(0, 255, (10, 16, 3)).astype(np.uint8), (160, 100), interpolation=0
    )
    salient = np.zeros((100, 160), np.float32)
    salient[20:50, 100:150] = 1
    inside = salient > 0

    def there(drawing: Drawing) -> float:
        return float(np.square(raster(drawing).astype(float) - rgb)[inside].mean())

    assert there(painted(rgb, 16, saliency=salient)) < 0.5 * there(painted(rgb, 16))


def test_what_is_salient_has_half_of_the_weight() -> None:
    salient = np.zeros((60, 90), np.float32)
    salient[:20, :30] = 1  # a ninth
    weights = importance(salient, (60, 90))
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    ground = weights[-1, -1] * weights.size  # of all, the part that counts everywhere
    assert ground / weights.sum() == pytest.approx(0.5, abs=0.02)
    tiny = np.zeros((60, 90), np.float32)
    tiny[:2, :3] = 1
    weights = importance(tiny, (60, 90))
    assert weights[0, 0] / weights[-1, -1] == pytest.approx(13, rel=1e-3)
    assert (importance(None, (6, 9)) == 1).all()


def test_the_same_chance_gives_the_same_washes() -> None:
    rgb = picture()
    one, two = painted(rgb, 5), painted(rgb, 5)
    other = paint(rgb, 5, np.random.default_rng(1), narrowest=4.5)
    assert np.array_equal(one.points, two.points)
    assert np.array_equal(one.color, two.color)
    assert not np.array_equal(one.points, other.points)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    height=st.integers(8, 60),
    width=st.integers(8, 60),
    count=st.integers(0, 5),
    seed=st.integers(0, 99),
)
def test_pictures_of_any_shape(height: int, width: int, count: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    drawing = paint(rgb, count, np.random.default_rng(seed), narrowest=4.5)
    assert len(drawing) <= count
    assert drawing.size == (width, height)
    assert np.isfinite(drawing.points).all()


# colours


def one_of(*colors: tuple[float, float, float]) -> Drawing:
    count = len(colors)
    points = np.zeros((count, 4, 2))
    return Drawing(points, np.full(count, 9.0), np.array(colors), np.ones(count), (60.0, 40.0))


def test_dark_colours_become_lighter_and_keep_their_hue() -> None:
    made = lifted(one_of((0, 0, 0), (0.3, 0.05, 0.05)))
    assert 0.1 < made.color[0].max() < 0.3
    assert made.color[1].max() > 0.35
    assert made.color[1, 0] > 2 * made.color[1, 1]


def test_what_is_nearly_white_is_paper() -> None:
    made = lifted(one_of((0.97, 0.97, 0.96), (0.9, 0.9, 0.9), (1, 1, 0.7)))
    assert (made.color[0] > 1 - 1e-6).all()
    assert made.color[1].max() < 0.97
    assert made.color[2, 2] < 0.9


def test_greys_keep_their_lightness() -> None:
    made = greyed(one_of((1, 0, 0), (0, 0, 1), (0.5, 0.5, 0.5)))
    assert np.ptp(made.color, axis=1).max() < 0.01
    assert made.color[0, 0] > made.color[1, 0]  # L* 53 and 32
    assert made.color[2] == pytest.approx(0.5, abs=0.01)


def test_nothing_stays_nothing() -> None:
    nothing = one_of((0, 0, 0)).chosen(slice(0))
    assert len(lifted(nothing)) == len(greyed(nothing)) == 0


# places


def test_the_best_place_lies_along_what_is_wrong() -> None:
    wanted = np.ones((40, 60, 3), np.float32)
    wanted[10:16, 5:45] = (0.8, 0.1, 0.1)
    ones = np.ones_like(wanted)
    place = best_place(ones, wanted, ones[..., 0], (2, 20), np.random.default_rng(0))
    assert place is not None
    x, y = place.middle
    assert abs(y - 13) < 1.5
    assert abs(x - 25) < 4
    assert abs(place.half[1]) < 0.1 * abs(place.half[0])
    assert place.color[0] > place.color[1] + 0.4
    assert place.points()[0] == pytest.approx(place.middle - place.half)
    assert place.points()[3] == pytest.approx(place.middle + place.half)


def test_there_is_no_place_where_nothing_is_wrong() -> None:
    ones = np.ones((20, 30, 3), np.float32)
    assert best_place(ones, ones, ones[..., 0], (2, 20), np.random.default_rng(0)) is None


# telling them


def of_widths(*widths: float, side: float = 224.0) -> Drawing:
    count = len(widths)
    points, color = np.zeros((count, 4, 2)), np.zeros((count, 3))
    return Drawing(points, np.array(widths), color, np.ones(count), (side, side / 2))


def test_washes_are_told_by_their_width() -> None:
    assert is_wash(of_widths(4.5, 1.5, 60, 4.4)).tolist() == [True, False, True, False]
    assert not is_wash(of_widths(5, 5, 5)).any()
    assert not is_wash(of_widths(0.5, 3)).any()  # a pen's pressure
    assert is_wash(of_widths(2.5, 9, side=448)).tolist() == [False, True]
    assert is_wash(of_widths()).shape == (0,)


@given(line=st.floats(0.1, 50), side=st.integers(16, 2000))
def test_the_narrowest_wash_is_told(line: float, side: int) -> None:
    wash = round(narrowest_wash(line, (side, side)), 3)  # as in a file
    assert is_wash(of_widths(line, wash, side=side)).tolist() == [False, True]
