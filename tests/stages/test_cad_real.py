"""Pictures without invented parts: known crops follow the photograph's scale and frame."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from compose.core.boxes import Box
from compose.stages.cad_place import PlaceConfig
from compose.stages.cad_real import by_name, sub_picture

from .cad_scenes import photo


def test_the_whole_photograph_with_its_known_crop_comes_first() -> None:
    one = photo()
    made = sub_picture(one, {"a": Box(10, 20, 90, 80)}, PlaceConfig(), 0, "some/a", 0)
    assert made.region == (10, 20, 90, 80)
    assert (made.rgb == one.rgb).all()
    assert (made.subject == one.subject).all()


@pytest.mark.parametrize("number", range(1, 8))
def test_further_pictures_hold_the_whole_crop(number: int) -> None:
    one = photo()
    made = sub_picture(one, {"some/a": Box(30, 20, 90, 80)}, PlaceConfig(), 0, "some/a", number)
    x1, y1, x2, y2 = made.region
    assert (x2 - x1, y2 - y1) == (60, 60)
    assert (made.rgb[y1:y2, x1:x2] == one.rgb[20:80, 30:90]).all()
    again = sub_picture(one, {"some/a": Box(30, 20, 90, 80)}, PlaceConfig(), 0, "some/a", number)
    assert (again.rgb == made.rgb).all()


def test_crops_follow_a_photograph_that_was_shrunk_and_lost_its_frame() -> None:
    # the file is 400x240, of which 40 left and 20 on top were frame, read at half size
    one = dataclasses.replace(photo(180, 110), original=(400, 240), part=(0.1, 20 / 240, 1.0, 1.0))
    made = sub_picture(one, {"a": Box(60, 40, 300, 200)}, PlaceConfig(), 0, "a", 0)
    assert made.region == (10, 10, 130, 90)


def test_large_photographs_are_made_to_fit() -> None:
    one = photo(1024, 640)
    config = PlaceConfig(side=(256, 512))
    made = sub_picture(one, {"a": Box(100, 100, 900, 600)}, config, 0, "a", 0)
    assert made.rgb.shape == (320, 512, 3)
    assert made.region == (50, 50, 450, 300)


def test_dots_in_names_tell_photographs_apart() -> None:
    box, other = Box(10, 20, 90, 80), Box(0, 0, 50, 50)
    named = by_name({"a.v2": box, "a.png": other, "b/c.1.jpg": box, "a.jpg": box})
    assert named == {"a.v2": box, "a": other, "b/c.1": box}
    assert sub_picture(photo(), named, PlaceConfig(), 0, "x/a.v2", 0).region == (10, 20, 90, 80)


def test_crops_have_an_extent_however_small_they_should_be() -> None:
    nothing = np.zeros_like(photo().subject)
    empty = dataclasses.replace(photo(), subject=nothing, clear=nothing)
    tiny = PlaceConfig(area=(0.001, 0.002))
    x1, y1, x2, y2 = sub_picture(empty, {}, tiny, 0, "a", 0).region
    assert 0 <= x1 <= x2 - 16
    assert 0 <= y1 <= y2 - 16


@pytest.mark.parametrize("seed", range(12))
def test_unknown_crops_hold_the_subject(seed: int) -> None:
    one = photo()
    made = sub_picture(one, {}, PlaceConfig(), seed, "a", 0)
    x1, y1, x2, y2 = made.region
    outside = made.subject.copy()
    outside[y1:y2, x1:x2] = False
    assert not outside.any()
    share = (x2 - x1) * (y2 - y1) / made.subject.size
    assert 0.28 < share < 0.62
    nothing = np.zeros_like(one.subject)
    empty = dataclasses.replace(one, subject=nothing, clear=nothing)
    made = sub_picture(empty, {}, PlaceConfig(), seed, "a", 1)
    assert made.region[2] <= made.rgb.shape[1]
    assert made.region[3] <= made.rgb.shape[0]
