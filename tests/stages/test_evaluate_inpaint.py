"""Figures of fills, with answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from compose.models.encoder_builtin import BuiltinEncoder
from compose.stages.evaluate_inpaint import (
    InpaintScores,
    compare_inpaint,
    evaluate_inpaint,
    hole_distance,
    hole_psnr,
    hole_ssim,
)
from compose.stages.inpaint_cases import InpaintCase

from .inpaint_scenes import photograph


class Filler:
    """Puts one grey level into holes."""

    multiple, limit = 1, None

    def __init__(self, level: int) -> None:
        self.name, self.level = f"level {level}", level

    def fill(self, rgb: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
        return np.where(hole[..., None], np.uint8(self.level), rgb)


class Difference:
    """A stand-in for an encoder: mean absolute difference of the pixels it is shown."""

    name, source = "difference", ""

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def features(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        self.shown.append(tuple(pictures.shape))
        return [pictures]

    def distance(self, sketch: list[torch.Tensor], target: list[torch.Tensor]) -> torch.Tensor:
        return (sketch[0] - target[0]).abs().flatten(1).mean(1)

    def embedding(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.flatten(1)


def scene() -> tuple[np.ndarray, np.ndarray]:
    rgb, hole = np.full((80, 120, 3), 100, np.uint8), np.zeros((80, 120), bool)
    hole[30:50, 40:70] = True
    return rgb, hole


def test_psnr_is_of_the_hole_alone() -> None:
    rgb, hole = scene()
    filled = np.where(hole[..., None], np.uint8(151), rgb)  # 51 of 255 away: a fifth
    assert hole_psnr(filled, rgb, hole) == pytest.approx(20 * np.log10(5))
    filled[0, 0] = 255
    assert hole_psnr(filled, rgb, hole) == pytest.approx(20 * np.log10(5))
    assert hole_psnr(rgb, rgb, hole) == pytest.approx(60)


def test_ssim_is_of_the_windows_around_the_hole_s_pixels() -> None:
    rgb, hole = photograph(0, 120, 80), scene()[1]
    assert hole_ssim(rgb, rgb, hole) == pytest.approx(1)
    far = rgb.copy()
    far[:20] = 0  # ten rows above the hole
    assert hole_ssim(far, rgb, hole) == pytest.approx(1)
    grey = np.where(hole[..., None], np.uint8(120), rgb)
    assert hole_ssim(grey, rgb, hole) < 0.5
    rim = np.zeros_like(hole)
    rim[:2, :5] = True  # no window fits around these
    assert hole_ssim(rgb, rgb, rim) == pytest.approx(1)


def test_the_encoder_sees_the_hole_with_its_rim() -> None:
    rgb, hole = scene()
    encoder = Difference()
    filled = np.where(hole[..., None], np.uint8(151), rgb)
    # 20 rows get 64 of the 80, 30 columns 64 of the 120
    assert hole_distance(encoder, filled, rgb, hole) == pytest.approx(0.2 * 600 / (64 * 64))
    assert encoder.shown == [(2, 3, 64, 64)]
    corner = np.zeros_like(hole)
    corner[:40, 90:] = True  # 16 more to the left and below; beyond the border there is nothing
    hole_distance(encoder, rgb, rgb, corner)
    assert encoder.shown[1] == (2, 3, 56, 47)


def test_with_a_network_equal_pictures_are_at_no_distance() -> None:
    rgb, hole = photograph(0, 120, 80), scene()[1]
    encoder = BuiltinEncoder()
    assert hole_distance(encoder, rgb, rgb, hole) == pytest.approx(0, abs=1e-6)
    near = hole_distance(encoder, np.where(hole[..., None], rgb // 2 + 60, rgb), rgb, hole)
    grey = hole_distance(encoder, np.where(hole[..., None], np.uint8(120), rgb), rgb, hole)
    assert 0 < near < grey


def test_engines_are_given_the_same_holes_and_compared() -> None:
    rgb, hole = scene()
    darker = (rgb * 0.8).astype(np.uint8)  # 80
    cases = [InpaintCase("a", rgb, hole), InpaintCase("b", darker, hole)]
    steps: list[int] = []
    scores = evaluate_inpaint(
        [Filler(90), Filler(80)], cases, Difference(), advance=lambda: steps.append(1)
    )
    assert len(steps) == 4
    first, second = scores
    assert first.psnr == pytest.approx([20 * np.log10(25.5)] * 2)
    assert second.psnr == pytest.approx([20 * np.log10(255 / 20), 60])
    row = first.summary()
    assert (row["engine"], row["images"]) == ("level 90", 2)
    assert row["psnr"]["value"] == pytest.approx(20 * np.log10(25.5))
    assert row["psnr"]["low"] == pytest.approx(row["psnr"]["high"])
    (difference,) = compare_inpaint(first, [second])
    assert (difference["engine"], difference["against"]) == ("level 90", "level 80")
    away = np.array(first.psnr) - np.array(second.psnr)
    found = difference["psnr"]
    assert isinstance(found, dict)
    assert found["difference"] == pytest.approx(away.mean())
    assert found["low"] == pytest.approx(away.min())
    assert found["high"] == pytest.approx(away.max())


def test_seconds_are_those_of_filling() -> None:
    scores = InpaintScores("x", [20.0], [0.5], [1.0], [3.0])
    assert scores.summary()["seconds"] == 3
