"""The guided filter against its definition, written out window by window."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.models.guided_filter import guided_filter


def noise(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    rgb = draw.integers(0, 256, (height, width, 3), np.uint8)
    return rgb, draw.random((height, width), np.float32)


def by_definition(rgb: np.ndarray, p: np.ndarray, reach: int, smoothness: float) -> np.ndarray:
    """He et al., equations 12 to 16, with borders reflected."""
    height, width = p.shape
    guide = np.pad(rgb / 255, ((reach, reach), (reach, reach), (0, 0)), "symmetric")
    values = np.pad(p, reach, "symmetric")
    slopes, offsets = np.zeros((height, width, 3)), np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            window = (slice(y, y + 2 * reach + 1), slice(x, x + 2 * reach + 1))
            colours, inside = guide[window].reshape(-1, 3), values[window].ravel()
            spread = np.cov(colours.T, bias=True) + smoothness * np.eye(3)
            joint = (colours * inside[:, None]).mean(0) - colours.mean(0) * inside.mean()
            slopes[y, x] = np.linalg.solve(spread, joint)
            offsets[y, x] = inside.mean() - slopes[y, x] @ colours.mean(0)
    a = np.pad(slopes, ((reach, reach), (reach, reach), (0, 0)), "symmetric")
    b = np.pad(offsets, reach, "symmetric")
    result = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            window = (slice(y, y + 2 * reach + 1), slice(x, x + 2 * reach + 1))
            result[y, x] = a[window].mean((0, 1)) @ (rgb[y, x] / 255) + b[window].mean()
    return result


def test_it_equals_its_definition() -> None:
    rgb, p = noise(18, 26)
    found = guided_filter(rgb, p, radius=2 / 26, smoothness=1e-2)
    np.testing.assert_allclose(found, by_definition(rgb, p, 2, 1e-2), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (300, 2), (640, 400)])
def test_a_constant_stays_whatever_the_picture(shape: tuple[int, int]) -> None:
    rgb, _ = noise(*shape)
    found = guided_filter(rgb, np.full((12, 12), 0.7, np.float32))
    assert found.shape == shape
    np.testing.assert_allclose(found, 0.7, atol=1e-4)


def test_a_coarse_edge_moves_onto_the_picture_s() -> None:
    rgb = np.full((200, 330, 3), (30, 60, 40), np.uint8)
    truth = np.zeros((200, 330), bool)
    truth[37:163, 71:222] = True
    rgb[truth] = (200, 180, 90)
    coarse = cv2.resize(truth.astype(np.float32), (24, 24), interpolation=cv2.INTER_AREA)
    found = guided_filter(rgb, coarse)
    plain = cv2.resize(coarse, (330, 200), interpolation=cv2.INTER_LINEAR)
    wrong = (found > 0.5) != truth
    assert wrong.mean() < ((plain > 0.5) != truth).mean() / 4
    assert wrong.mean() < 0.005
