from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.drawing import Drawing


def drawing(points: Any, size: tuple[float, float] = (60, 40), **changes: Any) -> Drawing:
    count = len(points)
    values: dict[str, Any] = {
        "width": np.full(count, 2.0),
        "color": np.zeros((count, 3)),
        "opacity": np.ones(count),
    }
    return Drawing(points=points, size=size, **(values | changes))


ONE = np.arange(8.0).reshape(1, 4, 2)


def test_arrays_become_float64() -> None:
    made = drawing(ONE.astype(np.float32), width=[3], opacity=[1])
    assert {a.dtype for a in (made.points, made.width, made.color, made.opacity)} == {
        np.dtype(np.float64)
    }
    assert len(made) == 1
    assert made.background == (1, 1, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": np.zeros((1, 3, 2))}, r"points must have the shape \(1, 4, 2\)"),
        ({"width": [1, 2]}, "width must have the shape"),
        ({"color": [[0, 0, 1.1]]}, "color must not exceed 1"),
        ({"opacity": [-0.1]}, "opacity must not be negative"),
        ({"width": [-1]}, "width must not be negative"),
        ({"points": ONE * np.nan}, "points must be finite"),
        ({"size": (10, 0)}, "size must be"),
        ({"size": (10, np.inf)}, "size must be"),
        ({"background": (0, 0, 2)}, "background must be"),
    ],
)
def test_what_fits_not_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        drawing(**({"points": ONE} | changes))


def test_lengths_of_lines_dots_and_a_quarter_circle() -> None:
    k = 4 / 3 * (2**0.5 - 1)
    points = [
        [[0, 0], [1, 1], [2, 2], [3, 3]],
        [[5, 5]] * 4,
        [[10, 0], [10, 10 * k], [10 * k, 10], [0, 10]],
    ]
    lengths = drawing(np.array(points, float)).lengths()
    np.testing.assert_allclose(lengths[:2], [3 * 2**0.5, 0], atol=1e-12)
    assert lengths[2] == pytest.approx(5 * np.pi, rel=3e-4)  # how near a cubic comes to a circle


@given(st.integers(0, 2**32 - 1))
def test_lengths_agree_with_a_fine_polyline(seed: int) -> None:
    points = np.random.default_rng(seed).normal(0, 30, (5, 4, 2))
    t = np.linspace(0, 1, 20_001)[:, None, None]
    a, b, c, d = (points[:, i] for i in range(4))
    curve = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
    slow = np.linalg.norm(np.diff(curve, axis=0), axis=-1).sum(0)
    np.testing.assert_allclose(drawing(points).lengths(), slow, rtol=2e-3)


def test_fitted_keeps_proportions_and_centres() -> None:
    corners = np.array([[[0, 0], [60, 0], [60, 40], [0, 40]]], float)
    wide = drawing(corners).fitted((240, 80))
    assert wide.size == (240, 80)
    np.testing.assert_allclose(wide.points[0], [[60, 0], [180, 0], [180, 80], [60, 80]])
    assert wide.width.tolist() == [4]
    back = wide.fitted((60, 20)).fitted((120, 40))
    np.testing.assert_allclose(back.points, wide.points / 2)


def test_points_on_strokes_begin_and_end_with_them() -> None:
    points = np.random.default_rng(5).random((3, 4, 2)) * 40
    drawing = Drawing(points, np.ones(3), np.zeros((3, 3)), np.ones(3), (40, 30))
    found = drawing.sampled(5)
    assert found.shape == (3, 5, 2)
    np.testing.assert_allclose(found[:, [0, -1]], points[:, [0, 3]])
    middle = (points * np.array([1, 3, 3, 1])[:, None]).sum(1) / 8
    np.testing.assert_allclose(found[:, 2], middle)


def test_chosen_strokes_and_strokes_over_others() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 40, (5, 4, 2))
    made = drawing(points, width=np.arange(5.0), color=rng.random((5, 3)), opacity=rng.random(5))
    some = made.chosen(np.array([False, True, False, True, False]))
    assert some.width.tolist() == [1, 3]
    assert np.array_equal(some.points, points[[1, 3]])
    assert some.size == made.size
    both = some.painted_over(made.chosen(np.array([4, 0])))
    assert both.width.tolist() == [4, 0, 1, 3]
    assert np.array_equal(both.color, made.color[[4, 0, 1, 3]])
    assert np.array_equal(both.opacity, made.opacity[[4, 0, 1, 3]])
    assert len(made.chosen(slice(0)).painted_over(some)) == 2
