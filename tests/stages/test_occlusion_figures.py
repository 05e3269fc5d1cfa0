"""Figures of scenes worked out by hand: who is who, and what each figure counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compose.core.instances import Instance
from compose.stages.occlusion_figures import psnr, scene_figures
from compose.stages.occlusion_match import (
    HIDDEN,
    OCCLUDER,
    Truth,
    masked_iou,
    match,
)
from compose.stages.segment_canvas import PlainCanvas
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_found import Found
from compose.stages.segment_loop import run_loop_on

from .occlusion_scenes import GROUND, SHAPE, Colours, box, make_scene

NONE = np.zeros(SHAPE, bool)


def found(number: int, amodal: np.ndarray, iteration: int = 0) -> Found:
    return Found(number, iteration, None, 1.0, amodal, amodal, 0.0, False, iteration)


def test_every_instance_stands_for_one_object_only() -> None:
    scene = make_scene()
    truth = Truth.of(scene)
    assert len(truth.objects) == 3  # the dog, what is before it, and the tree
    visible, front = found(0, scene.visible), found(1, scene.occluder)
    matches = match([visible, front], truth)
    assert matches.best == {HIDDEN: 0, OCCLUDER: 1}
    # 20 of the dog's 30 columns are to be seen
    assert matches.iou[HIDDEN] == pytest.approx(2 / 3)
    assert matches.iou[OCCLUDER] == 1
    assert matches.has(HIDDEN)
    assert not matches.false
    # both in one: 400 + 720 pixels; IoU with the dog 600 / 1120, with the occluder 720 / 1120
    both = match([found(0, scene.visible | scene.occluder)], truth)
    assert both.best == {OCCLUDER: 0}
    assert both.iou[OCCLUDER] == pytest.approx(720 / 1120)
    assert not both.has(HIDDEN)


def test_of_several_the_best_is_the_match() -> None:
    scene = make_scene()
    parts = [found(0, box(20, 20, 30, 40)), found(1, box(20, 20, 48, 40)), found(2, scene.visible)]
    matches = match(parts, Truth.of(scene))
    assert matches.best == {HIDDEN: 1}
    # a third of the dog alone has an IoU of 1/3 with it, and with nothing else more
    assert matches.false == {0}


def test_what_matches_nothing_annotated_is_false() -> None:
    scene = make_scene()
    tree, air = found(0, box(74, 6, 90, 24)), found(1, box(2, 50, 12, 60))
    assert match([tree, air], Truth.of(scene)).false == {1}


def test_pixels_that_nobody_annotated_do_not_count() -> None:
    scene = make_scene()
    objects = scene.objects.copy()
    objects[18:20, 20:50] = 255  # a band above the dog
    scene = replace(scene, objects=objects)
    taller = found(0, box(20, 18, 50, 40))
    assert match([taller], Truth.of(scene)).iou[HIDDEN] == 1
    # of the occluder all is known
    truth = Truth.of(scene)
    assert truth.iou(scene.occluder & ~box(0, 18, 96, 20), OCCLUDER) == 680 / 720


def test_both_objects_in_one_do_not_stand_for_the_hidden_one() -> None:
    scene = make_scene()
    truth = Truth.of(scene)
    # 260 of the 520 pixels that the occluder has beyond the dog, and a row more
    half, more = (scene.amodal | box(50, 16, 60, bottom) for bottom in (42, 43))
    assert not truth.merges(half)
    assert truth.merges(more)
    assert match([found(0, half)], truth).best == {HIDDEN: 0}
    # its IoU with the dog would be 600 / 870
    merged = match([found(0, more)], truth)
    assert merged.best == {OCCLUDER: 0}
    assert not merged.has(HIDDEN)
    assert merged.false == {0}


def test_iou_of_nothing_is_0() -> None:
    assert masked_iou(NONE, NONE, ~NONE) == 0


def run(scene, fill, iterations=3, given=None):  # type: ignore[no-untyped-def]
    config = SegmentConfig(iterations=iterations, stability="off", dilate=0, dilate_least=1)
    canvas = FullSize(scene.image, fill)
    return run_loop_on(canvas, Colours(), config, first=given, clean=False)


class FullSize(PlainCanvas):
    """As the stage's own canvas, with the picture at its full size too."""

    @property
    def full(self) -> np.ndarray:
        return self.rgb

    def filled(self, hole: np.ndarray, seed: int) -> FullSize:
        return FullSize(super().filled(hole, seed).rgb, self.fill)


