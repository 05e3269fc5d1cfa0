"""The rules of layout classes on drawn pictures, wide, high and square."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.boxes import Box
from compose.core.errors import UsageError
from compose.stages.layout import (
    CAD_NAMES,
    CLASSES,
    class_index,
    layouts,
    measure,
    read_layout,
)
from compose.stages.layout_draw import draw_layout
from compose.stages.layout_geometry import COLUMNS, Geometry, box_sums
from compose.stages.layout_lines import Segments, find_segments
from compose.stages.layout_slants import clipped

from .layout_scenes import disc, draw, ground

SIZES = [(480, 320), (300, 420), (360, 360)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_told_on_its_picture(name, size):
    assert read_layout(*draw(name, *size)).names() == [name]


def test_nothing_is_told_of_an_empty_picture():
    found = read_layout(ground(400, 300))
    assert found.names() == [None]
    assert found.scores.max() == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_geometry_is_where_it_was_drawn(size):
    width, height = size
    subject = read_layout(*disc(width, height, 0.7, 0.3)).geometry
    np.testing.assert_allclose(subject.subject[0], (0.7, 0.3), atol=0.02)
    horizon = read_layout(*draw("horizontal", width, height)).geometry
    assert abs(horizon.horizon[0] - 0.62) < 0.02
    assert horizon.horizon_strength[0] == 1
    apex = read_layout(*draw("triangle", width, height)).geometry
    np.testing.assert_allclose(apex.apex[0], (0.45, 0.1), atol=0.03)
    slanted = read_layout(*draw("diagonal", width, height)).geometry
    assert slanted.rising[0] > 10 * slanted.falling[0]


def test_a_mirrored_picture_has_the_mirrored_layout():
    rgb, _ = draw("diagonal", 480, 320)
    there, back = read_layout(rgb).geometry, read_layout(rgb[:, ::-1].copy()).geometry
    np.testing.assert_allclose(there.rising, back.falling, rtol=0.15)


def test_a_part_is_laid_out_like_the_picture_cut_out():
    """The quick way, from one measurement, against measuring the part's own pixels."""
    rgb, mask = disc(480, 320, 0.5, 0.5)
    rgb[220:] = (60, 110, 50)
    part = np.array([[0.1, 0.2, 0.8, 0.9]])
    quick = layouts(measure(rgb, mask), part).geometry
    x1, y1, x2, y2 = 48, 64, 384, 288
    slow = read_layout(rgb[y1:y2, x1:x2].copy(), mask[y1:y2, x1:x2]).geometry
    np.testing.assert_allclose(quick.subject, slow.subject, atol=0.02)
    np.testing.assert_allclose(quick.spread, slow.spread, atol=0.03)
    np.testing.assert_allclose(quick.horizon, slow.horizon, atol=0.03)
    np.testing.assert_allclose(quick.level, slow.level, atol=0.25)
    assert quick.contained[0] == pytest.approx(1)


def test_a_box_and_a_soft_map_stand_for_a_mask():
    rgb, _ = disc(300, 200, 0.25, 0.5)
    mask = np.zeros((200, 300), bool)
    mask[80:120, 60:90] = True
    by_mask = read_layout(rgb, mask).geometry
    by_box = read_layout(rgb, Box(60, 80, 90, 120)).geometry
    small = read_layout(rgb, np.kron(mask[10::20, 10::20], np.ones((2, 2))).astype(np.float32))
    np.testing.assert_allclose(by_mask.subject, by_box.subject, atol=0.01)
    np.testing.assert_allclose(by_mask.subject, small.geometry.subject, atol=0.05)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_sums_over_boxes_are_those_of_the_cells(edges):
    values = np.random.default_rng(1).random((64, 64))
    table = np.zeros((1, 65, 65))
    table[0, 1:, 1:] = values.cumsum(0).cumsum(1)
    x1, x2 = sorted(edges[:2])
    y1, y2 = sorted(edges[2:])
    line = np.arange(64)
    across = np.clip(np.minimum(line + 1, x2 * 64) - np.maximum(line, x1 * 64), 0, None)
    down = np.clip(np.minimum(line + 1, y2 * 64) - np.maximum(line, y1 * 64), 0, None)
    found = box_sums(table, np.array([[x1, y1, x2, y2]]))
    np.testing.assert_allclose(found[0, 0], down @ values @ across, atol=1e-6)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_segments_are_clipped_as_points_along_them_lie(ends):
    box = np.array([[0.2, 0.3, 0.7, 0.9]])
    first, last = clipped(Segments(np.array([ends]), np.zeros(1), 1.5), box)
    t = np.linspace(0, 1, 2001)
    points = np.array(ends[:2]) + t[:, None] * (np.array(ends[2:]) - ends[:2])
    inside = ((points >= box[0, :2]) & (points <= box[0, 2:])).all(1)
    length = max(float(last[0, 0] - first[0, 0]), 0)
    moved = np.abs(np.array(ends[2:]) - ends[:2]).max() > 1e-6
    if moved:
        assert length == pytest.approx(inside.mean(), abs=2e-3)


def test_broken_lines_are_joined_and_curves_are_not():
    rgb = ground(400, 300, 220)
    for x in range(20, 380, 60):
        rgb[150:158, x : x + 52] = (20, 20, 20)
    lines = find_segments(rgb)
    longest = np.abs(lines.ends[:, 2] - lines.ends[:, 0]).max()
    assert longest > 0.8
    assert not lines.bend.any()
    assert find_segments(draw("curved", 400, 300)[0]).bend.max() > 0.5


def test_tiny_and_narrow_pictures_are_measured():
    for shape in ((1, 1), (1, 500), (400, 2), (9, 9)):
        rgb = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
        found = read_layout(rgb, np.ones(shape, bool))
        assert np.isfinite(found.scores).all()
        assert np.isfinite(found.geometry.row(0)).all()


def test_rows_of_geometry_come_back():
    found = layouts(measure(*draw("thirds", 300, 200)), np.array([[0, 0, 1, 1], [0, 0, 0.5, 1]]))
    rows = np.stack([found.geometry.row(0), found.geometry.row(1)])
    assert rows.shape == (2, len(COLUMNS))
    back = Geometry.from_rows(rows)
    np.testing.assert_array_equal(back.subject, found.geometry.subject)
    np.testing.assert_array_equal(back.rhythm, found.geometry.rhythm)
    assert found.record(1)["geometry"]["subject"] == np.round(back.subject[1], 3).tolist()


def test_classes_by_name():
    assert [class_index(name) for name in CAD_NAMES] == list(range(9))
    assert class_index(" Center ") == CLASSES.index("centre")
    with pytest.raises(UsageError, match="'golden' is no layout; use thirds, "):
        class_index("golden")


def test_the_layout_is_drawn_within_its_part():
    rgb, mask = draw("thirds", 300, 200)
    scene = measure(rgb, mask)
    canvas = np.zeros((400, 600, 3), np.uint8)
    draw_layout(canvas, scene, layouts(scene), (120, 80, 480, 360))
    drawn = canvas.any(2)
    assert drawn.any()
    assert not drawn[:70].any()
    assert not drawn[:, :110].any()
