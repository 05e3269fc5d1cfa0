"""Samples of compositing's training: their order, their variations, and the drawn set."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.boxes import Box
from compose.data.composite_sample import CompositeSample, ObjectPicture
from compose.data.shard_names import ShardSet
from compose.models.pics_config import TINY
from compose.models.pics_input import (
    hint_and_masks,
    object_on_white,
    object_square,
    square_offset,
    target,
)
from compose.models.pics_parts import PixelFeatures
from compose.stages.composite_examples import PLAIN, AugmentConfig, batch_of, grown, make_example
from compose.stages.composite_sources import ShardSource
from compose.stages.composite_toy import SIDE, toy_scene, toy_score

from ..data.shard_files import write_shard


def test_every_sample_comes_once_an_epoch_and_repeated_sets_as_often(tmp_path: Path) -> None:
    few = write_shard(tmp_path / "a.tar", range(3))
    more = write_shard(tmp_path / "b.tar", range(10, 17))
    source = ShardSource([ShardSet("x", (few,), 3), ShardSet("y", (more,))], seed=4)
    assert source.size == 16
    epochs = [[source.sample(e, i).name for i in range(16)] for e in range(2)]
    expected = Counter({f"{n:06d}": 3 for n in range(3)} | {f"{n:06d}": 1 for n in range(10, 17)})
    for names in epochs:
        assert Counter(names) == expected
    assert epochs[0] != epochs[1]
    again = ShardSource([ShardSet("x", (few,), 3), ShardSet("y", (more,))], seed=4)
    assert again.sample(1, 7).name == epochs[1][7]  # without those before it
    other = ShardSource([ShardSet("x", (few,), 3), ShardSet("y", (more,))], seed=5)
    assert [other.sample(0, i).name for i in range(16)] != epochs[0]


@given(st.integers(8, 60), st.integers(8, 60), st.data())
@settings(max_examples=40, deadline=None)
def test_hint_and_masks(width: int, height: int, data: st.DataObject) -> None:
    def box() -> Box:
        x = sorted(data.draw(st.lists(st.integers(0, width), min_size=2, max_size=2, unique=True)))
        y = sorted(data.draw(st.lists(st.integers(0, height), min_size=2, max_size=2, unique=True)))
        return Box(x[0], y[0], x[1], y[1])

    boxes = [box(), box()]
    rgb = np.full((height, width, 3), 255, np.uint8)
    side = max(width, height)  # so that nothing is resized
    hint, masks = hint_and_masks(rgb, boxes, side)
    top, left = square_offset(height, width)
    inside = np.zeros((side, side), bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        expected = np.zeros((side, side), bool)
        expected[top + int(y1) : top + int(y2), left + int(x1) : left + int(x2)] = True
        assert np.array_equal(mask, expected)
        inside |= expected
    picture = np.zeros((side, side), bool)
    picture[top : top + height, left : left + width] = True
    assert np.array_equal(hint[3], np.where(inside, 1, np.where(picture, 0, -1)))
    assert np.array_equal(hint[:3], np.broadcast_to(np.where(picture & ~inside, 1, -1),
                                                    (3, side, side)))  # fmt: skip
    changed = rgb.copy()
    changed[inside[top : top + height, left : left + width]] = 7  # is not looked at
    assert np.array_equal(hint_and_masks(changed, boxes, side)[0], hint)
    assert target(rgb, side).shape == (3, side, side)


def test_a_box_between_the_pixels_that_are_looked_at_is_not_lost() -> None:
    rgb = np.full((300, 400, 3), 255, np.uint8)
    hint, masks = hint_and_masks(rgb, [Box(11, 3, 12, 200), Box(100, 100, 300, 250)], 40)
    assert masks.reshape(2, -1).any(1).all()
    assert masks[0].any(0).nonzero()[0].tolist() == [1]
    assert np.array_equal(hint[3] == 1, masks.any(0))


def test_white_parts_of_an_object_are_no_holes() -> None:
    rgb = np.full((20, 20, 3), 255, np.uint8)
    rgb[4:16, 4:16] = 90
    rgb[8:12, 8:12] = 255
    solid = object_on_white(rgb)
    assert solid[4:16, 4:16].all()
    assert solid.sum() == 144


def test_an_object_is_shown_tight_on_white() -> None:
    rgb = np.full((40, 60, 3), 30, np.uint8)
    alpha = np.zeros((40, 60), np.uint8)
    alpha[10:20, 5:35] = 255
    square = object_square(rgb, alpha, 30, pad=1.0)
    assert (square[10:20] == 30).all()
    assert (square[:9] == 255).all()
    assert (square[21:] == 255).all()
    assert (object_square(rgb, alpha, 30, pad=1.4)[:, 0] == 255).all()


def test_variation_keeps_truth_and_is_the_seed_s() -> None:
    scene = toy_scene(0, "test", 0).sample
    config = dataclasses.replace(TINY, object_side=32)
    one, same, other = (
        make_example(scene, config, AugmentConfig(), np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one.objects, same.objects)
    assert not np.array_equal(one.objects, other.objects)
    assert np.array_equal(one.picture, other.picture)
    plain = make_example(scene, config, PLAIN, np.random.default_rng(1))
    assert (one.masks >= plain.masks).all()  # boxes grow
    assert np.array_equal(plain.picture, target(scene.picture, config.side))


def test_white_around_an_object_is_taken_off_and_white_in_it_stays() -> None:
    shown = np.full((90, 90, 3), 255, np.uint8)
    shown[30:50, 10:70] = (200, 30, 60)
    shown[36:44, 30:50] = 255
    scene = toy_scene(0, "test", 0).sample
    sample = CompositeSample(
        "x", scene.picture, (ObjectPicture(shown, None),) * 2, scene.boxes, None
    )
    config = dataclasses.replace(TINY, object_side=60)
    example = make_example(sample, config, PLAIN, np.random.default_rng(1))
    assert example.ranks.tolist() == [-1, -1]
    expected = np.full((60, 60, 3), 255, np.uint8)
    expected[20:40] = shown[30:50, 10:70]
    assert np.array_equal(example.objects[0], expected)


def test_boxes_grow_around_their_middle() -> None:
    assert grown(Box(10, 20, 30, 40), 1.1, 100, 100) == pytest.approx(Box(9, 19, 31, 41))
    assert grown(Box(0, 0, 100, 50), 1.1, 100, 100) == pytest.approx(Box(0, 0, 100, 52.5))


def test_a_batch_has_features_without_gradient() -> None:
    examples = [make_example(toy_scene(0, "test", n).sample, TINY, PLAIN, np.random.default_rng(0))
                for n in range(3)]  # fmt: skip
    pictures, known = batch_of(examples, PixelFeatures(TINY.patch), "cpu")
    assert pictures.shape == (3, 3, 16, 16)
    assert known.hint.shape == (3, 4, 16, 16)
    assert known.masks.shape == (3, 2, 16, 16)
    assert known.features.shape == (3, 2, TINY.tokens, TINY.features)
    assert not known.features.requires_grad
    assert known.ranks is not None
    for example, ranks in zip(examples, known.ranks, strict=True):
        assert torch.equal(ranks, torch.from_numpy(example.ranks))


def test_the_drawn_set_tells_the_truth() -> None:
    scenes = [toy_scene(3, "test", number) for number in range(60)]
    pictures = [scene.sample.picture for scene in scenes]
    assert toy_score(scenes, pictures).all_right == 1
    assert toy_score(scenes, [scene.background for scene in scenes]).alone == 0
    fronts = [(scene.sample.ranks or ()).index(0) for scene in scenes]
    assert 0.3 < np.mean(fronts) < 0.7
    swapped = []
    for scene, front in zip(scenes, fronts, strict=True):
        assert scene.sample.picture.shape == (SIDE, SIDE, 3)
        wrong = scene.sample.picture.copy()
        wrong[scene.overlap] = scene.colours[1 - front]
        swapped.append(wrong)
        assert not (scene.alone[0] & scene.alone[1]).any()
    score = toy_score(scenes, swapped)
    assert (score.alone, score.overlap, score.all_right) == (1, 0, 0)
    again = toy_scene(3, "test", 5).sample.picture
    assert np.array_equal(again, pictures[5])
    assert not np.array_equal(toy_scene(3, "train", 5).sample.picture, again)
