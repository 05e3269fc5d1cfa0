"""Frames are taken off, skies are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.stages.cad_frame import without_frame

from .cad_scenes import landscape


def framed(width: int, colour: tuple[int, int, int]) -> np.ndarray:
    picture = np.full((100 + 2 * width, 160 + 2 * width, 3), colour, np.uint8)
    picture[width : width + 100, width : width + 160] = landscape()
    return picture


@pytest.mark.parametrize("width", [1, 3, 6])
@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_a_frame_goes_and_hardly_more(width: int, colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = without_frame(framed(width, colour))
    for edge, exact in ((x1, width), (y1, width), (160 + 2 * width - x2, width)):
        assert exact <= edge <= exact + 3
    assert 0 <= 100 + 2 * width - y2 - width <= 3


def test_a_frame_within_a_frame_goes_too() -> None:
    inner = framed(3, (255, 255, 255))
    outer = np.zeros((inner.shape[0] + 8, inner.shape[1] + 8, 3), np.uint8)
    outer[4:-4, 4:-4] = inner
    x1, y1, x2, _ = without_frame(outer)
    assert 7 <= x1 <= 11
    assert 7 <= y1 <= 11
    assert 7 <= outer.shape[1] - x2 <= 11


def test_what_has_no_frame_stays_whole() -> None:
    picture = landscape()
    assert without_frame(picture) == (0, 0, 160, 100)
    picture[:30] = 200  # an even sky is no frame
    assert without_frame(picture) == (0, 0, 160, 100)
    assert without_frame(np.full((80, 90, 3), 17, np.uint8)) == (0, 0, 90, 80)


@pytest.mark.parametrize("colour", [255, 0])
@pytest.mark.parametrize("width", [2, 5])
def test_a_frame_thinner_than_a_pixel_goes(width: int, colour: int) -> None:
    large = cv2.resize(landscape(), (960, 600), interpolation=cv2.INTER_LINEAR)
    large = cv2.copyMakeBorder(large, *(width,) * 4, cv2.BORDER_CONSTANT, value=(colour,) * 3)
    picture = cv2.resize(large, (160, 100), interpolation=cv2.INTER_AREA)
    x1, y1, x2, y2 = without_frame(np.asarray(picture, np.uint8))
    for edge in (x1, y1, 160 - x2, 100 - y2):
        assert 1 <= edge <= 4


def test_a_horizon_near_one_side_is_no_rim() -> None:
    picture = landscape()
    picture[-2:] = (250, 250, 250)  # snow in front
    picture[:, :2] //= 2
    assert without_frame(picture) == (0, 0, 160, 100)
