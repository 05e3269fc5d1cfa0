"""Targets on their canvas: proportions, alpha, the white square, and points that go with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from compose.core.errors import ImageError, InputError, UsageError
from compose.stages.sketch_target import MIN_SIDE, place, prepare_target


@pytest.fixture
def save(tmp_path):
    def make(pixels, name="photo.png", **options):
        Image.fromarray(np.asarray(pixels, np.uint8)).save(tmp_path / name, **options)
        return tmp_path / name

    return make


def ramp(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 / (width - 1), y * 255 / (height - 1), np.full(x.shape, 90)], -1)


def test_proportions_are_kept(save):
    target = prepare_target(save(ramp(1200, 800)))
    assert target.size == (224, 149)
    assert target.rgb.shape == (149, 224, 3)
    assert target.alpha is None
    assert (target.header.width, target.header.height) == (1200, 800)


@pytest.mark.parametrize(("width", "height"), [(300, 200), (90, 130), (2000, 700)])
def test_what_is_where_stays_there(save, width, height):
    rgb = prepare_target(save(ramp(width, height)), canvas=100).rgb
    y, x = np.mgrid[0 : rgb.shape[0], 0 : rgb.shape[1]] + 0.5
    assert np.abs(rgb[..., 0] - 255 * x / rgb.shape[1]).max() < 4
    assert np.abs(rgb[..., 1] - 255 * y / rgb.shape[0]).max() < 4


def test_fine_patterns_are_averaged(save):
    board = np.indices((600, 900)).sum(0) % 2 * 255
    rgb = prepare_target(save(np.repeat(board[..., None], 3, -1))).rgb
    assert np.abs(rgb.astype(int) - 127).max() < 6


def test_transparent_is_white_whatever_colour_hides_there(save):
    pixels = np.zeros((60, 90, 4))
    pixels[..., 0] = 255
    pixels[20:40, 30:60] = (0, 80, 0, 255)
    target = prepare_target(save(pixels), canvas=90)
    assert (target.rgb[:15] == 255).all()
    assert np.abs(target.rgb[25:35, 35:55].astype(int) - (0, 80, 0)).max() <= 1
    assert target.alpha.shape == (60, 90)
    assert target.alpha[30, 45] == 1
    assert target.alpha[5, 5] == 0


def test_fix_scale_centres_on_a_white_square(save):
    target = prepare_target(save(np.zeros((100, 180, 3))), canvas=200, fix_scale=True)
    assert target.size == (200, 200)
    rows, columns = np.nonzero(target.rgb.max(-1) < 128)
    assert (columns.min(), columns.max() + 1) == (10, 190)
    assert (rows.min(), rows.max() + 1) == (50, 150)
    outside = np.ones((200, 200), bool)
    outside[50:150, 10:190] = False
    assert (target.rgb[outside] == 255).all()


def test_alpha_is_zero_beside_a_centred_picture(save):
    pixels = np.full((100, 180, 4), 255)
    pixels[0, 0, 3] = 0
    target = prepare_target(save(pixels), canvas=200, fix_scale=True)
    assert target.alpha[60, 20] == 1
    assert target.alpha[20, 20] == 0


def test_upright(save):
    pixels = ramp(80, 40)
    exif = Image.Exif()
    exif[0x0112] = 6
    target = prepare_target(save(pixels, "turned.jpg", exif=exif, quality=100), canvas=80)
    assert target.size == (40, 80)
    assert target.placement.original == (40, 80)


@pytest.mark.parametrize("fix_scale", [False, True])
def test_points_move_with_the_picture(save, fix_scale):
    pixels = np.full((400, 700, 3), 255)
    pixels[100:120, 600:640] = 0
    target = prepare_target(save(pixels), fix_scale=fix_scale)
    rows, columns = np.nonzero(target.rgb.min(-1) < 128)
    found = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    assert np.abs(target.placement.points(np.array([620.0, 110.0])) - found).max() < 0.6


def test_too_narrow_is_refused_by_name(save):
    path = save(np.zeros((20, 1000, 3)), "strip.png")
    with pytest.raises(InputError, match=r"strip\.png is only 224x4 .* crop it"):
        prepare_target(path)
    assert prepare_target(path, canvas=800).size == (800, 16)


def test_hairline_pictures_do_not_vanish(save):
    with pytest.raises(InputError, match="224x1 "):
        prepare_target(save(np.zeros((1, 5000, 3))))


def test_canvas_has_a_least_size(save):
    with pytest.raises(UsageError, match="canvas of 15 "):
        prepare_target(save(ramp(50, 40)), canvas=MIN_SIDE - 1)


def test_limits_and_formats_are_those_of_all_pictures(save, tmp_path):
    with pytest.raises(ImageError):
        prepare_target(save(ramp(50, 40)), max_pixels=1999)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ImageError):
        prepare_target(tmp_path / "text.png")


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(16, 600), st.booleans())
def test_the_picture_lies_on_the_canvas(width, height, canvas, fix_scale):
    found = place(width, height, canvas, fix_scale=fix_scale)
    assert max(found.canvas) == canvas
    assert found.x >= 0
    assert found.y >= 0
    assert found.x + found.width <= found.canvas[0]
    assert found.y + found.height <= found.canvas[1]
    scale = canvas / (max(width, height) + (20 if fix_scale else 0))
    assert abs(found.width - max(width * scale, 1)) <= 0.5
    assert abs(found.height - max(height * scale, 1)) <= 0.5
