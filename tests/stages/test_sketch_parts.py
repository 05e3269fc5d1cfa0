"""Outlines of small parts lie where the parts end, and are drawn before long lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.models.segment_parts import Part
from compose.stages.sketch_lines import Lines
from compose.stages.sketch_parts import part_outlines
from compose.stages.sketch_trace import Tracer


def disc(x, y, radius, size=(480, 320)):
    mask = np.zeros(size[::-1], np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return Part(mask > 0, 1.0)


def test_an_outline_is_closed_and_runs_along_the_rim():
    (line,) = part_outlines([disc(300, 120, 16)], (80, 120))  # a quarter as large
    assert np.array_equal(line[0], line[-1])
    away = np.hypot(line[:, 0] - 300.5 / 4, line[:, 1] - 120.5 / 4)
    assert away == pytest.approx(np.full(len(line), 16.5 / 4), abs=0.6)
    steps = np.hypot(*np.diff(line, axis=0).T)
    assert 0.5 < steps.mean() < 1.5


def test_the_most_striking_ones_are_drawn_and_not_all():
    parts = [disc(20 + 30 * k, 100, 10) for k in range(15)]
    lines = part_outlines(parts, (80, 120))
    assert len(lines) == 6
    assert lines[0].mean(0) == pytest.approx((20.5 / 4, 100.5 / 4), abs=0.5)


def test_what_is_smaller_than_can_be_seen_has_no_outline():
    mask = np.zeros((3200, 4800), bool)
    mask[7, 9] = True
    assert part_outlines([Part(mask, 1.0)], (80, 120)) == []


def test_an_eye_is_drawn_before_a_line_that_is_longer():
    edges = np.zeros((80, 120), bool)
    edges[20, 10:50] = True
    strength = cv2.GaussianBlur(edges.astype(np.float32), (0, 0), 1.0) * 2
    weights = np.where(edges, 0.8, 0).astype(np.float32)
    (eye,) = part_outlines([disc(300, 200, 16)], (80, 120))
    weights[eye[:, 1].astype(int), eye[:, 0].astype(int)] = 1
    lines = Lines(edges, strength, weights, (), (eye,))
    none = np.empty((0, 4, 2))
    (first,) = Tracer(lines)(None, 1, np.random.default_rng(0), none)
    assert np.abs(first.mean(0) - (75, 50)).max() < 6
    without = Lines(edges, strength, weights)
    (other,) = Tracer(without)(None, 1, np.random.default_rng(0), none)
    assert np.abs(other[:, 1] - 20).max() < 2
