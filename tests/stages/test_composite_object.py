"""How objects are cut out, cleaned, resized and put at their places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import InputError, MaskError
from compose.core.instances import Instance
from compose.stages.composite_foreground import estimate_foreground
from compose.stages.composite_match import (
    blur_to_add,
    blurred,
    edge_width,
    noise,
    noise_level,
    noise_to_add,
    sensor_noise,
    sharpened,
)
from compose.stages.composite_object import CutOut, load_object
from compose.stages.composite_place import box_within, place, place_of_mask, resized
from compose.stages.composite_rim import clean_rim
from compose.stages.composite_white import white_ground

from .composite_scenes import BLUE, RED, block


def disc(size: int = 120, radius: int = 40) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size / 2 + 0.5
    return np.hypot(x, y) < radius


def cut(width: int, height: int) -> CutOut:
    rgb = np.full((height, width, 3), 0.5, np.float32)
    return CutOut(rgb, np.ones((height, width), np.float32), "alpha", 1.0)


def test_a_cut_out_is_what_is_opaque(tmp_path):
    Image.fromarray(block(40, 50, RED)).save(tmp_path / "a.png")
    found = load_object(tmp_path / "a.png")
    assert (found.how, found.alpha.shape) == ("alpha", (50, 40))
    assert abs(found.rgb * 255 - RED).max() < 1  # nothing of the loud colour about it


def test_an_object_on_white_is_what_is_not_white(tmp_path):
    inside = disc()
    soft = np.asarray(Image.fromarray(inside).convert("L").resize((480, 480)).resize((120, 120)))
    alpha = soft[..., None] / 255
    rgb = np.rint(alpha * BLUE + (1 - alpha) * 255).astype(np.uint8)
    rgb[59:62, 59:62] = 255  # a highlight is the object's own
    Image.fromarray(rgb).save(tmp_path / "a.png")
    found = load_object(tmp_path / "a.png")
    assert found.how == "white"
    assert abs(found.alpha.shape[0] - 80) <= 2
    edge = (found.alpha > 0.3) & (found.alpha < 1)
    assert edge.any()
    assert abs(found.rgb[edge] * 255 - BLUE).max() < 40  # no white in what is mixed
    assert found.alpha[38:42, 38:42].min() == 1


def test_a_handle_lets_white_through_but_a_photograph_is_no_object_on_white():
    rgb = np.full((120, 120, 3), 255, np.uint8)
    rgb[disc()] = RED
    rgb[disc(radius=20)] = 255
    ground = white_ground(rgb)
    assert ground is not None
    assert ground[60, 60]
    assert not ground[60, 30]
    random = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    assert white_ground(random) is None


def test_a_mask_frees_the_edge_from_the_old_ground(tmp_path):
    inside = disc()
    big = np.asarray(Image.fromarray(disc(480, 160)).convert("L").resize((120, 120))) / 255
    rgb = np.rint(big[..., None] * RED + (1 - big[..., None]) * np.array((20, 220, 20)))
    Image.fromarray(rgb.astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(inside).save(tmp_path / "mask.png")
    found = load_object(tmp_path / "a.png", tmp_path / "mask.png")
    assert found.how == "mask"
    edge = (found.alpha > 0.3) & (found.alpha < 1)
    assert edge.any()
    assert np.percentile(found.rgb[edge][:, 1] * 255, 90) < 90  # 130 and more as it lies there


def test_foreground_colours_are_unmixed():
    alpha = np.tile(np.clip(np.linspace(-1, 2, 90), 0, 1), (40, 1)).astype(np.float32)
    fore, back = np.float32([0.8, 0.1, 0.1]), np.float32([0.1, 0.7, 0.2])
    image = alpha[..., None] * fore + (1 - alpha[..., None]) * back
    found = estimate_foreground(image.astype(np.float32), alpha)
    assert abs(found[alpha > 0.1] - fore).max() < 0.05
    assert (found[alpha >= 1] == image.astype(np.float32)[alpha >= 1]).all()


def test_a_light_rim_is_coloured_anew_and_a_clean_one_is_left():
    alpha = disc().astype(np.float32)
    rgb = np.full((120, 120, 3), 0.3, np.float32)
    clean, same = clean_rim(rgb, alpha)
    assert (same == alpha).all()
    assert abs(clean[alpha > 0] - 0.3).max() < 0.01
    rim = disc() & ~disc(radius=38)
    rgb[rim] = 0.9
    clean, narrowed = clean_rim(rgb, alpha)
    visible = (clean * narrowed[..., None]).max(-1)[rim]
    assert np.percentile(visible, 75) < 0.5


def test_a_plain_photograph_is_cut_out_by_the_segmenter(tmp_path):
    rgb = np.full((120, 160, 3), (90, 120, 60), np.uint8)
    rgb[30:90, 40:100] = BLUE
    Image.fromarray(rgb).save(tmp_path / "a.png")
    mask = np.zeros((120, 160), bool)
    mask[30:90, 40:100] = True
    found = load_object(tmp_path / "a.png", segment=lambda _: [Instance(mask, 0.9)])
    assert found.how == "segmenter"
    assert abs(found.alpha.shape[0] - 60) <= 4
    with pytest.raises(MaskError, match="stands out"):
        load_object(tmp_path / "a.png", segment=lambda _: [])
    with pytest.raises(MaskError, match="not cut out"):
        load_object(tmp_path / "a.png")


def test_objects_without_anything_in_them_are_refused(tmp_path):
    empty = np.zeros((20, 20, 4), np.uint8)
    Image.fromarray(empty).save(tmp_path / "a.png")
    with pytest.raises(MaskError, match="transparent everywhere"):
        load_object(tmp_path / "a.png")
    Image.fromarray(block(10, 10, RED)).save(tmp_path / "b.png")
    Image.fromarray(np.zeros((18, 18), bool)).save(tmp_path / "mask.png")
    with pytest.raises(MaskError, match="empty"):
        load_object(tmp_path / "b.png", tmp_path / "mask.png")
    Image.fromarray(np.ones((5, 5), bool)).save(tmp_path / "small.png")
    with pytest.raises(MaskError, match="5x5"):
        load_object(tmp_path / "b.png", tmp_path / "small.png")


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 60), height=st.integers(1, 60),
    x=st.integers(0, 60), y=st.integers(0, 40), wide=st.integers(1, 60), high=st.integers(1, 60),
    fit=st.sampled_from(["contain", "cover", "stretch"]),
)  # fmt: skip
def test_objects_stay_in_their_boxes_and_stand_on_their_lower_edge(
    width, height, x, y, wide, high, fit
):
    at = (x, y, x + wide, y + high)
    found = place(cut(width, height), at, (130, 110), "a", fit=fit)
    x1, y1, x2, y2 = found.box
    assert at[0] <= x1 < x2 <= at[2]
    assert at[1] <= y1 < y2 <= at[3]
    assert y2 == at[3]
    assert abs((x1 + x2) - (at[0] + at[2])) <= 1
    assert found.alpha.shape == (y2 - y1, x2 - x1)
    if fit != "contain":
        assert found.box == at
    else:
        assert x2 - x1 == wide or y2 - y1 == high


def test_what_is_long_and_thin_is_not_blown_up_to_cover():
    long = cut(20_000, 2)
    long.rgb[:, 9_990:10_010] = (1, 0, 0)
    found = place(long, (10, 10, 210, 160), (300, 300), "a", fit="cover")
    assert found.box == (10, 10, 210, 160)
    assert found.alpha.min() > 0.99
    assert found.rgb[75, 100, 0] > 0.9  # the middle is in the middle


def test_an_object_may_keep_its_size():
    found = place(cut(30, 20), (10, 10, 20, 60), (100, 100), "a", keep_size=True)
    assert found.box == (0, 40, 30, 60)
    with pytest.raises(InputError, match="does not fit"):
        place(cut(300, 20), (10, 10, 20, 60), (100, 100), "a", keep_size=True)


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, 0, 101, 5), (5, 5, 5, 9), (9, 0, 2, 5)])
def test_boxes_outside_of_the_picture_are_refused(box):
    with pytest.raises(InputError, match="within the background"):
        box_within(Box(*map(float, box)), (100, 50), "a.png")


def test_a_mask_that_says_where_is_a_box_or_a_shape():
    mask = np.zeros((50, 60), bool)
    mask[10:30, 20:50] = True
    assert place_of_mask(mask) == (Box(20, 10, 50, 30), None)
    mask[10:20, 20:35] = False
    box, shape = place_of_mask(mask)
    assert box == Box(20, 10, 50, 30)
    assert shape is mask


@pytest.mark.parametrize("size", [(20, 15), (97, 61)])
def test_what_is_transparent_lends_no_colour(size):
    rgb, alpha = np.zeros((40, 50, 3), np.float32), np.zeros((40, 50), np.float32)
    rgb[...] = (1, 0, 1)
    rgb[10:30, 10:40] = (0.2, 0.5, 0.1)
    alpha[10:30, 10:40] = 1
    colours, soft = resized(rgb, alpha, size)
    assert abs(colours[soft > 0.1] - np.float32([0.2, 0.5, 0.1])).max() < 0.02


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_the_width_of_edges_is_measured(sigma):
    import cv2

    grey = np.zeros((100, 100), np.float32)
    grey[30:70, 30:70] = 0.8
    soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma))
    found = edge_width(soft, np.ones(soft.shape, bool))
    assert found is not None
    assert abs(found - sigma) < 0.35 * sigma
    assert edge_width(np.zeros((50, 50), np.float32), np.ones((50, 50), bool)) is None


def test_the_noise_that_is_missing_is_added():
    random = np.random.default_rng(1)
    flat = (0.5 + 0.02 * random.standard_normal((200, 200))).astype(np.float32)
    level = noise_level(flat, np.ones(flat.shape, bool))
    assert abs(level - 0.02) < 0.006
    assert noise_to_add(level, level) == 0
    assert noise_to_add(0, 0.01) == 0  # as objects of one photograph differ
    assert noise_to_add(0, 0.02) == pytest.approx(0.02)
    assert noise((300, 200), 0.01, random).std() == pytest.approx(0.01, rel=0.01)
    assert noise_level(flat, np.zeros(flat.shape, bool)) == 0


def test_texture_is_no_noise():
    random = np.random.default_rng(1)
    flat = (0.5 + 0.02 * random.standard_normal((200, 200))).astype(np.float32)
    assert sensor_noise(flat) == noise_level(flat, np.ones(flat.shape, bool))
    rough = flat.copy()
    rough[:, 40:] += (0.1 * random.standard_normal((200, 160))).astype(np.float32)
    assert sensor_noise(rough) == 0
    assert sensor_noise(np.zeros((20, 20), np.float32)) == 0


def test_blur_is_added_only_where_the_background_is_softer():
    assert blur_to_add(1.0, 0.8, 4000) == 0
    assert blur_to_add(1.0, None, 4000) == 0
    assert blur_to_add(1.0, 2.0, 4000) == pytest.approx(3**0.5)
    assert blur_to_add(1.0, 9.0, 1000) == pytest.approx(1.6)
    rgb = np.random.default_rng(0).random((30, 30, 3)).astype(np.float32)
    alpha = np.ones((30, 30), np.float32)
    softer, same = blurred(rgb, alpha, 1.5)
    assert softer.std() < 0.6 * rgb.std()
    assert abs(same - 1).max() < 1e-5
    assert sharpened(rgb, 0.5, 1.0) is rgb
    assert sharpened(softer, 2.0, 0.6).std() > softer.std()
