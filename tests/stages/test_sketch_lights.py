"""Round lights with a glow get an outline; what is only white, or no disc, gets none."""

from __future__ import annotations

import numpy as np
import pytest

from compose.stages.sketch_lights import discs

HEIGHT, WIDTH = 150, 224


def glow(x: float, y: float, radius: float, *, fall: float = 3.0, flat: float = 1.0) -> np.ndarray:
    """A disc of light that fades away over `fall` radii; `flat` squeezes it."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot(across - x, (down - y) / flat) / radius
    light = 40 + 215 * np.exp(-np.clip(away - 1, 0, None) / fall)
    return np.repeat(light[..., None], 3, 2).astype(np.uint8)


def test_the_sun_gets_its_outline():
    found = discs(glow(120, 60, 9))
    y, x = np.nonzero(found)
    away = np.hypot(x - 120, y - 60)
    assert 30 < len(away) < 100
    assert away.max() - away.min() < 2.5
    assert 8 < away.mean() < 13
    assert np.abs(np.array([x.mean(), y.mean()]) - (120, 60)).max() < 1


@pytest.mark.parametrize("rgb", [
    glow(120, 60, 1.2), glow(120, 60, 60), glow(120, 60, 9, fall=0.01), glow(2, 60, 9),
    glow(120, 60, 9, flat=0.4), np.full((HEIGHT, WIDTH, 3), 255, np.uint8),
], ids=["a glint", "the sky", "a plate", "at the edge", "a strip of light", "paper"])  # fmt: skip
def test_other_bright_things_get_none(rgb):
    assert not discs(rgb).any()
