"""Engine `blend`: what it may touch, who is in front, and what objects look like afterwards."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.errors import ModelError, UsageError
from compose.stages.composite_blend import BlendEngine
from compose.stages.composite_config import CompositeConfig
from compose.stages.composite_contact import sealed
from compose.stages.composite_engine import Placed, Scene
from compose.stages.composite_engines import EngineOptions, engine_name, open_engine
from compose.stages.composite_harmonize import StatsHarmonizer, open_harmonizer
from compose.stages.composite_learned import LearnedHarmonizer
from compose.stages.composite_order import guess_order

from .composite_scenes import BLUE, HEIGHT, RED, WIDTH, ground, placed, scene

PLAIN = CompositeConfig(harmonize="none", shadow=False, match=False)


@st.composite
def boxes(draw):
    x1, y1 = draw(st.integers(0, WIDTH - 12)), draw(st.integers(0, HEIGHT - 12))
    x2 = draw(st.integers(x1 + 8, min(x1 + 90, WIDTH)))
    return x1, y1, x2, draw(st.integers(y1 + 8, min(y1 + 90, HEIGHT)))


@settings(max_examples=25, deadline=None)
@given(
    one=boxes(), other=boxes(), shadow=st.sampled_from([None, True, False]), seed=st.integers(0, 9)
)
def test_outside_of_the_zone_no_byte_differs(one, other, shadow, seed):
    made = BlendEngine(CompositeConfig(shadow=shadow)).compose(
        scene(placed(RED, one), placed(BLUE, other), seed=seed)
    )
    assert (made.rgb[~made.zone] == ground()[~made.zone]).all()
    for x1, y1, x2, y2 in (one, other):
        assert made.zone[y1:y2, x1:x2].all()


@settings(max_examples=25, deadline=None)
@given(one=boxes(), other=boxes(), shadow=st.sampled_from([None, True, False]))
def test_the_numbers_of_objects_mean_nothing_but_their_order(one, other, shadow):
    engine = BlendEngine(CompositeConfig(shadow=shadow))
    first, second = placed(RED, one), placed(BLUE, other)
    straight = engine.compose(scene(first, second, order=(0, 1), seed=3))
    swapped = engine.compose(scene(second, first, order=(1, 0), seed=3))
    assert (straight.rgb == swapped.rgb).all()
    assert straight.shadows == swapped.shadows[::-1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_one_in_front_covers_the_other(order):
    red, blue = placed(RED, (40, 60, 90, 120)), placed(BLUE, (60, 70, 120, 130))
    made = BlendEngine(PLAIN).compose(scene(red, blue, order=order))
    middle = made.rgb[85:105, 70:80].reshape(-1, 3)
    assert (middle == (RED, BLUE)[order[0]]).all()


def test_the_inside_is_the_object_itself_unless_harmonised():
    made = BlendEngine(PLAIN).compose(scene(placed(RED, (50, 70, 110, 130))))
    assert (made.rgb[78:122, 58:102] == RED).all()


def test_the_inside_is_the_harmonised_object():
    one = placed(RED, (50, 70, 110, 130))
    engine = BlendEngine(replace(PLAIN, harmonize="stats"))
    made = engine.compose(scene(one))
    x1, y1, x2, y2 = 50 - 44, 70 - 44, 110 + 44, 150  # the box and what is looked at about it
    whole = ground()[y1:y2, x1:x2].astype(np.float32) / 255
    alpha = np.zeros(whole.shape[:2], np.float32)
    alpha[44:104, 44:104] = 1
    whole[44:104, 44:104] = one.rgb
    wanted = np.rint(StatsHarmonizer()(whole, alpha)[70, 70] * 255)
    assert (made.rgb[90:110, 70:90] == wanted).all()
    assert (wanted != RED).any()


def test_sides_that_touch_show_no_background_between_them():
    # two soft edges that meet in the middle of a column, over a loud background
    def half(left: bool) -> Placed:
        alpha = np.ones((60, 31), np.float32)
        alpha[:, -1 if left else 0] = 0.5
        rgb = np.broadcast_to(np.float32([0.2, 0.2, 0.2]), (60, 31, 3)).copy()
        box = (40, 40, 71, 100) if left else (70, 40, 101, 100)
        return Placed("half", rgb, alpha, box, box)

    loud = np.full((HEIGHT, WIDTH, 3), (255, 255, 255), np.uint8)
    made = BlendEngine(PLAIN).compose(Scene(loud, (half(True), half(False)), (0, 1)))
    seam = made.rgb[50:90, 66:75].astype(int)
    assert abs(seam - 51).max() <= 12  # plain alpha leaves a quarter of white: 51 more
    plain = 0.5 * 51 + 0.5 * (0.5 * 51 + 0.5 * 255)
    assert plain - 51 > 40


def test_a_gap_is_closed_only_between_objects():
    flat = np.zeros((40, 60, 3), np.float32)
    cover, alpha = np.zeros((40, 60), np.float32), np.zeros((40, 60), np.float32)
    cover[:, :20] = 1
    alpha[:20, 22:50] = 1
    ground_, covered = sealed(flat, cover, alpha)
    assert (covered[2:15, 20:22] == 1).all()
    assert (covered[30:, 22:] == 0).all()
    assert ground_.shape == flat.shape


def test_an_object_casts_its_shadow_on_the_ground_but_not_on_the_sky():
    engine = BlendEngine(CompositeConfig(harmonize="none", match=False))
    standing, flying = placed(RED, (50, 70, 90, 110)), placed(BLUE, (120, 10, 160, 40))
    made = engine.compose(scene(standing, flying))
    assert made.shadows == (True, False)
    below = ground()[111:115, 60:80].astype(int) - made.rgb[111:115, 60:80]
    assert below.mean() > 10
    assert (made.rgb[:60, 100:] == ground()[:60, 100:]).all() or made.zone[:60, 100:].sum() == 1200


def test_the_one_in_front_darkens_the_one_behind():
    behind, fore = placed((220, 220, 220), (40, 60, 110, 110)), placed(RED, (60, 80, 90, 120))
    lit = BlendEngine(PLAIN).compose(scene(behind, fore, order=(1, 0)))
    engine = BlendEngine(replace(PLAIN, shadow=True))
    dark = engine.compose(scene(behind, fore, order=(1, 0)))
    assert int(lit.rgb[79, 75, 0]) - int(dark.rgb[79, 75, 0]) > 8
    assert abs(lit.rgb[62, 42].astype(int) - dark.rgb[62, 42]).max() <= 1


def test_the_texture_of_a_meadow_is_no_noise_where_the_sky_has_none():
    meadow = np.random.default_rng(2).normal(120, 8, (1100, 200, 1)).repeat(3, 2).astype(np.uint8)
    with_sky = meadow.copy()
    with_sky[:140] = 170  # too far from the feet to be looked at with them
    engine = BlendEngine(CompositeConfig(harmonize="none", shadow=False))
    grain = []
    for background in (meadow, with_sky):
        scene_ = Scene(background, (placed(RED, (50, 1010, 130, 1090)),), (0,))
        inside = engine.compose(scene_).rgb[1020:1080, 60:120]
        grain.append(float(inside.astype(float).std((0, 1)).max()))
    assert grain[0] > 3
    assert grain[1] < 0.5


def test_what_stands_beside_a_sharp_object_is_not_blurred():
    def checks(height, width, size):
        y, x = np.mgrid[0:height, 0:width]
        return (
            np.where((x // size + y // size) % 2, 180, 60).astype(np.uint8)[..., None].repeat(3, 2)
        )

    background = checks(300, 900, 12)
    background[:, 430:] = cv2.GaussianBlur(background[:, 430:], (0, 0), 4)
    texture = checks(80, 60, 10).astype(np.float32) / 255
    box = (560, 150, 620, 230)
    right = Placed("right", texture, np.ones((80, 60), np.float32), box, box)
    left = placed(RED, (420, 150, 550, 230))
    engine = BlendEngine(CompositeConfig(harmonize="none", shadow=False))
    alone = engine.compose(Scene(background, (right,), (0,))).rgb[160:220, 570:610]
    beside = engine.compose(Scene(background, (left, right), (0, 1))).rgb[160:220, 570:610]
    own = np.rint(255 * texture[10:70, 10:50])
    assert np.abs(alone - own).max() > 20
    assert np.abs(beside - own).max() <= 1


def test_a_shape_hides_what_lies_outside_of_it():
    one = placed(RED, (50, 70, 110, 130))
    shape = np.zeros((60, 60), bool)
    shape[:, :30] = True
    made = BlendEngine(PLAIN).compose(scene(replace(one, shape=shape)))
    assert (made.rgb[75:125, 82:110] == ground()[75:125, 82:110]).all()
    assert (made.rgb[75:125, 55:75] == RED).all()


def test_samples_differ_and_each_is_the_same_again():
    engine = BlendEngine()
    asked = scene(placed(RED, (50, 70, 110, 130)), seed=5)
    first, second = engine.compose(asked), engine.compose(replace(asked, sample=2))
    assert (first.rgb != second.rgb).any()
    assert (second.rgb == engine.compose(replace(asked, sample=2)).rgb).all()


def test_who_is_in_front():
    high, low = placed(RED, (10, 10, 60, 80)), placed(BLUE, (40, 20, 90, 120))
    assert guess_order([high, low], HEIGHT) == (1, 0)
    assert guess_order([low, high], HEIGHT) == (0, 1)
    large, small = placed(RED, (10, 10, 90, 100)), placed(BLUE, (60, 60, 100, 99))
    assert guess_order([large, small], HEIGHT) == (1, 0)
    assert guess_order([small, large, low], HEIGHT) == (2, 0, 1)


def test_engines_and_harmonisers_by_name():
    assert engine_name("auto") == open_engine("auto").name == "blend"
    with pytest.raises(UsageError, match="no engine"):
        engine_name("paste")
    with pytest.raises(ModelError, match="pics"):
        open_engine("pics", EngineOptions())
    assert open_harmonizer("none") is None
    with pytest.raises(UsageError, match="no way"):
        open_harmonizer("magic")
    assert isinstance(open_harmonizer("learned"), LearnedHarmonizer)


@pytest.mark.parametrize("way", ["stats", "learned"])
def test_a_scene_without_colours_takes_those_of_the_object(way):
    grey = np.repeat(ground()[..., :1], 3, axis=-1)
    made = BlendEngine(replace(PLAIN, harmonize=way)).compose(
        Scene(grey, (placed(RED, (50, 70, 110, 130)),), (0,))
    )
    inside = made.rgb[80:120, 60:100].astype(int)
    assert (inside.max(-1) - inside.min(-1)).max() <= 2


def test_strength_0_of_harmonising_changes_nothing():
    whole = ground().astype(np.float32) / 255
    alpha = np.zeros(whole.shape[:2], np.float32)
    alpha[40:90, 50:100] = 1
    whole[40:90, 50:100] = (0.5, 0.3, 0.2)
    assert abs(StatsHarmonizer()(whole, alpha, 0.0) - whole).max() < 2e-3
