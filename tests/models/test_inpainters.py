"""Engines by name; OpenCV's and patchmatch's keep to the interface's word."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import patchmatch
import pytest
from numpy.typing import NDArray

from compose.core.errors import ModelError, UsageError
from compose.models.inpainter import for_plates
from compose.models.inpainter_patchmatch import PatchMatchInpainter
from compose.models.inpainters import (
    INPAINTER_NAMES,
    inpainter_name,
    inpainters_here,
    open_inpainter,
)


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)


def scene() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Stripes of six pixels, and a hole that is not square."""
    stripes = (np.arange(120) // 6 % 2 * 180 + 40).astype(np.uint8)
    rgb = np.repeat(np.tile(stripes, (90, 1))[..., None], 3, 2)
    hole = np.zeros((90, 120), bool)
    hole[30:62, 40:83] = True
    return rgb, hole


CLASSICAL = pytest.mark.parametrize("name", ["telea", "ns", "patchmatch", "shiftmap", "rims"])


@CLASSICAL
def test_classical_engines_fill_the_hole_alone_and_alike_every_time(name: str) -> None:
    rgb, hole = scene()
    engine = open_inpainter(name)
    assert engine.name == name
    assert engine.multiple == 1
    filled = engine.fill(rgb, hole, 4)
    assert filled.shape == rgb.shape
    assert filled.dtype == np.uint8
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])
    np.testing.assert_array_equal(engine.fill(rgb, hole, 4), filled)
    other = rgb.copy()
    other[hole] = 255
    np.testing.assert_array_equal(engine.fill(other, hole, 4), filled)


@CLASSICAL
@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (3, 5), (8, 8)])
def test_tiny_pictures_are_filled(name: str, shape: tuple[int, int]) -> None:
    rgb = np.full((*shape, 3), 90, np.uint8)
    hole = np.zeros(shape, bool)
    hole[0, 0] = True
    np.testing.assert_array_equal(open_inpainter(name).fill(rgb, hole, 0), rgb)


@CLASSICAL
def test_a_strip_of_one_row_is_filled_alike_every_time(name: str) -> None:
    engine = open_inpainter(name)
    rgb = np.random.default_rng(0).integers(0, 256, (1, 40, 3), np.uint8)
    hole = np.zeros((1, 40), bool)
    hole[0, 15:25] = True
    first = engine.fill(rgb, hole, 7)
    assert (first[~hole] == rgb[~hole]).all()
    for size in range(1, 9):
        np.random.default_rng(size).integers(0, 256, 100 * size, np.uint8)  # stirs the memory
        assert np.array_equal(engine.fill(rgb, hole, 7), first)


def test_patchmatch_continues_a_texture_which_the_others_do_not() -> None:
    rgb, hole = scene()
    error = {
        name: np.abs(open_inpainter(name).fill(rgb, hole, 0)[hole].astype(int) - rgb[hole]).mean()
        for name in ("patchmatch", "ns", "telea")
    }
    assert error["patchmatch"] < 15
    assert error["patchmatch"] < error["ns"] / 2
    assert error["patchmatch"] < error["telea"] / 2


def test_patches_that_look_unlike_what_is_expected_are_not_brought_in() -> None:
    """A floor, a wall above it and a dark thing on the wall; the hole takes most of the floor."""
    rgb = np.full((180, 200, 3), (190, 120, 40), np.float64)
    rgb[:60] = (210, 210, 205)
    rgb[15:55, 60:140] = (40, 25, 20)
    rgb += np.random.default_rng(0).normal(0, 6, rgb.shape)
    hole = np.zeros((180, 200), bool)
    hole[70:, :170] = True
    picture = np.clip(rgb, 0, 255).astype(np.uint8)
    engine = PatchMatchInpainter()
    plate = for_plates(engine)
    plain = engine.led(picture, hole, np.zeros(rgb.shape, np.float32), 0, share=0, guide=0)
    other = []
    for filled in (engine.fill(picture, hole, 0), plate.fill(picture, hole, 0), plain):
        away = np.abs(filled[100:, 20:150] - np.array([190.0, 120.0, 40.0])).max(2)
        other.append((away > 60).mean())
    assert max(other[:2]) < 0.01
    assert other[2] > 0.2  # what patches do that nothing leads


