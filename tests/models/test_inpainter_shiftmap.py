"""Pieced holes: nothing barred is copied, lines go on, equal seeds give equal bytes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from compose.core.seeds import generator
from compose.models.grid_labelling import LabelGrid, labelled
from compose.models.inpainter import for_plates
from compose.models.inpainter_opencv import OpenCvInpainter
from compose.models.inpainter_shiftmap import ShiftMapInpainter
from compose.models.inpainters import open_inpainter
from compose.models.seam_tones import evened
from compose.models.shift_pieces import joined, pieces
from compose.models.shift_seams import recut
from compose.models.shift_sources import ShiftSources
from compose.models.shift_statistics import patch_statistics


def beach(height: int = 150, width: int = 210) -> NDArray[np.uint8]:
    """Grain on a sky, a sea and a sand, whose borders run across."""
    rgb = np.zeros((height, width, 3))
    rgb[:], rgb[height // 3 :], rgb[height // 2 :] = (150, 180, 230), (40, 80, 120), (200, 170, 110)
    grain = np.random.default_rng(0).normal(0, 8, (height, width, 1))
    return np.clip(rgb + grain, 0, 255).astype(np.uint8)


def engine() -> ShiftMapInpainter:
    return ShiftMapInpainter()


def test_lines_go_on_and_what_was_in_the_hole_never_shows() -> None:
    rgb = beach()
    hole = np.zeros(rgb.shape[:2], bool)
    hole[20:130, 70:120] = True
    shown = rgb.copy()
    shown[hole] = (255, 0, 0)
    filled = engine().fill(shown, hole, 3)
    np.testing.assert_array_equal(filled[~hole], shown[~hole])
    np.testing.assert_array_equal(engine().fill(shown, hole, 3), filled)
    assert np.abs(filled[hole].astype(int) - rgb[hole]).mean() < 14  # of the grain alone: 9
    plain = np.stack([rgb[y, ~hole[y]].mean(0) for y in range(len(rgb))])
    rows = np.r_[25:47, 53:72, 78:125]  # off the borders
    means = filled[rows, 70:120].mean(1)
    assert np.abs(means - plain[rows]).max() < 25


def test_pieces_are_pixels_of_the_picture_and_none_of_what_is_barred() -> None:
    """Every pixel says where it stands, so that a copy can be told."""
    y, x = np.mgrid[:60, :80]
    rgb = np.stack([x * 3, y * 4, (x + y) % 7], -1).astype(np.uint8)
    hole = (np.hypot(y - 30, x - 40) < 14) | (x > 75)
    shifts = patch_statistics(rgb, hole, 20, generator(0, "t")).shifts
    assert len(shifts)
    sources = ShiftSources.of(rgb, hole)
    random = np.random.default_rng(0)
    layout = np.where(hole, random.integers(0, len(shifts), hole.shape), -1)
    filled, wrong = evened(sources, hole, shifts, recut(sources, hole, shifts, layout, 3), 1e-3)
    assert 0 < wrong.sum() < hole.sum()  # a random layout copies from beyond the edges
    copied = np.rint(filled * 255).astype(int)[hole & ~wrong]
    from_x, from_y = copied[:, 0] // 3, copied[:, 1] // 4
    np.testing.assert_array_equal(rgb[from_y, from_x], copied)
    assert not hole[from_y, from_x].any()


def test_shifts_are_those_by_which_the_picture_repeats_itself() -> None:
    tile = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    rgb = np.tile(tile, (4, 4, 1))
    hole = np.zeros(rgb.shape[:2], bool)
    hole[40:60, 50:80] = True
    rgb[5:15, 5:15] = 255
    statistics = patch_statistics(rgb, hole, 6, generator(0, "t"))
    found, rarity = statistics.shifts, statistics.rarity
    assert rarity[5:15, 5:15].mean() > 10 * rarity[60:, 90:].mean()
    straight = found[found[:, 0] == 0]
    assert len(straight) >= 4
    assert (straight[:, 1] % 24 == 0).all()
    assert (straight[:, 2] % 32 == 0).all()


def test_pieces_move_to_where_lines_meet() -> None:
    rgb = np.zeros((60, 90, 3), np.uint8)
    rgb[30:] = 200
    hole = np.zeros((60, 90), bool)
    hole[:, 40:50] = True
    layout = np.where(hole, 0, -1)
    layout, own = pieces(layout, np.array([[0, 3, 25]]))
    sources = ShiftSources.of(rgb, hole)
    np.testing.assert_array_equal(joined(sources, layout, own, 4)[0], [0, 0, 25])


def test_steps_of_light_are_evened_out_and_edges_are_not() -> None:
    rgb = np.full((40, 60, 3), 100, np.uint8)
    rgb[:, 30:] = 112
    hole = np.zeros((40, 60), bool)
    hole[10:30, 10:20] = True
    sources = ShiftSources.of(rgb, hole)
    layout, shifts = np.where(hole, 0, -1), np.array([[0, 0, 30]])
    filled, _ = evened(sources, hole, shifts, layout, 1000)
    assert np.abs(filled[hole] * 255 - 100).max() < 2
    rgb[:, 30:] = 255
    filled, _ = evened(ShiftSources.of(rgb, hole), hole, shifts, layout, 1000)
    assert filled[hole].min() * 255 > 200


def test_labels_of_a_chain_and_of_a_grid() -> None:
    """Against all labellings of small grids."""
    random = np.random.default_rng(0)
    for shape in ((1, 6), (6, 1), (2, 3), (3, 3)):
        high, wide = shape
        grid = LabelGrid(
            random.random((high, wide, 2), np.float32),
            random.random((high, max(wide - 1, 0), 2, 2), np.float32),
            random.random((max(high - 1, 0), wide, 2, 2), np.float32),
        )
        every = np.indices((2,) * (high * wide)).reshape(high * wide, -1).T
        least = min(grid.cost(one.reshape(shape)) for one in every)
        assert grid.cost(labelled(grid, 12)) == pytest.approx(least, abs=1e-5)


def test_a_hole_that_leaves_nothing_to_copy_is_filled_by_another_engine() -> None:
    rgb = beach(40, 60)
    hole = np.ones((40, 60), bool)
    hole[0, 0] = False
    smooth = OpenCvInpainter("ns")
    np.testing.assert_array_equal(engine().fill(rgb, hole, 0), smooth.fill(rgb, hole, 0))


def test_small_holes_and_the_search_are_another_engine_s() -> None:
    rgb, small, large = beach(50, 40), np.zeros((50, 40), bool), np.zeros((50, 40), bool)
    small[20:30, 10:20], large[10:40, 5:25] = True, True
    smooth = OpenCvInpainter("telea")
    both = ShiftMapInpainter(smooth)
    plate = for_plates(both)
    assert for_plates(plate) is plate
    assert for_plates(engine()).name == plate.name
    assert open_inpainter("shiftmap").limit == open_inpainter("patchmatch").limit
    assert (both.limit, plate.limit) == (smooth.limit, engine().limit)
    for form, hole in ((both, small), (both, large), (plate, small)):
        np.testing.assert_array_equal(form.fill(rgb, hole, 0), smooth.fill(rgb, hole, 0))
    np.testing.assert_array_equal(plate.fill(rgb, large, 0), engine().fill(rgb, large, 0))
