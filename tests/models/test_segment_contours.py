"""Lines weighed by where segments end: which borders count, and what they do to other lines."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compose.models.mobile_sam import MobileSamNetwork, Seen
from compose.models.segment_contours import LONG_SIDE, SegmentContours, borders

from .discs_network import DISCS, SIZE, DiscsNetwork, scene


class Even:
    """A finder that is as sure of a line everywhere; `sides`: what it was asked for."""

    name = "even"

    def __init__(self, value: float = 0.5) -> None:
        self.value = value
        self.sides: list[int] = []

    def read(self, rgb: NDArray[np.uint8], side: int = 448) -> NDArray[np.float32]:
        self.sides.append(side)
        return np.full(rgb.shape[:2], self.value, np.float32)


class Unsure(DiscsNetwork):
    """Answers of which little is expected."""

    def answers(self, *given: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        logits, expected = super().answers(*given)
        return logits, expected * np.float32(0.5)


class Whole(DiscsNetwork):
    """Every answer is the whole picture, which ends nowhere in it."""

    def answers(
        self, seen: Seen, places: NDArray[np.float64], *given: Any
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        logits, expected = super().answers(seen, places, *given)
        return np.full_like(logits, 8), expected


def as_network(network: DiscsNetwork) -> MobileSamNetwork:
    return cast(MobileSamNetwork, network)


def away_from_rims(scale: float) -> NDArray[np.float64]:
    """Pixels of the scene from the nearest rim of a disc, on a plane `scale` times as large."""
    width, height = (round(side * scale) for side in SIZE)
    y, x = (np.mgrid[:height, :width] + 0.5) / scale - 0.5
    rims = [abs(np.hypot(x - cx, y - cy) - radius) for (cx, cy), radius, _ in DISCS]
    return np.minimum(*rims)


def test_borders_are_the_rims_of_wholes_that_the_network_is_sure_of() -> None:
    found = borders(as_network(DiscsNetwork()), scene())
    assert found.shape == (round(LONG_SIDE * SIZE[1] / SIZE[0]), LONG_SIDE)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    away = away_from_rims(LONG_SIDE / SIZE[0])
    nearest = cv2.dilate(found, np.ones((15, 15), np.uint8))
    assert nearest[away < 0.1].min() > 0.6
    # the halves' and quarters' own borders run through the discs' middles
    assert found[away > 2].max() < 0.05


def test_borders_of_answers_that_are_no_good_do_not_count() -> None:
    assert not borders(as_network(Unsure()), scene()).any()


def test_borders_that_nobody_can_see_do_not_count() -> None:
    one_colour = np.full_like(scene(), 255)
    one_colour[::7] = 254
    assert borders(as_network(DiscsNetwork()), one_colour).max() == 0


def test_a_picture_s_frame_is_no_border() -> None:
    assert not borders(as_network(Whole()), scene()).any()


def test_lines_count_at_borders_and_less_inside() -> None:
    found = SegmentContours(Even(), as_network(DiscsNetwork())).read(scene())
    assert found.shape == SIZE[::-1]
    assert found.dtype == np.float32
    assert found.max() <= 1
    away = away_from_rims(1)
    assert found[away < 0.3].mean() > 0.5
    assert 0 < found[away > 5].max() < 0.2


def test_a_border_is_a_line_where_the_other_network_sees_none() -> None:
    found = SegmentContours(Even(0), as_network(DiscsNetwork())).read(scene())
    away = away_from_rims(1)
    assert found[away < 0.3].mean() > 0.2
    assert found[away > 5].max() < 0.01


def test_lines_stay_as_they_are_where_no_segment_is_found() -> None:
    found = SegmentContours(Even(), as_network(Unsure())).read(scene())
    assert (found == 0.5).all()


def test_a_picture_s_segments_are_found_once() -> None:
    network, lines = DiscsNetwork(), Even()
    reader = SegmentContours(lines, as_network(network))
    first = reader.read(scene(), 448)
    asked = network.asked
    assert asked >= 64
    assert np.array_equal(reader.read(scene(), 168), first)
    assert network.asked == asked
    assert lines.sides == [448, 168]
    reader.read(scene()[:, ::-1])
    assert network.asked == 2 * asked


def test_the_same_picture_gives_the_same_map_to_another_reader() -> None:
    readers = [SegmentContours(Even(), as_network(DiscsNetwork())) for _ in range(2)]
    first, second = (reader.read(scene()) for reader in readers)
    assert np.array_equal(first, second)


def test_only_so_many_pictures_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compose.models.segment_contours._PICTURES", 2)
    network = DiscsNetwork()
    reader = SegmentContours(Even(), as_network(network))
    pictures = [np.full((20, 30, 3), value, np.uint8) for value in (10, 20, 30)]
    for picture in pictures:
        reader.read(picture)
    asked = network.asked
    reader.read(pictures[2])
    assert network.asked == asked
    reader.read(pictures[0])
    assert network.asked > asked


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (300, 20)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    rgb = np.zeros((*size, 3), np.uint8)
    found = SegmentContours(Even(), as_network(DiscsNetwork())).read(rgb)
    assert found.shape == size
    assert np.isfinite(found).all()
