"""Where shadows fall by themselves: how dark feet are, and what the soft part needs."""

from __future__ import annotations

import numpy as np
import pytest

from compose.stages.composite_engine import Placed, Scene
from compose.stages.composite_ground import Ground
from compose.stages.composite_shadow import Shadow, ground_shadow

from .composite_scenes import RED, placed

WIDTH, HEIGHT = 240, 200
ONE = placed(RED, (90, 80, 150, 150))


def scene(background: np.ndarray, *objects: Placed) -> Scene:
    return Scene(background, objects or (ONE,), tuple(range(len(objects) or 1)))


def even() -> np.ndarray:
    random = np.random.default_rng(0)
    rgb = np.full((HEIGHT, WIDTH, 3), (150, 180, 220), np.uint8)
    rgb[70:] = random.integers(110, 130, (HEIGHT - 70, WIDTH, 3))
    return rgb


def soft_part(shadow: Shadow | None) -> float:
    """The darkness a little below the feet, beyond the dark line at them."""
    assert shadow is not None
    x, y = 120 - shadow.window[0], 154 - shadow.window[1]
    return float(shadow.dark[y, x])


def contact(shadow: Shadow | None) -> float:
    assert shadow is not None
    return float(shadow.dark[149 - shadow.window[1], 120 - shadow.window[0]])


def test_even_ground_takes_most_of_the_shadow_and_clutter_only_the_contact():
    whole = ground_shadow(ONE, (WIDTH, HEIGHT))
    plain = Ground(scene(even())).shadow(ONE)
    cluttered = even()
    cluttered[140:170, 60:120] = 20
    cluttered[150:180, 130:190] = 240
    among = Ground(scene(cluttered)).shadow(ONE)
    assert soft_part(whole) > soft_part(plain) > 3 * soft_part(among)
    assert contact(among) > 0.25
    assert contact(whole) > contact(plain) > contact(among)
    certain = Ground(scene(cluttered), certain=True).shadow(ONE)
    assert soft_part(certain) == soft_part(whole)


def test_gravel_takes_a_darker_contact_than_clutter():
    # texture is no clutter: what stands on gravel must not float
    gravel, cluttered = even(), even()
    coarse = np.random.default_rng(1).integers(40, 200, (26, 48, 3)).astype(np.uint8)
    gravel[70:] = coarse.repeat(5, 0).repeat(5, 1)
    cluttered[140:170, 60:120] = 20
    cluttered[150:180, 130:190] = 240
    on_gravel, among = (Ground(scene(rgb)).shadow(ONE) for rgb in (gravel, cluttered))
    assert contact(on_gravel) > 1.3 * contact(among)


def test_ground_that_is_shaded_already_gets_little_more():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    near = np.exp(-(((x - 120) / 45.0) ** 2) - ((y - 152) / 12.0) ** 2)
    shaded = even().astype(float)
    shaded[70:] *= 1 - 0.55 * near[70:, :, None]
    again = Ground(scene(shaded.astype(np.uint8))).shadow(ONE)
    assert soft_part(again) < 0.5 * soft_part(Ground(scene(even())).shadow(ONE))


def test_other_objects_are_no_ground():
    # what stands in the way hides clutter: of it nothing is asked
    cluttered = even()
    cluttered[150:180, 150:200] = 240
    other = placed(RED, (150, 150, 200, 180))
    alone = Ground(scene(cluttered, ONE)).shadow(ONE)
    hidden = Ground(scene(cluttered, ONE, other)).shadow(ONE)
    assert soft_part(hidden) > soft_part(alone)


@pytest.mark.parametrize("box", [(90, 5, 130, 40), (90, 120, 150, HEIGHT)])
def test_what_flies_or_is_cut_off_below_casts_none(box):
    one = placed(RED, box)
    assert Ground(scene(even(), one)).shadow(one) is None
    assert Ground(scene(even(), one), certain=True).shadow(one) is not None
