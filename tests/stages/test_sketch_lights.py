"""Round lights with a glow get an outline; what is only white, or no disc, gets none."""

from __future__ import annotations

import numpy as np
import pytest

from compose.stages.sketch_lights import discs, lights, rays

HEIGHT, WIDTH = 150, 224


def glow(x: float, y: float, radius: float, *, fall: float = 3.0, flat: float = 1.0) -> np.ndarray:
    """A disc of light that fades away over `fall` radii; `flat` squeezes it."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot(across - x, (down - y) / flat) / radius
    light = 40 + 215 * np.exp(-np.clip(away - 1, 0, None) / fall)
    return np.repeat(light[..., None], 3, 2).astype(np.uint8)


def test_the_sun_gets_its_outline():
    rgb = glow(120, 60, 9)
    found = discs(lights(rgb), rgb.shape[:2])
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
    assert lights(rgb) == []


def test_rays_go_out_from_a_light_where_its_glow_is():
    rgb = glow(120, 60, 9)
    rgb[74:] = 40  # a dark hill below it
    (sun,) = lights(glow(120, 60, 9))
    assert len(sun.rays) == 12
    assert np.hypot(sun.x - 120.5, sun.y - 60.5) < 0.5
    for ray in sun.rays:
        away = np.hypot(ray[:, 0] - sun.x, ray[:, 1] - sun.y) / sun.radius
        assert np.allclose(away[[0, -1]], (1.5, 2.4), atol=0.01)
        assert (np.diff(away) > 0).all()
    (half,) = lights(rgb)
    assert len(half.rays) == 9  # all but those into the hill
    assert all(ray[-1, 1] <= 74 for ray in half.rays)


def test_rays_are_chosen_evenly_where_there_are_too_many():
    found = lights(glow(120, 60, 9))
    assert rays(found, 0) == []
    few = rays(found, 4)
    angles = sorted(np.degrees(np.arctan2(*(ray[-1] - ray[0])[::-1])) % 360 for ray in few)
    assert np.allclose(np.diff(angles), 90, atol=3)
    assert len(rays(found, 40)) == 12
    assert rays([], 4) == []