def test_plates_are_led_only_where_they_need_it() -> None:
    rgb = np.random.default_rng(0).integers(60, 120, (90, 120, 3), np.uint8)  # a lawn
    hole = np.zeros((90, 120), bool)
    hole[30:62, 40:83] = True
    engine = PatchMatchInpainter()
    plate = for_plates(engine)
    assert plate is not engine
    assert for_plates(plate) is plate
    assert (plate.name, plate.limit) == (engine.name, engine.limit)
    filled = plate.fill(rgb, hole, 3)
    assert (filled != engine.fill(rgb, hole, 3)).any()
    np.testing.assert_array_equal(filled, plate.fill(rgb, hole, 3))
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])
    smooth = open_inpainter("ns")
    assert for_plates(smooth) is smooth


def test_patchmatch_takes_any_seed_and_draws_by_it() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)
    hole = np.zeros((70, 90), bool)
    hole[20:50, 30:60] = True
    engine = open_inpainter("patchmatch")
    first, again, other = (engine.fill(rgb, hole, seed) for seed in (2**63 - 1, 2**63 - 1, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_patchmatch_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    rgb, hole = scene()
    open_inpainter("patchmatch").fill(rgb, hole, 0)
    assert capfd.readouterr() == ("", "")


def test_where_the_library_is_missing_opencv_takes_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rgb, hole = scene()
    searched = open_inpainter().fill(rgb, hole, 0)
    np.testing.assert_array_equal(searched, open_inpainter("patchmatch").fill(rgb, hole, 0))
    monkeypatch.setattr(patchmatch, "patchmatch_available", False)
    alone = open_inpainter()
    assert for_plates(alone) is alone
    np.testing.assert_array_equal(alone.fill(rgb, hole, 0)[~hole], rgb[~hole])
    assert "patchmatch" not in inpainters_here()
    with pytest.raises(UsageError, match=r"^the library of pypatchmatch [^\n]*\.$"):
        open_inpainter("patchmatch")


def test_names() -> None:
    assert inpainter_name("opencv") == "ns"
    for name in INPAINTER_NAMES:
        assert inpainter_name(name) in INPAINTER_NAMES
    with pytest.raises(UsageError, match=r"^'nope' fills no holes; use auto, [^\n]*\.$"):
        open_inpainter("nope")


@pytest.mark.usefixtures("nothing_here")
@pytest.mark.parametrize(("name", "row"), [("lama", "big-lama"), ("mat", "mat-places")])
def test_a_missing_checkpoint_is_told_with_what_to_pull(name: str, row: str) -> None:
    with pytest.raises(ModelError) as caught:
        open_inpainter(name)
    assert f"`compose models pull {row}`" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("nothing_here")
def test_what_runs_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inpainters_here() == ["shiftmap", "patchmatch", "ns", "telea", "rims"]
    models = tmp_path / "home" / "models"
    models.mkdir(parents=True)
    (models / "big-lama.pt").touch()
    assert inpainters_here() == ["lama", "shiftmap", "patchmatch", "ns", "telea", "rims"]
    monkeypatch.setenv("COMPOSE_MODELS", f"inpaint={tmp_path / 'mine.onnx'}")
    assert inpainters_here() == ["lama", "shiftmap", "patchmatch", "builtin", "ns", "telea", "rims"]


def test_the_default_engines_do_without_torch() -> None:
    code = (
        "import sys\n"
        "from compose.models.inpainters import inpainters_here, open_inpainter\n"
        "inpainters_here()\n"
        "open_inpainter(), open_inpainter('opencv')\n"
        "print([m for m in ('torch', 'onnxruntime') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\[\]\n", done.stdout)
    assert done.stderr == ""


def test_rims_are_smooth_on_even_ground_and_of_patches_in_texture() -> None:
    rgb, _ = scene()
    rgb = np.concatenate([rgb, np.full_like(rgb, 90)], 1)  # texture at the left, none at the right
    hole = np.zeros(rgb.shape[:2], bool)
    hole[30:62, 40:83] = hole[30:62, 160:203] = True
    filled = open_inpainter("rims").fill(rgb, hole, 0)
    np.testing.assert_array_equal(filled[30:62, 160:203], 90)
    patches = open_inpainter("patchmatch").fill(rgb, hole, 0)
    smooth = open_inpainter("ns").fill(rgb, hole, 0)
    part = np.s_[30:62, 44:79]
    apart = [np.abs(filled[part].astype(int) - other[part]).mean() for other in (patches, smooth)]
    assert apart[0] < apart[1] / 2


def test_rims_without_the_library_of_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compose.models.inpainter_rims.patchmatch_here", lambda: False)
    rgb, hole = scene()
    filled = open_inpainter("rims").fill(rgb, hole, 0)
    np.testing.assert_array_equal(filled, open_inpainter("ns").fill(rgb, hole, 0))
