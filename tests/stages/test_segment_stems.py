"""The stem of a flower whose mask ends half way down, and what is no stem."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.models.mask_parts import connected_parts
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_plate import plate_hole
from compose.stages.segment_stems import stems

SHAPE = (240, 320)
GRASS, STEM, PETALS, POST = (60, 110, 45), (150, 140, 40), (225, 215, 190), (90, 90, 200)


def flower(
    *, width: int = 8, bottom: int = 240, lower: tuple[int, int, int] = STEM
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flower on grass, masked down to row 150: the picture, the mask, the rest of the stem."""
    noise = np.random.default_rng(0).normal(0, 3, (*SHAPE, 3))
    rgb = np.full((*SHAPE, 3), GRASS, np.float64)
    left = 160 - width // 2
    rgb[100:150, left : left + width] = STEM
    rgb[150:bottom, left : left + width] = lower
    head = cv2.circle(np.zeros(SHAPE, np.uint8), (160, 75), 40, 1, -1) > 0
    rgb[head] = PETALS
    mask, rest = head.copy(), np.zeros(SHAPE, bool)
    mask[100:150, left : left + width] = True
    rest[150:bottom, left : left + width] = True
    return np.clip(rgb + noise, 0, 255).astype(np.uint8), mask, rest


def test_a_stem_that_goes_on_out_of_the_picture_is_found() -> None:
    rgb, mask, rest = flower()
    found = stems(rgb, mask, mask)
    assert (found & rest).sum() > 0.95 * rest.sum()
    assert (found & ~rest).sum() < 0.6 * rest.sum()  # some pixels to either side of it
    assert not (found & mask).any()
    assert len(connected_parts(found)) == 1


def test_the_plate_has_a_hole_for_it() -> None:
    rgb, mask, rest = flower()
    hole = plate_hole(rgb, mask, np.zeros(SHAPE, bool), SegmentConfig())
    assert hole[rest].all()
    assert not hole[:, :80].any()


@pytest.mark.parametrize(
    "other",
    [
        {"bottom": 200},  # ends on the ground: remnants', where it is near enough
        {"lower": POST},  # something else that stands below
        {"lower": GRASS},
        {"width": 40},  # no stem any more
    ],
)
def test_what_is_no_stem_stays(other: dict) -> None:
    rgb, mask, _ = flower(**other)
    assert not stems(rgb, mask, mask).any()


def test_a_mask_that_reaches_the_border_has_none() -> None:
    rgb, mask, rest = flower()
    assert not stems(rgb, mask | rest, mask | rest).any()


def test_what_is_known_to_be_something_else_stays() -> None:
    rgb, mask, rest = flower()
    hole = plate_hole(rgb, mask, rest, SegmentConfig())
    assert not (hole & rest)[170:].any()  # above that the mask itself is widened


def test_a_large_picture_is_looked_at_alike() -> None:
    rgb, mask, rest = (np.repeat(np.repeat(array, 5, 0), 5, 1) for array in flower())
    found = stems(rgb, mask, mask)
    assert (found & rest).sum() > 0.9 * rest.sum()


@pytest.mark.parametrize("where", [(0, 0), (238, 318), (120, 0)])
def test_the_border_is_no_obstacle(where: tuple[int, int]) -> None:
    rgb, _, _ = flower()
    mask = np.zeros(SHAPE, bool)
    mask[where[0] : where[0] + 2, where[1] : where[1] + 2] = True
    assert stems(rgb, mask, mask).shape == SHAPE
