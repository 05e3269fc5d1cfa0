"""What a mask's correction adds apart from the object: legs stay, pieces of the meadow go."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compose.models.mask_strays import without_strays

GREEN, BROWN, WHITE = (70, 140, 60), (110, 70, 40), (235, 235, 230)


def scene(part_colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A brown body on a meadow before a white rail, and a part below it: picture, both masks."""
    noise = np.random.default_rng(0).normal(0, 4, (120, 200, 3))
    rgb = np.full((120, 200, 3), GREEN, np.float64)
    body, part = np.zeros((120, 200), bool), np.zeros((120, 200), bool)
    body[20:60, 60:140] = True
    part[80:104, 80:92] = True
    rgb[body], rgb[part] = BROWN, part_colour
    rgb[66:74] = WHITE
    return np.clip(rgb + noise, 0, 255).astype(np.uint8), body, part


def test_a_leg_behind_a_rail_stays() -> None:
    rgb, body, leg = scene(BROWN)
    assert np.array_equal(without_strays(rgb, body | leg, body), body | leg)


def test_a_piece_of_the_meadow_goes() -> None:
    rgb, body, piece = scene(GREEN)
    assert np.array_equal(without_strays(rgb, body | piece, body), body)


def test_what_the_object_was_found_with_stays() -> None:
    rgb, body, piece = scene(GREEN)
    assert np.array_equal(without_strays(rgb, body | piece, body | piece), body | piece)


def test_what_is_close_to_the_object_stays() -> None:
    rgb, body, _ = (np.repeat(np.repeat(array, 3, 0), 3, 1) for array in scene(GREEN))
    near = np.zeros_like(body)
    near[182:200, 240:276] = True  # of 600 pixels, two below
    assert np.array_equal(without_strays(rgb, body | near, body), body | near)


def test_strange_colours_that_are_not_those_around_stay() -> None:
    rgb, body, part = scene((200, 40, 160))
    assert np.array_equal(without_strays(rgb, body | part, body), body | part)


def test_a_part_that_fills_the_rest_of_the_picture_has_nothing_around_it() -> None:
    rgb, body, _ = scene(GREEN)
    apart = cv2.distanceTransform((~body).astype(np.uint8), cv2.DIST_L2, 5)
    rest = apart > 2
    assert np.array_equal(without_strays(rgb, body | rest, body), body | rest)


@pytest.mark.parametrize("fill", [False, True])
def test_masks_of_one_part_or_none_come_back(fill: bool) -> None:
    mask = np.full((30, 50), fill)
    assert np.array_equal(without_strays(np.zeros((30, 50, 3), np.uint8), mask, mask), mask)
