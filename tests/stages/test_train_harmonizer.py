"""Training of the harmoniser: it learns from photographs' own light, and its exported curve."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from compose.core.errors import DataError, ModelError
from compose.models.harmony import SIDE, HarmonySettings, small_composite
from compose.models.harmony_net import SETTINGS, HarmonyNet, load_harmony_net
from compose.models.harmony_net import curve as torch_curve
from compose.stages.composite_learned import LearnedHarmonizer, curve
from compose.stages.harmony_examples import (
    Changes,
    HarmonyExamples,
    changed,
    draw_example,
    read_examples,
    window_of,
)
from compose.stages.inpaint_sources import PhotoSource
from compose.stages.train_harmonizer import (
    TrainHarmonizerConfig,
    fit,
    measured,
    train_harmonizer,
)

SMALL = TrainHarmonizerConfig(steps=120, batch=16, rate=4e-3, average=0.9, every=60)


def silent(what: str, total: int) -> Any:
    return lambda: None


def scene(seed: int, side: int = 96) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Grain in one light, and a disc in it that has the same."""
    random = np.random.default_rng(seed)
    light = random.uniform(60, 200, 3)
    rgb = np.clip(light + random.normal(0, 12, (side, side, 1)), 0, 255).astype(np.uint8)
    y, x = np.mgrid[:side, :side]
    return rgb, (x - side // 2) ** 2 + (y - side // 2) ** 2 < (side // 4) ** 2


def drawn(count: int) -> HarmonyExamples:
    windows = np.stack([window_of(*scene(seed)) for seed in range(count)])
    return HarmonyExamples(windows, np.arange(count) % 5 == 4)


def test_both_curves_are_one_and_nothing_asked_changes_nothing() -> None:
    random = np.random.default_rng(0)
    colours = random.uniform(0, 1, (50, 3)).astype(np.float32)
    for _ in range(8):
        settings = random.uniform(-0.5, 0.5, SETTINGS).astype(np.float32)
        other = torch_curve(torch.from_numpy(colours)[None], torch.from_numpy(settings)[None])
        np.testing.assert_allclose(curve(colours, settings), other[0].numpy(), atol=2e-5)
    still = curve(colours, np.zeros(SETTINGS, np.float32))
    np.testing.assert_allclose(still, colours, atol=1e-3)


def test_a_new_network_changes_nothing() -> None:
    assert not HarmonyNet()(torch.rand(3, 4, SIDE, SIDE)).any()


def test_it_learns_to_undo_changes_on_scenes_it_never_saw() -> None:
    rows: list[dict[str, Any]] = []
    net = fit(drawn(40), SMALL, rows.append, silent)
    assert [row["step"] for row in rows] == [60, 120]
    assert rows[-1]["undone"] < 0.7 * rows[-1]["changed"]
    assert rows[-1]["unprovoked"] < 0.3 * rows[-1]["changed"]
    fresh = measured(HarmonyNet().eval(), drawn(40).windows, SMALL)
    assert fresh["undone"] == pytest.approx(fresh["changed"], abs=0.01)
    assert fresh["unprovoked"] == pytest.approx(0, abs=0.01)
    again = fit(drawn(40), dataclasses.replace(SMALL, steps=3), rows.append, silent)
    twice = fit(drawn(40), dataclasses.replace(SMALL, steps=3), rows.append, silent)
    for one, other in zip(again.parameters(), twice.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not net.training


def test_a_loss_that_is_no_number_stops_it() -> None:
    wild = dataclasses.replace(SMALL, rate=1e38)
    with pytest.raises(ModelError, match="lower the rate"):
        fit(drawn(6), wild, lambda row: None, silent)


def test_with_every_window_held_out_it_says_what_to_do() -> None:
    windows = drawn(2).windows
    with pytest.raises(DataError, match=r"^all objects [^\n]+; give more photographs[^\n]+\.$"):
        fit(HarmonyExamples(windows, np.ones(2, bool)), SMALL, lambda row: None, silent)


def test_files_hold_what_was_trained(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    (data / "images").mkdir(parents=True)
    (data / "masks").mkdir()
    for number in range(12):
        rgb, mask = scene(number)
        cv2.imwrite(str(data / "images" / f"{number}.jpg"), rgb)
        cv2.imwrite(str(data / "masks" / f"{number}.png"), mask.astype(np.uint8) * 255)
    (data / "train.txt").write_text("".join(f"{number}\n" for number in range(12)))
    few = dataclasses.replace(SMALL, steps=4, every=2)
    files = train_harmonizer([data], out, few)
    assert [file.name for file in files] == [
        "harmony.onnx", "harmony.safetensors", "harmony_metrics.jsonl",
    ]  # fmt: skip
    rows = [json.loads(line) for line in files[2].read_text().splitlines()]
    assert "unprovoked" in rows[-1]
    rgb, mask = scene(50)
    picture, alpha = rgb.astype(np.float32) / 255, mask.astype(np.float32)
    found = HarmonySettings(folder=out).settings(picture, alpha)
    seen = torch.from_numpy(small_composite(picture, alpha))[None]
    with torch.inference_mode():
        wanted = load_harmony_net(files[1])(seen)[0].numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert found.any()


def test_photographs_without_masks_lend_their_light(tmp_path: Path) -> None:
    sources = []
    for number in range(3):
        rgb, mask = scene(number)
        file = tmp_path / f"{number}.png"
        cv2.imwrite(str(file), rgb)
        sources.append(PhotoSource(str(number), file, list if number != 1 else lambda m=mask: [m]))
    examples = read_examples(sources, tmp_path / "kept", 0)
    assert len(examples.windows) == 3
    assert (examples.windows[:, 3].max((1, 2)) > 200).all()
    with pytest.raises(DataError, match="masks"):
        read_examples(sources[:1], tmp_path / "kept", 0)


def test_changes_keep_to_what_was_asked() -> None:
    random = np.random.default_rng(0)
    window = window_of(*scene(3))
    seen, truth, after = draw_example(window, Changes(untouched=1), random, vary=True)
    assert np.array_equal(truth, after)
    assert seen.shape == (4, SIDE, SIDE)
    assert 0 <= seen.min() <= seen.max() <= 1
    seen, truth, after = draw_example(window, Changes(untouched=0), random, vary=False)
    assert np.abs(truth - after).mean() > 0.005
    outside = window[3] == 0
    np.testing.assert_allclose(seen[:3, outside], window[:3, outside] / 255, atol=1e-6)
    still = changed(truth, Changes(0, 0, 0, 0, 0, 0, 0), random)
    np.testing.assert_allclose(still, truth, atol=1e-5)


class Fixed:
    """Settings that do not depend on the picture."""

    def __init__(self, *values: float) -> None:
        self.values = np.array(values, np.float32)

    def settings(self, rgb: object, alpha: object) -> NDArray[np.float32]:
        return self.values


def test_little_evidence_changes_nothing_and_much_does() -> None:
    rgb = np.broadcast_to(np.float32([0.6, 0.5, 0.3]), (30, 40, 3)).copy()
    alpha = np.zeros((30, 40), np.float32)
    alpha[10:20, 10:30] = 1
    little = LearnedHarmonizer(Fixed(0, 0.02, 0.02, 0.02, 0))  # type: ignore[arg-type]
    assert little(rgb, alpha) is rgb
    much = LearnedHarmonizer(Fixed(0, 0.7, 0.7, 0.7, 0))  # type: ignore[arg-type]
    moved = much(rgb, alpha)
    assert (moved[alpha > 0] > rgb[alpha > 0] + 0.04).all()
    assert np.array_equal(moved[alpha == 0], rgb[alpha == 0])
    stronger = much(rgb, alpha, 1.3)
    assert (stronger[alpha > 0] > moved[alpha > 0]).all()
    assert much(rgb, np.zeros_like(alpha)) is rgb
    assert much(rgb, np.ones_like(alpha)) is rgb
