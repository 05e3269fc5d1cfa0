"""Holes of plates: slits between their parts are closed."""

from __future__ import annotations

import numpy as np

from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_hole import hole_radius
from compose.stages.segment_plate import plate_hole

SIZE = (120, 200)


def photo(mask: np.ndarray) -> np.ndarray:
    """What is masked is red, before grey."""
    return np.where(mask[..., None], (220, 20, 20), (150, 150, 150)).astype(np.uint8)


def masks(gap: int) -> np.ndarray:
    """Two upright bars with a gap between them."""
    mask = np.zeros(SIZE, bool)
    mask[30:90, 60:80] = True
    mask[30:90, 80 + gap : 100 + gap] = True
    return mask


def test_a_slit_is_closed_and_a_wide_gap_is_not() -> None:
    config = SegmentConfig(dilate=0.02)
    radius = hole_radius(masks(0), config)
    none = np.zeros(SIZE, bool)
    narrow = plate_hole(photo(masks(3 * radius)), masks(3 * radius), none, config)
    assert narrow[60, 80 : 80 + 3 * radius].all()
    wide = plate_hole(photo(masks(8 * radius)), masks(8 * radius), none, config)
    assert not wide[60, 80 + 4 * radius]


def test_what_is_known_to_be_something_else_stays() -> None:
    config = SegmentConfig(dilate=0.02)
    radius = hole_radius(masks(0), config)
    others = np.zeros(SIZE, bool)
    middle = 80 + 3 * radius // 2
    others[:, middle - 1 : middle + 1] = True
    hole = plate_hole(photo(masks(3 * radius)), masks(3 * radius), others, config)
    assert not (hole & others)[40:80].any()


def test_nothing_is_closed_against_the_frame() -> None:
    config = SegmentConfig(dilate=0.02)
    mask = np.zeros(SIZE, bool)
    radius = hole_radius(mask, config)
    first = 2 * radius + 1  # so that as much as the radius and a pixel is left of the edge
    mask[30:90, first : first + 30] = True
    hole = plate_hole(photo(mask), mask, np.zeros(SIZE, bool), config)
    assert not hole[60, 0]
