"""What outlines suggest of objects behind holes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.stages.segment_canvas import Filling, FullCanvas
from compose.stages.segment_complete import guessed_behind
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_layers import Layer, Recomposition, paint_layers
from compose.stages.segment_loop import run_loop, run_loop_on

from .segment_scenes import BLUE, GROUND, RED, ByColour, Reveal, draw

NONE = np.zeros((60, 80), bool)


def box(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = NONE.copy()
    mask[y1:y2, x1:x2] = True
    return mask


def test_a_bite_in_an_object_is_closed_as_far_as_the_hole_goes() -> None:
    known = box(10, 10, 60, 40) & ~box(30, 10, 45, 30)
    np.testing.assert_array_equal(
        guessed_behind(known, box(25, 15, 50, 50), NONE), box(30, 15, 45, 30)
    )
    other = box(40, 0, 80, 60)
    beside = guessed_behind(known & ~other, box(25, 15, 50, 50), other)
    assert beside.any()
    assert not (beside & other).any()


def test_nothing_is_guessed_beyond_the_hull_or_apart_from_the_object() -> None:
    corner = box(10, 10, 40, 20) | box(10, 10, 20, 50)
    assert not guessed_behind(box(10, 10, 40, 20), box(10, 25, 70, 60), NONE).any()
    assert not guessed_behind(corner, box(60, 50, 80, 60), NONE).any()
    assert not guessed_behind(corner, NONE, NONE).any()
    # in the hull, but a strip that was never erased lies between
    assert not guessed_behind(corner, box(24, 24, 27, 27), NONE).any()
    # next to nothing: the filling has shown it all
    assert not guessed_behind(
        box(10, 10, 60, 40) & ~box(30, 10, 35, 12), box(0, 0, 80, 60), NONE
    ).any()
    # more than is known of it is no guess but fancy
    thin = box(0, 0, 80, 2) | box(0, 0, 2, 60)
    assert not guessed_behind(thin, ~thin, NONE).any()


@given(seed=st.integers(0, 2**32 - 1))
def test_guesses_stay_in_holes_and_off_what_is_known(seed: int) -> None:
    draws = np.random.default_rng(seed)
    known, erased, others = (draws.random((9, 12)) < share for share in (0.3, 0.5, 0.2))
    known[draws.integers(9), draws.integers(12)] = True
    found = guessed_behind(known, erased, others)
    assert not (found & ~erased).any()
    assert not (found & (known | others)).any()
    assert found.sum() <= known.sum()


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_the_loop_guesses_what_the_filling_does_not_show(iterations: int) -> None:
    rgb = draw([RED, BLUE])

    def flat(picture, hole, seed):  # an inpainter that continues nothing
        return np.where(hole[..., None], np.uint8(GROUND), picture)

    config = SegmentConfig(iterations=iterations, dilate_least=1.0, dilate=0.0)
    result = run_loop(rgb, ByColour([RED, BLUE]), flat, config)
    blue = next(k for k in result.instances if k.iteration == 0 and k.visible[30, 100])
    shown = BLUE.mask() & ~RED.mask()
    np.testing.assert_array_equal(blue.visible, shown)  # what is guessed is not to be seen
    if iterations == 1:
        assert blue.guessed is None
        return
    hidden = BLUE.mask() & RED.mask()
    assert blue.guessed is not None
    assert (blue.guessed & ~result.rounds[1].erased).sum() == 0
    assert (blue.guessed & hidden).sum() > 0.3 * hidden.sum()
    assert (blue.amodal & ~BLUE.mask()).sum() < 0.03 * BLUE.mask().sum()
    np.testing.assert_array_equal(blue.seen_extent | blue.guessed, blue.amodal)
    assert not (blue.seen_extent & blue.guessed).any()


def test_a_layer_goes_on_in_its_own_colours_where_it_is_guessed() -> None:
    rgb = draw([RED, BLUE])
    config = SegmentConfig(iterations=2, dilate_least=1.0, dilate=0.0, feather=0.0)
    canvas = FullCanvas.of(rgb, 1024, Filling(Reveal([]), 1024, 0.0))  # bare ground in every hole
    result = run_loop_on(canvas, ByColour([RED, BLUE]), config, 0)
    blue = next(k for k in result.instances if k.visible[30, 100])
    assert blue.guessed is not None
    layers: list[Layer] = []
    stack = paint_layers(result, layers.append)
    assert Recomposition.of(rgb, stack).changed < 0.02
    layer = next(one for one in layers if one.found.number == blue.number)
    whole = np.zeros((*rgb.shape[:2], 4), np.uint8)
    height, width = layer.rgba.shape[:2]
    whole[layer.y : layer.y + height, layer.x : layer.x + width] = layer.rgba
    behind = (blue.guessed & RED.mask()).astype(np.uint8)
    inner = cv2.erode(behind, np.ones((3, 3), np.uint8)) > 0
    assert inner.any()
    assert (whole[inner, 3] == 255).all()
    assert np.abs(whole[inner, :3].astype(int) - BLUE.colour).max() < 30  # the canvas shows ground
