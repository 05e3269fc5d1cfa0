"""The plain engines, with answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.errors import ModelError, UsageError
from compose.stages.composite_blend import BlendEngine
from compose.stages.composite_config import CompositeConfig
from compose.stages.composite_engine import Placed
from compose.stages.composite_engines import open_measured
from compose.stages.composite_peers import CloneEngine, PasteEngine, SequentialEngine

from .composite_scenes import BLUE, HEIGHT, RED, WIDTH, placed, scene

PEERS = [PasteEngine(), CloneEngine(), CloneEngine(mixed=True)]


def test_paste_mixes_by_alpha_and_puts_the_first_of_the_order_in_front():
    half = placed(RED, (20, 20, 40, 40))
    half = Placed(half.name, half.rgb, half.alpha * np.float32(0.5), half.box, half.at)
    one = scene(half, placed(BLUE, (30, 30, 60, 60)), order=(1, 0))
    made = PasteEngine().compose(one).rgb
    assert (made[35, 35] == BLUE).all()
    wanted = (one.background[25, 25].astype(float) + RED) / 2
    assert np.abs(made[25, 25] - wanted).max() <= 0.5


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, WIDTH - 12), st.integers(0, HEIGHT - 12), st.integers(6, 12), st.integers(6, 12)
)
def test_outside_of_their_zones_peers_change_nothing(x, y, width, height):
    one = scene(placed(RED, (x, y, x + width, y + height)))
    for engine in PEERS:
        made = engine.compose(one)
        assert np.array_equal(made.rgb[~made.zone], one.background[~made.zone])
        assert made.zone.sum() == width * height


@pytest.mark.parametrize("box", [(60, 70, 100, 111), (0, 0, 41, 30), (159, 100, WIDTH, HEIGHT)])
def test_a_clone_of_the_background_stays_where_it_is(box):
    empty = scene()
    x1, y1, x2, y2 = box
    own = np.ascontiguousarray(empty.background[y1:y2, x1:x2], np.float32) / 255
    alpha = np.ones(own.shape[:2], np.float32)
    made = CloneEngine().compose(scene(Placed("own", own, alpha, box, box))).rgb
    part = slice(y1, y2), slice(x1, x2)
    assert np.abs(made.astype(int) - empty.background)[part].mean() < 4
    if y1 >= 60:  # in the texture, which one pixel to the side would not fit at all
        moved = np.roll(empty.background, 1, 1)
        assert np.abs(moved.astype(int) - empty.background)[part].mean() > 20


def test_a_clone_takes_on_the_light_of_its_surroundings():
    grey = scene(placed((220, 220, 220), (60, 10, 100, 40)))  # before a plain sky
    made = CloneEngine().compose(grey).rgb[12:38, 62:98]
    assert np.abs(made.astype(int) - grey.background[0, 0]).max() < 10


def test_one_by_one_is_blend_that_knows_nothing_of_the_other():
    plain = BlendEngine(CompositeConfig(harmonize="none", shadow=False, match=False))
    apart = scene(placed(RED, (20, 80, 60, 120)), placed(BLUE, (120, 80, 160, 120)))
    one_by_one = SequentialEngine(plain).compose(apart)
    assert np.array_equal(one_by_one.rgb, plain.compose(apart).rgb)
    meeting = scene(placed(RED, (20, 80, 60, 120)), placed(BLUE, (62, 80, 102, 120)))
    gap = np.s_[85:115, 60:62]  # closed only by who knows of both
    one_by_one, both = SequentialEngine(plain).compose(meeting), plain.compose(meeting)
    assert np.array_equal(one_by_one.rgb[gap], meeting.background[gap])
    assert not np.array_equal(both.rgb[gap], meeting.background[gap])


def test_names_of_what_can_be_measured():
    names = ["blend", "auto", "sequential", "paste", "clone", "clone-mixed"]
    assert [open_measured(name).name for name in names] == ["blend", *names[:1], *names[2:]]
    with pytest.raises(UsageError, match="clone-mixed"):
        open_measured("glue")
    with pytest.raises(ModelError, match="pics"):
        open_measured("pics")
