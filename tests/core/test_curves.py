"""Points on curves are those of de Casteljau's construction."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compose.core.curves import cubic_points


def de_casteljau(points: np.ndarray, t: float) -> np.ndarray:
    while len(points) > 1:
        points = points[:-1] * (1 - t) + points[1:] * t
    return np.asarray(points[0])


@given(st.integers(0, 1000), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_points_are_where_the_construction_puts_them(seed: int, parameters: list[float]) -> None:
    strokes = np.random.default_rng(seed).normal(size=(2, 3, 4, 2))
    found = cubic_points(strokes, np.array(parameters))
    assert found.shape == (2, 3, len(parameters), 2)
    for i in range(2):
        for j in range(3):
            for k, t in enumerate(parameters):
                np.testing.assert_allclose(found[i, j, k], de_casteljau(strokes[i, j], t))


def test_no_strokes_have_no_points() -> None:
    assert cubic_points(np.empty((0, 4, 2)), np.linspace(0, 1, 3)).shape == (0, 3, 2)
