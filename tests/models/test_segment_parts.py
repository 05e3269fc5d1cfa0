"""Small parts: eyes are found, and neither what is large or long nor what hardly differs."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from compose.models.mobile_sam import PATCH, MobileSamNetwork, Seen
from compose.models.segment_parts import SegmentParts

from .discs_network import taken_in

SIZE = (224, 160)  # width and height
EYES = ((90, 70), (130, 74))
RADIUS = 4
FACE = (60, 40, 170, 130)
BROWN, DARK, PALE = (150, 110, 80), (20, 20, 25), (158, 118, 88)


class Floods:
    """A stand-in for MobileSAM: at a point answers with all that is joined to it in one colour."""

    def __init__(self, rgb: NDArray[np.uint8], expected: float = 0.9) -> None:
        self.rgb, self.expected, self.asked = rgb, expected, 0

    def look(self, rgb: NDArray[np.uint8]) -> Seen:
        return taken_in(rgb)

    def answers(
        self, seen: Seen, places: NDArray[np.float64], labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.asked += len(places)
        rows, columns = (4 * n for n in seen.embedding.shape[2:])
        inner = (seen.inner[0] * 4 // PATCH, seen.inner[1] * 4 // PATCH)
        logits = np.full((len(places), 4, rows, columns), -8, np.float32)
        for row, prompt in enumerate(places):
            x, y = (int(v) for v in prompt[0])
            same = (self.rgb == self.rgb[y, x]).all(-1).astype(np.uint8)
            _, parts = cv2.connectedComponents(same, connectivity=4)
            mask = (parts == parts[y, x]).astype(np.float32)
            large = cv2.resize(mask, inner, interpolation=cv2.INTER_AREA)
            logits[row, :, : inner[1], : inner[0]] = 16 * large - 8
        return logits, np.full((len(places), 4), self.expected, np.float32)


def scene(*discs: tuple[tuple[int, int], int, tuple[int, int, int]]) -> NDArray[np.uint8]:
    """A brown face on white with discs: centre, radius, colour."""
    rgb = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    rgb[FACE[1] : FACE[3], FACE[0] : FACE[2]] = BROWN
    for centre, radius, colour in discs:
        cv2.circle(rgb, centre, radius, colour, -1)
    return rgb


def face() -> NDArray[np.bool_]:
    mask = np.zeros(SIZE[::-1], bool)
    mask[FACE[1] : FACE[3], FACE[0] : FACE[2]] = True
    return mask


def parts_of(rgb: NDArray[np.uint8], within: Any = None, expected: float = 0.9) -> Any:
    finder = SegmentParts(cast(MobileSamNetwork, Floods(rgb, expected)))
    return finder.read(rgb, face() if within is None else within)


def two_eyes(*more: tuple[tuple[int, int], int, tuple[int, int, int]]) -> NDArray[np.uint8]:
    return scene(*((eye, RADIUS, DARK) for eye in EYES), *more)


def middles(parts: Any) -> list[tuple[int, int]]:
    return sorted(
        (round(np.nonzero(p.mask)[1].mean()), round(np.nonzero(p.mask)[0].mean())) for p in parts
    )


def test_eyes_are_found_where_they_are() -> None:
    rgb = two_eyes()
    found = parts_of(rgb)
    assert middles(found) == sorted(EYES)
    for part in found:
        dark = (rgb == DARK).all(-1)
        assert part.mask.shape == dark.shape
        assert part.mask.dtype == bool
        assert (part.mask & dark).sum() > 0.75 * part.mask.sum()
        assert part.mask.sum() > 0.3 * dark.sum()


@pytest.mark.parametrize(
    "other",
    [
        ((115, 110), 16, DARK),  # large
        ((115, 100), RADIUS, PALE),  # hardly another colour
        ((30, 80), RADIUS, DARK),  # of nothing that matters
    ],
)
def test_what_is_none_is_not(other: tuple[tuple[int, int], int, tuple[int, int, int]]) -> None:
    assert middles(parts_of(two_eyes(other))) == sorted(EYES)


def test_a_mouth_s_line_is_no_part() -> None:
    rgb = two_eyes()
    rgb[110:113, 90:140] = DARK
    assert middles(parts_of(rgb)) == sorted(EYES)


def test_what_lies_at_the_border_is_left_to_the_outline() -> None:
    assert middles(parts_of(two_eyes(((FACE[0] + 3, 100), RADIUS, DARK)))) == sorted(EYES)


def test_the_most_striking_comes_first() -> None:
    rgb = scene((EYES[0], RADIUS, (110, 80, 60)), (EYES[1], RADIUS, DARK))
    found = parts_of(rgb)
    assert middles(found[:1]) == [EYES[1]]
    assert found[0].worth > found[1].worth


def test_answers_of_which_little_is_expected_do_not_count() -> None:
    assert parts_of(two_eyes(), expected=0.5) == []


def test_where_nothing_matters_nothing_is_asked() -> None:
    network = Floods(two_eyes())
    finder = SegmentParts(cast(MobileSamNetwork, network))
    assert finder.read(two_eyes(), np.zeros(SIZE[::-1], bool)) == []
    assert network.asked == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 99))
def test_whatever_the_picture_parts_are_small_and_apart(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rgb = rng.choice([0, 90, 255], (height, width, 3)).astype(np.uint8)
    within = rng.random((height, width)) < 0.8
    found = parts_of(rgb, within)
    assert [p.worth for p in found] == sorted((p.worth for p in found), reverse=True)
    for place, part in enumerate(found):
        assert part.mask.shape == (height, width)
        assert 0 < part.mask.mean() <= 8e-3
        for other in found[:place]:
            assert (part.mask & other.mask).sum() < 0.5 * min(part.mask.sum(), other.mask.sum())
