"""Engine `plainest`: of two fills the one that stands out less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compose.models.inpainter import for_plates
from compose.models.inpainter_plainest import PlainestInpainter
from compose.models.inpainting import fill_hole

Array = np.ndarray[Any, Any]


class Grey:
    """Fills with one grey."""

    multiple = 1
    limit = None

    def __init__(self, grey: int, name: str) -> None:
        self._grey, self.name = grey, name
        self.asked = 0

    def fill(self, rgb: Array, hole: Array, seed: int) -> Array:
        self.asked += 1
        return np.where(hole[..., None], np.uint8(self._grey), rgb)


class Bright:
    """What is bright stands out."""

    name = "bright"

    def read(self, rgb: Array) -> Array:
        return (rgb.mean(2) / 255).astype(np.float32)


def scene() -> tuple[Array, Array]:
    hole = np.zeros((30, 50), bool)
    hole[10:20, 15:30] = True
    return np.full((30, 50, 3), 90, np.uint8), hole


@pytest.mark.parametrize(("first", "second", "kept"), [(120, 60, 60), (60, 120, 60), (80, 79, 80)])
def test_plates_get_the_plainer_fill_and_the_first_where_both_are(
    first: int, second: int, kept: int
) -> None:
    engine = PlainestInpainter(Grey(first, "a"), Grey(second, "b"), Bright())
    rgb, hole = scene()
    filled = fill_hole(for_plates(engine), rgb, hole, seed=0)
    assert (filled[hole] == kept).all()
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])


def test_where_the_first_fill_is_the_subject_for_want_of_another_it_stays() -> None:
    engine = PlainestInpainter(Grey(200, "a"), Grey(60, "b"), Bright())
    rgb, hole = scene()
    assert (fill_hole(for_plates(engine), rgb, hole, seed=0)[hole] == 200).all()


def test_the_search_for_objects_has_the_first_engine_alone() -> None:
    second = Grey(10, "b")
    engine = PlainestInpainter(Grey(200, "a"), second, Bright())
    rgb, hole = scene()
    assert (engine.fill(rgb, hole, 0)[hole] == 200).all()
    assert second.asked == 0
    assert engine.name == for_plates(engine).name == "plainest"
