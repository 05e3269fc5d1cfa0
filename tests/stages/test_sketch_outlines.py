"""A subject's outline is found whole where a contour bears it out, and lies on the contour."""

from __future__ import annotations

import cv2
import numpy as np

from compose.stages.sketch_outlines import borders, laid_on, outlines

SIZE, CENTRE, RADIUS = (160, 224), (100, 80), 50


def disc(radius: int, *, thickness: int = -1, blur: float = 1.5) -> np.ndarray:
    canvas = np.zeros(SIZE, np.float32)
    cv2.circle(canvas, CENTRE, radius, 1, thickness, cv2.LINE_AA)
    return cv2.GaussianBlur(canvas, (0, 0), blur)


def away(points: np.ndarray) -> np.ndarray:
    """Of each point, its distance from the centre of the disc's pixels."""
    return np.hypot(*(points - np.array(CENTRE) - 0.5).T)


def test_it_lies_on_the_contour_and_not_on_the_saliency():
    contours = disc(RADIUS, thickness=2)
    (found,) = outlines(disc(RADIUS + 3), contours / contours.max())
    assert np.abs(away(found) - RADIUS).max() < 1.5
    assert len(found) > 0.95 * 2 * np.pi * RADIUS


def test_it_goes_on_where_lines_cross_and_over_small_gaps():
    contours = disc(RADIUS, thickness=2)
    contours /= contours.max()
    contours[:, 98:102] = 0
    cv2.line(contours, (0, 100), (223, 100), 1, 2)
    (found,) = outlines(disc(RADIUS), contours)
    assert np.abs(away(found) - RADIUS).max() < 3


def test_it_is_left_out_where_no_contour_is():
    contours = disc(RADIUS, thickness=2)
    contours /= contours.max()
    contours[:80] = 0
    found = outlines(disc(RADIUS), contours)
    assert found
    assert min(part[:, 1].min() for part in found) > 70
    assert outlines(disc(RADIUS), np.zeros(SIZE, np.float32)) == []


def test_a_whole_one_stays_where_it_was_without_contours():
    contours = disc(RADIUS, thickness=2)
    contours /= contours.max()
    contours[:80] = 0
    (found,) = outlines(disc(RADIUS - 3), contours, whole=True)
    assert len(found) > 0.95 * 2 * np.pi * RADIUS
    upper = found[:, 1] < 70
    assert np.abs(away(found[upper]) - (RADIUS - 3)).max() < 1.5
    assert np.abs(away(found[found[:, 1] > 90]) - RADIUS).max() < 1.5


def test_a_vague_border_is_none():
    contours = disc(RADIUS, thickness=2)
    assert outlines(disc(RADIUS, blur=25), contours / contours.max()) == []


def test_the_pictures_own_edge_is_none():
    saliency, contours = np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32)
    saliency[60:, :90] = 1
    for part in outlines(saliency, contours):
        assert part.min() > 0.5
        assert part[:, 1].max() < SIZE[0] - 0.5


def test_borders_are_one_on_steps_and_nothing_on_slopes():
    step = np.zeros(SIZE, np.float32)
    step[:, 112:] = 1
    assert borders(step).max() > 0.9
    assert borders(step)[:, :100].max() < 0.01
    slope = np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    assert borders(slope).max() < 0.05


def test_weights_are_raised_along_a_line_and_never_lowered():
    weights = np.zeros(SIZE, np.float32)
    weights[50, 200] = 0.9
    line = np.stack([np.full(200, 200.5), np.linspace(-3, 120, 200)], -1)
    laid_on(weights, line, 0.25)
    assert weights[50, 200] == np.float32(0.9)
    assert weights[100, 200] == 0.25
    assert (weights > 0).sum() == 121
    assert not np.delete(weights, 200, 1).any()
