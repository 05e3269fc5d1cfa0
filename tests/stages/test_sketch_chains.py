"""Lines of drawn maps become chains that run along them, each pixel once."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.stages.sketch_chains import chains, ridges


def drawn(*lines: list[tuple[int, int]], size: tuple[int, int] = (60, 90)) -> np.ndarray:
    """A map HxW with soft polylines."""
    canvas = np.zeros(size, np.uint8)
    for line in lines:
        cv2.polylines(canvas, [np.array(line, np.int32)], False, 255, 3, cv2.LINE_AA)
    return cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), 1)


def away(chain: np.ndarray, a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    """Distances of points from the segment between two pixels' centres."""
    a, b = np.array(a) + 0.5, np.array(b) + 0.5
    t = np.clip(((chain - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
    return np.hypot(*(chain - a - t[:, None] * (b - a)).T)


@pytest.mark.parametrize("ends", [((10, 30), (75, 30)), ((20, 8), (20, 50)), ((12, 10), (70, 48))])
def test_a_line_is_one_chain_in_its_middle(ends):
    values = drawn(list(ends))
    found = chains(ridges(values), values)
    assert len(found) == 1
    assert away(found[0][3:-3], *ends).max() < 0.8
    assert away(found[0], *ends).max() < 3  # the round ends of what was drawn
    length = np.hypot(*np.subtract(*ends))
    assert np.hypot(*(found[0][-1] - found[0][0])) > 0.9 * length


def test_ridges_are_thin_and_nothing_is_found_on_flat_maps():
    found = ridges(drawn([(10, 30), (75, 30)]))
    assert found[:, 15:70].sum(0).max() <= 2
    assert not ridges(np.full((40, 50), 0.05, np.float32)).any()
    assert chains(np.zeros((40, 50), bool), np.zeros((40, 50), np.float32)) == []


@pytest.mark.parametrize("side", [1, -1])
def test_lines_go_straight_on_where_others_branch_off(side):
    line, branch = ((8, 30), (82, 30)), ((45, 30), (60, 30 + side * 24))
    values = drawn(list(line), list(branch))
    found = sorted(chains(ridges(values), values), key=len)
    assert len(found[-1]) > 65
    assert away(found[-1], *line).max() < 3
    assert any(away(chain, *branch).max() < 3 for chain in found if len(chain) > 15)


def test_no_pixel_is_walked_twice():
    values = drawn([(10, 10), (80, 50)], [(10, 50), (80, 10)], [(45, 5), (45, 55)])
    ridge = ridges(values)
    walked = sum(len(chain) for chain in chains(ridge, values, shortest=1))
    assert walked <= ridge.sum()


def test_a_ring_is_a_chain_almost_around():
    canvas = np.zeros((80, 80), np.uint8)
    cv2.circle(canvas, (40, 40), 25, 255, 3, cv2.LINE_AA)
    values = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), 1)
    longest = max(chains(ridges(values), values), key=len)
    radii = np.hypot(*(longest - 40.5).T)
    assert abs(radii - 25).max() < 1
    angles = np.unwrap(np.arctan2(*(longest - 40.5).T))
    assert abs(angles[-1] - angles[0]) > 1.6 * np.pi