def test_a_loop_that_fills_the_truth_in_finds_everything() -> None:
    scene = make_scene()
    result = run(scene, lambda rgb, hole, seed: scene.original)
    one = scene_figures(scene, result, 1).fractions
    # the dog's visible two thirds; nothing within the occluder; its IoU of 2/3 is enough
    assert one["amodal"] == (pytest.approx(2 / 3), 1)
    assert one["invisible"] == (0, 1)
    assert one["recall"] == (1, 1)
    assert one["false"] == (0, 3)
    assert one["false_new"] == (0, 0)
    assert one["object_psnr"] == one["behind_psnr"] == (0, 0)  # nothing is filled yet
    two = scene_figures(scene, result, 2).fractions
    assert two["amodal"] == two["invisible"] == (1, 1)
    assert two["order"] == (1, 1)
    assert two["object_psnr"] == two["behind_psnr"] == (pytest.approx(58.92, abs=0.01), 1)


def test_a_loop_that_fills_the_ground_in_gains_nothing() -> None:
    scene = make_scene()
    ground = np.full_like(scene.image, GROUND)
    result = run(scene, lambda rgb, hole, seed: ground)
    two = scene_figures(scene, result, 2).fractions
    assert two["amodal"] == (pytest.approx(2 / 3), 1)
    assert two["invisible"] == (0, 1)
    assert two["behind_psnr"][0] == pytest.approx(58.92, abs=0.01)  # the ground is right there


def test_the_hidden_object_s_fill_is_compared_with_the_original() -> None:
    scene = make_scene()
    off = scene.original.copy()
    off[..., 0] -= 10
    result = run(scene, lambda rgb, hole, seed: off, given=[Instance(scene.occluder, 1.0, "car")])
    # an instance that covers the dog, as found in the second iteration
    its = replace(found(1, scene.amodal, 1), visible=scene.visible)
    rounds = tuple(replace(one, instances=(*one.instances[:1], its)) for one in result.rounds)
    two = scene_figures(scene, replace(result, rounds=rounds), 2).fractions
    # 10 off in one channel of three: mean square 33.3
    expected = 10 * np.log10(255**2 / (100 / 3))
    assert two["object_psnr"] == (pytest.approx(expected), 1)
    assert two["behind_psnr"] == (pytest.approx(expected), 1)


def test_new_instances_that_match_nothing_are_told_apart() -> None:
    scene = make_scene()
    result = run(scene, lambda rgb, hole, seed: scene.original)
    ghost = found(3, box(2, 50, 12, 60), 1)
    last = result.rounds[1]
    rounds = (result.rounds[0], replace(last, instances=(*last.instances, ghost)))
    two = scene_figures(scene, replace(result, rounds=rounds), 2).fractions
    assert two["false"] == (1, 4)
    assert two["false_new"] == (1, 1)


def test_nothing_found_at_all() -> None:
    scene = make_scene()
    blank = replace(scene, image=np.full_like(scene.image, GROUND))
    result = run(blank, lambda rgb, hole, seed: rgb)
    figures = scene_figures(scene, result, 3)
    assert (figures.source, figures.hidden) == ("a", pytest.approx(1 / 3))
    assert figures.fractions["amodal"] == figures.fractions["recall"] == (0, 1)
    for name in ("false", "false_new", "order", "object_psnr", "behind_psnr"):
        assert figures.fractions[name] == (0, 0), name


def test_psnr_ends_at_what_rounding_leaves() -> None:
    one = np.zeros((5, 3), np.uint8)
    assert psnr(one, one) == pytest.approx(10 * np.log10(255**2 * 12))
    assert psnr(one, one + np.uint8(255)) == 0
