"""Canvases and places: within their ranges, the photograph whole and in shape, cut sides held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.errors import UsageError
from compose.core.seeds import generator
from compose.stages.cad_place import PlaceConfig, cut_sides, place

SIDES = st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans())


@settings(max_examples=150)
@given(st.integers(64, 2000), st.integers(64, 2000), SIDES, st.integers(0, 10_000))
def test_photographs_lie_whole_on_canvases_of_the_right_size(
    width: int, height: int, cut: tuple[bool, bool, bool, bool], seed: int
) -> None:
    config = PlaceConfig()
    found = place(width, height, config, generator(seed, "x"), cut)
    assert 700 <= found.width <= 1024
    assert 700 <= found.height <= 1024
    x1, y1, x2, y2 = found.region
    assert 0 <= x1 < x2 <= found.width
    assert 0 <= y1 < y2 <= found.height
    # in its shape to within a pixel either way
    wide, high = x2 - x1, y2 - y1
    scale = wide / width
    assert abs(high - height * scale) <= 0.5 + height / width * 0.5 + 1e-6 or (
        abs(wide - width * high / height) <= 0.5 + width / height * 0.5 + 1e-6
    )


@settings(max_examples=60)
@given(st.floats(0.7, 1.4), st.integers(0, 10_000))
def test_the_share_of_ordinary_photographs_is_the_one_asked_for(ratio: float, seed: int) -> None:
    config = PlaceConfig(area=(0.1, 0.5))
    found = place(round(900 * ratio), 900, config, generator(seed, "x"))
    share = found.box.area / (found.width * found.height)
    assert 0.095 <= share <= 0.505


@pytest.mark.parametrize("side", range(4))
def test_a_side_that_cuts_the_subject_stays_at_the_edge(side: int) -> None:
    cut = tuple(number == side for number in range(4))
    for seed in range(20):
        found = place(800, 600, PlaceConfig(), generator(seed, "x"), cut)  # type: ignore[arg-type]
        edges = (*found.region[:2], found.width - found.region[2], found.height - found.region[3])
        assert edges[side] == 0
    free = [
        place(800, 600, PlaceConfig(keep_cut=False), generator(seed, "x"), cut)  # type: ignore[arg-type]
        for seed in range(20)
    ]
    assert len({found.region[side] for found in free}) > 5


def test_opposite_sides_are_both_held_where_the_shape_allows_it() -> None:
    for seed in range(20):
        found = place(900, 500, PlaceConfig(), generator(seed, "x"), (True, False, True, False))
        assert (found.region[0], found.region[2]) == (0, found.width)
    # all four leave no room: something is let go
    found = place(800, 600, PlaceConfig(), generator(0, "x"), (True,) * 4)
    assert found.region != (0, 0, found.width, found.height)


def test_sides_are_cut_where_the_subject_reaches_the_border() -> None:
    subject = np.zeros((100, 200), bool)
    subject[40:100, 50:120] = True
    assert cut_sides(subject, PlaceConfig()) == (False, False, False, True)
    subject[:5, :] = True
    assert cut_sides(subject, PlaceConfig()) == (False, True, False, True)
    assert cut_sides(np.zeros((50, 50), bool), PlaceConfig()) == (False,) * 4


@pytest.mark.parametrize(
    "wrong", [{"side": (900, 800)}, {"side": (10, 800)}, {"area": (0.5, 0.2)}, {"area": (0, 1)}]
)
def test_impossible_ranges_are_refused(wrong: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(UsageError, match="give --"):
        PlaceConfig(**wrong)  # type: ignore[arg-type]
