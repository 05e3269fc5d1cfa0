"""Masks taken apart and cleaned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compose.models.mask_parts import connected_parts, joined, without_faint_parts, without_specks
from compose.models.mask_split import nearest_number, split_at_necks

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 30)))


def discs(
    *places: tuple[int, int, int], bar: tuple[int, int, int, int] | None = None
) -> np.ndarray:
    canvas = np.zeros((90, 140), np.uint8)
    for x, y, radius in places:
        cv2.circle(canvas, (x, y), radius, 1, -1)
    if bar:
        canvas[bar[1] : bar[3], bar[0] : bar[2]] = 1
    return canvas > 0


@given(MASKS, st.integers(1, 6))
def test_parts_are_a_partition_by_size(mask: np.ndarray, least: int) -> None:
    parts = connected_parts(mask)
    total = np.sum([part.astype(int) for part in parts], 0) if parts else np.zeros(mask.shape)
    np.testing.assert_array_equal(total, mask)
    areas = [int(part.sum()) for part in parts]
    assert areas == sorted(areas, reverse=True)
    kept = connected_parts(mask, least)
    assert [int(part.sum()) for part in kept] == [area for area in areas if area >= least]


@given(MASKS, st.integers(0, 9))
def test_what_hangs_together_is_what_parts_of_both_say(mask: np.ndarray, seed: int) -> None:
    to = np.random.default_rng(seed).random(mask.shape) < 0.1
    wanted = np.zeros_like(mask)
    for part in connected_parts(mask | to):
        if (part & to).any():
            wanted |= part & mask
    np.testing.assert_array_equal(joined(mask, to, connectivity=8), wanted)
    assert not (joined(mask, to) & ~wanted).any()


def test_faint_and_small_parts_of_a_map_go() -> None:
    soft = np.full((20, 60), 0.3, np.float32)
    soft[2:12, 2:12], soft[2:12, 22:32], soft[2:4, 42:44] = 0.95, 0.7, 0.95
    kept = without_faint_parts(soft, 0.89, 20)
    wanted = soft.copy()
    wanted[2:12, 22:32] = wanted[2:4, 42:44] = 0
    np.testing.assert_array_equal(kept, wanted)
    np.testing.assert_array_equal(without_faint_parts(soft, 0.6), soft)


@given(MASKS, st.integers(1, 9))
def test_cleaning_is_done_once_and_keeps_the_largest_part(mask: np.ndarray, least: int) -> None:
    clean = without_specks(mask, least)
    assert clean.any() == mask.any()
    np.testing.assert_array_equal(without_specks(clean, least), clean)
    assert (
        len(connected_parts(clean)) <= 1
        or min(part.sum() for part in connected_parts(clean)) >= least
    )


def test_specks_and_pinholes_go() -> None:
    mask = discs((40, 40, 20))
    speckled = mask.copy()
    speckled[5, 100:103] = True
    speckled[40, 40] = False
    np.testing.assert_array_equal(without_specks(speckled, 5), mask)
    np.testing.assert_array_equal(without_specks(speckled, 1), speckled)


@given(MASKS)
def test_every_pixel_of_a_mask_and_no_other_gets_a_number(mask: np.ndarray) -> None:
    numbers = split_at_necks(mask)
    np.testing.assert_array_equal(numbers > 0, mask)
    used = np.unique(numbers[numbers > 0])
    assert used.tolist() == list(range(1, len(used) + 1))
    assert len(used) >= len(connected_parts(mask))


def test_what_touches_by_a_neck_is_split_there() -> None:
    mask = discs((40, 45, 25), (95, 45, 25), bar=(40, 40, 95, 50))
    numbers = split_at_necks(mask)
    assert numbers.max() == 2
    left, right = numbers[45, 40], numbers[45, 95]
    assert left != right
    share = [(numbers[mask] == n).mean() for n in (left, right)]
    assert min(share) > 0.45
    assert numbers[45, 55] == left
    assert numbers[45, 80] == right


@pytest.mark.parametrize(
    "mask",
    [
        discs((60, 45, 30)),
        discs(bar=(10, 20, 130, 50)),
        discs((60, 45, 30), bar=(60, 42, 135, 48)),  # an arm is no object
        discs((50, 45, 28), (75, 45, 28)),  # no neck
    ],
)
def test_what_has_no_neck_stays_whole(mask: np.ndarray) -> None:
    assert split_at_necks(mask).max() == 1


def test_the_nearest_number_wins() -> None:
    numbers = np.zeros((3, 7), np.int32)
    numbers[1, 0], numbers[1, 6] = 4, 9
    assert nearest_number(numbers)[1].tolist() == [4, 4, 4, nearest_number(numbers)[1, 3], 9, 9, 9]
    assert not nearest_number(np.zeros((2, 2), np.int32)).any()
