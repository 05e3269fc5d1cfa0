"""What a mask misses of its object goes with it, not with what stands behind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.instances import Instance
from compose.stages.segment_canvas import Filling, FullCanvas
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_layers import Layer, Recomposition, paint_layers
from compose.stages.segment_loop import run_loop_on
from compose.stages.segment_rim import missed_rims, rim_of

from .segment_scenes import Reveal, Scripted, Thing, draw

BOWL = Thing((190, 30, 20), (10, 5, 110, 85))
FIG = Thing((235, 225, 190), (40, 25, 80, 65))
SIZE = (120, 90)


def short_of_fig(rows=4):
    """A mask of the fig that misses the fig's upper rows, which count as the bowl."""
    mask = FIG.mask()
    mask[: 25 + rows] = False
    return mask


def taken_apart(iterations=3):
    rgb, fig = draw([FIG, BOWL]), short_of_fig()
    bowl = BOWL.mask() & ~fig
    segmenter = Scripted(
        [Instance(fig, 0.9, None), Instance(bowl, 0.8, None)], [Instance(BOWL.mask(), 0.8, None)]
    )
    canvas = FullCanvas.of(rgb, 1024, Filling(Reveal([BOWL], []), 1024, 0.0))
    config = SegmentConfig(
        iterations=iterations, dilate=0, dilate_least=6, feather=0, stability="off"
    )
    return rgb, run_loop_on(canvas, segmenter, config, 0)


def whole(layer):
    rgba = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    height, width = layer.rgba.shape[:2]
    rgba[layer.y : layer.y + height, layer.x : layer.x + width] = layer.rgba
    return rgba


def test_the_layer_behind_shows_no_rim_and_the_one_in_front_has_it():
    rgb, result = taken_apart()
    layers: list[Layer] = []
    stack = paint_layers(result, layers.append)
    bowl, fig = map(whole, layers)
    missed = FIG.mask() & ~short_of_fig()
    assert missed.sum() > 30
    assert (np.abs(bowl[missed, :3].astype(int) - BOWL.colour) < 8).all()
    assert (fig[missed, 3] > 127).mean() > 0.9
    assert (np.abs(fig[missed & (fig[..., 3] == 255), :3].astype(int) - FIG.colour) < 8).all()
    assert Recomposition.of(rgb, stack).changed < 0.01


def test_masks_stay_as_they_were_found():
    _, result = taken_apart()
    fig = next(k for k in result.instances if k.amodal[45, 60] and k.erased == 0)
    np.testing.assert_array_equal(fig.amodal, short_of_fig())
    np.testing.assert_array_equal(missed_rims(result)[fig.number], FIG.mask() & ~short_of_fig())


@pytest.mark.parametrize("iterations", [0, 1])
def test_nothing_is_known_of_rims_before_anything_is_filled(iterations):
    assert missed_rims(taken_apart(iterations)[1]) == {}


def test_a_texture_that_is_filled_otherwise_is_no_rim():
    draws = np.random.default_rng(3)
    rgb = draws.integers(40, 200, (90, 120, 3)).astype(np.uint8)
    filled = draws.integers(40, 200, (90, 120, 3)).astype(np.uint8)
    ring = BOWL.mask() & ~FIG.mask()
    assert rim_of(FIG.mask(), ring, rgb, filled).sum() < 0.02 * ring.sum()


def test_what_does_not_touch_the_object_stays():
    rgb, filled = draw([FIG, BOWL]), draw([BOWL])
    rgb[10:14, 50:70] = 255
    ring = BOWL.mask() & ~short_of_fig()
    np.testing.assert_array_equal(
        rim_of(short_of_fig(), ring, rgb, filled), FIG.mask() & ~short_of_fig()
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_it_lies_in_the_ring_and_beside_the_object(seed, front_share, ring_share):
    draws = np.random.default_rng(seed)
    front, ring = draws.random((9, 12)) < front_share, draws.random((9, 12)) < ring_share
    rgb, filled = draws.integers(0, 256, (2, 9, 12, 3)).astype(np.uint8)
    rim = rim_of(front, ring, rgb, filled)
    assert not (rim & (front | ~ring)).any()
    assert front.any() or not rim.any()
