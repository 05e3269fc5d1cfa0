"""Edges on drawn pictures, where it is known what they are."""

from __future__ import annotations

import numpy as np
import pytest

from compose.stages.sketch_edges import edge_map, ink_pixels, scene_edges, xdog_edges


@pytest.fixture
def square():
    rgb = np.full((90, 140, 3), 255, np.uint8)
    rgb[30:60, 40:100] = 0
    return rgb


def outline(shape, top, bottom, left, right, reach):
    """True within `reach` pixels of a rectangle's outline."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    outside = np.maximum.reduce([left - x, x - right, top - y, y - bottom])
    return np.abs(outside) <= reach


def test_edges_lie_on_the_outline_and_nowhere_else(square):
    edges = edge_map(square)
    assert edges.dtype == bool
    assert edges.shape == (90, 140)
    assert not edges[~outline(edges.shape, 30, 60, 40, 100, 2)].any()
    assert abs(np.count_nonzero(edges) - 2 * (30 + 60)) < 12  # one pixel wide


def test_contrast_below_the_threshold_is_no_edge(square):
    faint = np.where(square == 0, 235, 255).astype(np.uint8)
    assert not edge_map(faint).any()
    assert edge_map(faint, high=50).any()


def test_ignored_pixels_have_no_edges(square):
    ignore = np.zeros(square.shape[:2], bool)
    ignore[:, :70] = True
    edges = edge_map(square, ignore=ignore)
    assert not edges[:, :70].any()
    assert (edges[:, 70:] == edge_map(square)[:, 70:]).all()


def test_soft_scenes_get_a_lower_threshold(square):
    faint = np.where(square == 0, 235, 255).astype(np.uint8)
    assert np.count_nonzero(scene_edges(faint)) > 150


def test_scenes_with_many_edges_keep_the_threshold():
    stripes = np.zeros((64, 96, 3), np.uint8)
    stripes[:, ::16] = stripes[:, 1::16] = stripes[:, 2::16] = 255
    stripes[40:, 50:60] = 30  # faint beside the stripes, an edge at lower thresholds only
    assert (scene_edges(stripes) == edge_map(stripes)).all()


def test_blank_scenes_have_no_edges():
    blank = np.full((40, 60, 3), 200, np.uint8)
    assert not scene_edges(blank).any()
    assert not xdog_edges(blank).any()


def test_xdog_inks_the_dark_side_of_edges(square):
    ink = xdog_edges(square)
    assert ink.dtype == np.float32
    assert ink.min() >= 0
    assert ink.max() <= 1
    assert ink[31, 70] > 0.9
    assert ink[28, 70] < 0.05  # the light side
    assert ink[45, 70] < 0.05  # flat, though black
    assert not ink[~outline(ink.shape, 30, 60, 40, 100, 13)].any()


def test_xdog_has_weight(square):
    faint = np.where(square == 0, 200, 255).astype(np.uint8)
    assert 0.1 < xdog_edges(faint)[31, 70] < xdog_edges(square)[31, 70]


def test_ink_pixels_are_what_is_dark(square):
    square[0, :10] = 210
    assert ink_pixels(square) == 30 * 60
    mask = np.zeros(square.shape[:2], bool)
    mask[:40] = True
    assert ink_pixels(square, mask) == 10 * 60
