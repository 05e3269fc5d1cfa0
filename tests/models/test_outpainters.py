"""Surroundings: the photograph stays, equal seeds give equal pixels, what is around is like it."""

from __future__ import annotations

import importlib.util
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.core.errors import UsageError
from compose.models.inpainter_opencv import OpenCvInpainter
from compose.models.outpainter import Expansion, Outpainter
from compose.models.outpainter_bands import BandOutpainter, bands
from compose.models.outpainter_patches import PatchOutpainter
from compose.models.outpainters import OutpainterOptions, open_outpainter, outpainter_name


def meadow(width: int = 90, height: int = 70) -> np.ndarray:
    """Blue above, grainy green below, and a red square."""
    random = np.random.default_rng(0)
    picture = np.zeros((height, width, 3))
    picture[:] = (90, 140, 220)
    picture[height // 2 :] = (70, 130, 50)
    picture[height // 2 :] += random.normal(0, 14, (height - height // 2, width, 1))
    picture[height // 2 : height // 2 + 14, 40:54] = (220, 20, 20)
    return np.clip(picture, 0, 255).astype(np.uint8)


def wanted(x: int = 50, y: int = 40, width: int = 200, height: int = 160) -> Expansion:
    photo = meadow()
    return Expansion(photo, (photo == (220, 20, 20)).all(2), width, height, x, y)


ENGINES: list[Outpainter] = [PatchOutpainter(), BandOutpainter(OpenCvInpainter("ns"))]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_photographs_stay_and_seeds_decide(engine: Outpainter) -> None:
    one = wanted()
    found = engine.expand(one, 5)
    assert found.shape == (160, 200, 3)
    assert (found[one.window] == one.photo).all()
    assert (engine.expand(one, 5) == found).all()
    # what was on the canvas before the photograph came is nowhere seen
    assert found[one.hole].max(1).min() > 20


def test_other_seeds_give_other_surroundings() -> None:
    engine = PatchOutpainter()
    assert (engine.expand(wanted(), 1) != engine.expand(wanted(), 2)).any()


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_sky_goes_on_above_and_the_meadow_below(engine: Outpainter) -> None:
    found = engine.expand(wanted(), 0).astype(float)
    above, below = found[:30].mean((0, 1)), found[-30:].mean((0, 1))
    assert np.abs(above - (90, 140, 220)).max() < 25
    assert np.abs(below - (70, 130, 50)).max() < 25
    # the horizon stands at its height at both sides: blue above it, green below
    for columns in (found[:, :40], found[:, -40:]):
        assert columns[62:68, :, 2].mean() > 170
        assert columns[86:92, :, 2].mean() < 110


def test_the_subject_does_not_appear_again_and_grain_does() -> None:
    one = wanted()
    found = PatchOutpainter().expand(one, 0).astype(float)
    red = (found[..., 0] - found[..., 1] > 100) & one.hole
    assert red.sum() < 20
    grain = np.diff(found[-25:, :, 1], axis=1).std()
    assert grain > 0.5 * np.diff(meadow()[-25:, :, 1].astype(float), axis=1).std()
    smooth = BandOutpainter(OpenCvInpainter("ns")).expand(one, 0).astype(float)
    assert np.diff(smooth[-15:, :, 1], axis=1).std() < 0.6 * grain


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_any_place_and_shape_will_do(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(9, 90)), data.draw(st.integers(9, 70))
    across = data.draw(st.integers(width, 160))
    down = data.draw(st.integers(height, 160))
    x, y = data.draw(st.integers(0, across - width)), data.draw(st.integers(0, down - height))
    photo = meadow()[:height, :width]
    one = Expansion(photo, np.zeros((height, width), bool), across, down, x, y)
    found = PatchOutpainter().expand(one, 0)
    assert found.shape == (down, across, 3)
    assert (found[one.window] == photo).all()


def test_bands_grow_until_the_canvas_is_full() -> None:
    one = wanted(x=0)
    found = bands(one)
    assert found[0][1] == (0, 40, 90, 110)
    assert found[-1][0] == (0, 0, 200, 160)
    assert all(before[0] == after[1] for before, after in pairwise(found))
    full = Expansion(meadow(), np.zeros((70, 90), bool), 90, 70, 0, 0)
    assert bands(full) == []
    assert all((engine.expand(full, 0) == meadow()).all() for engine in ENGINES)


def test_a_photograph_has_to_lie_on_its_canvas() -> None:
    with pytest.raises(ValueError, match="leaves"):
        wanted(x=150)
    with pytest.raises(ValueError, match="subject"):
        Expansion(meadow(), np.zeros((3, 3), bool), 200, 200, 0, 0)


def test_engines_by_name() -> None:
    assert outpainter_name("auto") == "builtin"
    assert open_outpainter("builtin").name == "patches"
    assert open_outpainter("auto", OutpainterOptions(inpainter="opencv")).name == "ns"
    if importlib.util.find_spec("patchmatch") is not None:
        assert open_outpainter("builtin", OutpainterOptions(inpainter="patchmatch")).name == (
            "patchmatch"
        )
    with pytest.raises(UsageError, match="use auto, builtin, diffusers, real"):
        outpainter_name("magic")
    with pytest.raises(UsageError, match="--model"):
        open_outpainter("diffusers")
