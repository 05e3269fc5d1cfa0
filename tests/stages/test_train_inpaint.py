"""Training on drawn stripes: it learns, goes on where it stopped, and writes what runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from compose.core.errors import DataError, Interrupted, ModelError
from compose.models.inpaint_net import InpaintConfig
from compose.models.inpainter_builtin import INPAINT, BuiltinInpainter
from compose.stages import inpaint_examples
from compose.stages.inpaint_examples import SHORT_SIDE, collect_examples, is_held_out
from compose.stages.inpaint_sources import read_sources
from compose.stages.train_inpaint import (
    STATE,
    InpaintTraining,
    TrainInpaintConfig,
    hole_error,
    train_inpaint,
)

from .inpaint_scenes import photographs, subjects

NET = InpaintConfig(widths=(4, 8, 8, 8, 8), blocks=(1, 1, 1, 1, 1), kernel=3, side=32)
CONFIG = TrainInpaintConfig(steps=12, batch=2, rate=5e-3, average=0.8, every=6, net=NET)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Work this small is slower on two, and much slower beside other work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("data")
    return [subjects(root / "s", 8), photographs(root / "p", 6)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photographs")


def test_it_learns_and_an_interrupted_training_ends_in_the_same_bytes(
    data: list[Path], cache: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = []
    phases: list[tuple[str, int]] = []

    def begin(what: str, total: int) -> Any:
        phases.append((what, total))
        return lambda: None

    files = train_inpaint(data, tmp_path / "a", CONFIG, cache=cache, log=rows.append, begin=begin)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "inpaint.onnx", "inpaint.safetensors", "inpaint_metrics.jsonl",
    ]  # fmt: skip
    assert sorted(files) == sorted((tmp_path / "a").iterdir())
    assert phases == [("photographs", 14), ("steps", 12)]
    assert [row["step"] for row in rows] == [6, 12]
    assert rows[0]["perceptual"] == 0 < rows[1]["perceptual"]
    kept = [json.loads(line) for line in files[2].read_text().splitlines()]
    assert kept == [{k: v for k, v in row.items() if k != "seconds"} for row in rows]

    class Stop(Exception):
        pass

    def stop(row: dict[str, Any]) -> None:
        if row["step"] == 12:
            raise Stop

    with pytest.raises(Stop):
        train_inpaint(data, tmp_path / "b", CONFIG, cache=cache, log=stop)
    assert [path.name for path in (tmp_path / "b").iterdir()] == [STATE]
    phases.clear()
    again = train_inpaint(data, tmp_path / "b", CONFIG, resume=True, cache=cache, begin=begin)
    assert phases == [("photographs", 14), ("steps", 6)]
    for one, other in zip(files, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    rgb = np.full((50, 70, 3), 90, np.uint8)
    hole = np.zeros((50, 70), bool)
    hole[10:30, 20:50] = True
    assert BuiltinInpainter(tmp_path / "a" / INPAINT).fill(rgb, hole, 0).shape == rgb.shape


def test_asked_to_stop_between_measurements_it_loses_no_step(
    data: list[Path], cache: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = []
    left: list[int] = []

    def begin(what: str, total: int) -> Any:
        left.append(total)
        return lambda: None

    whole = train_inpaint(data, tmp_path / "a", CONFIG, cache=cache)
    asked = iter([False] * 3 + [True] * 2)
    with pytest.raises(Interrupted, match=r"^interrupted after step 4; [^\n]+--resume[^\n]+\.$"):
        train_inpaint(data, tmp_path / "b", CONFIG, cache=cache, log=rows.append, begin=begin,
                      should_stop=lambda: next(asked))  # fmt: skip
    assert [path.name for path in (tmp_path / "b").iterdir()] == [STATE]
    assert rows == []
    parts = train_inpaint(data, tmp_path / "b", CONFIG, resume=True, cache=cache,
                          log=rows.append, begin=begin)  # fmt: skip
    assert left == [14, 12, 14, 8]
    assert [row["step"] for row in rows] == [6, 12]
    for one, other in zip(whole, parts, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_asked_to_stop_at_a_measurement_it_has_its_row(
    data: list[Path], cache: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = []
    with pytest.raises(Interrupted, match="after step 6; "):
        train_inpaint(data, tmp_path, CONFIG, cache=cache, log=rows.append,
                      should_stop=lambda: bool(rows))  # fmt: skip
    state = torch.load(tmp_path / STATE, weights_only=True)
    assert (state["step"], len(json.loads(state["rows"]))) == (6, 1)


def test_what_it_fills_comes_closer_to_the_truth(data: list[Path], cache: Path) -> None:
    examples = collect_examples([s for d in data for s in read_sources(d, "train")], cache)
    training = InpaintTraining(examples, replace(CONFIG, steps=60, every=60, batch=4, perceptual=0))
    before = training.measure()
    row = training.advance()
    assert row is not None
    assert row["psnr"] == training.measure() > before + 0.2


@pytest.mark.parametrize("change", ["settings", "photographs", "damage", "pickle"])
def test_a_state_that_does_not_fit_is_one_sentence(
    data: list[Path], cache: Path, tmp_path: Path, change: str
) -> None:
    examples = collect_examples(read_sources(data[0], "train"), cache)
    training = InpaintTraining(examples, CONFIG)
    training.keep(tmp_path / STATE)
    if change == "settings":
        training = InpaintTraining(examples, replace(CONFIG, seed=1))
    elif change == "photographs":
        examples.learned[0] = examples.learned[0] ^ 1
        training = InpaintTraining(examples, CONFIG)
    elif change == "damage":
        state = torch.load(tmp_path / STATE, weights_only=True)
        torch.save({k: v for k, v in state.items() if k != "mean"}, tmp_path / STATE)
    else:
        (tmp_path / STATE).write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"^[^\n]+\.$") as caught:
        training.restore(tmp_path / STATE)
    assert change not in ("settings", "photographs") or f"other {change}" in str(caught.value)


def test_a_loss_that_is_no_number_stops_it(data: list[Path], cache: Path) -> None:
    examples = collect_examples(read_sources(data[0], "train"), cache)
    training = InpaintTraining(examples, replace(CONFIG, rate=1e30))
    with pytest.raises(ModelError, match="lower the rate"):
        training.advance()


def test_the_error_counts_the_hole_s_pixels_alone() -> None:
    truth, found = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    holes = torch.zeros(2, 1, 4, 4)
    holes[0, :, :2] = 1  # 8 pixels, wrong by 1 in one of three colours
    found[0, 1:, :2] = 0
    holes[1, :, 0, 0] = 1  # 1 pixel, wrong by 1/2
    found[1, :, 0, 0] = 0.5
    assert hole_error(found, truth, holes).item() == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_batches_follow_step_and_seed_alone(data: list[Path], cache: Path) -> None:
    examples = collect_examples(read_sources(data[0], "train"), cache)
    first, again = examples.batch(3, 5, 32, 0), examples.batch(3, 5, 32, 0)
    assert first[0].shape == (5, 3, 32, 32)
    assert first[1].shape == (5, 1, 32, 32)
    assert set(first[1].unique().tolist()) == {0, 1}
    for one, other in zip(first, again, strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)
    for step, seed in ((4, 0), (3, 1)):
        assert (examples.batch(step, 5, 32, seed)[0] != first[0]).any()


def test_a_fifth_is_held_out_by_name(data: list[Path], cache: Path) -> None:
    share = np.mean([is_held_out(f"set/{number}.jpg") for number in range(2000)])
    assert 0.17 < share < 0.23
    sources = read_sources(data[0], "train")
    held = sum(is_held_out(source.name) for source in sources)
    examples = collect_examples(sources, cache)
    assert (len(examples.held_out), len(examples.learned)) == (held, len(sources) - held)
    learned = next(source for source in sources if not is_held_out(source.name))
    with pytest.raises(DataError, match=r"^1 photographs are too few [^\n]+\.$"):
        collect_examples([learned], cache)


def test_small_photographs_are_kept(
    data: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from PIL import Image

    sources = read_sources(data[1], "train")
    examples = collect_examples(sources, cache)
    assert all(photo.shape == (56, 72, 3) for photo in examples.learned)  # small ones stay
    monkeypatch.setattr(inpaint_examples, "load_reduced", None)
    again = collect_examples(sources, cache)
    for one, other in zip(examples.learned, again.learned, strict=True):
        np.testing.assert_array_equal(one, other)
    monkeypatch.undo()
    Image.new("RGB", (2000, 400), (9, 8, 7)).save(tmp_path / "wide.png")
    wide = inpaint_examples.small_photograph(tmp_path / "wide.png", cache)
    assert wide.shape == (SHORT_SIDE, 3 * SHORT_SIDE, 3)
