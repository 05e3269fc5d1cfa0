"""Training on drawn pictures: it learns, goes on from its features, and writes what runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from compose.core.errors import ModelError
from compose.data.sod import read_subjects
from compose.models.saliency_builtin import BuiltinSaliency
from compose.models.saliency_features import SHAPES, SaliencyTrunks
from compose.models.saliency_net import SaliencyConfig
from compose.stages import trunk_cache
from compose.stages.saliency_examples import SaliencyExamples, compute_examples
from compose.stages.train_saliency import (
    TrainSaliencyConfig,
    fit,
    statistics,
    subject_loss,
    train_saliency,
)

NET = SaliencyConfig(maps=("fine", "tokens"), width=8, cells=12, blocks=1, edge_width=4, dropout=0)
CONFIG = TrainSaliencyConfig(epochs=30, batch=4, rate=0.02, average=0.8, net=NET)


def draw(root: Path, count: int, photos: str, masks: str) -> Path:
    """Photographs of 96 x 64 with a bright square at one of four places, which is the subject."""
    for folder in (photos, masks):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        x, y = 8 + 48 * (number % 2), 4 + 28 * (number // 2 % 2)
        pixels = np.full((64, 96, 3), 40 + number, np.uint8)
        pixels[y : y + 28, x : x + 32] = (230, 180, 60)
        Image.fromarray(pixels).save(root / photos / f"{number}.jpg", quality=95)
        mask = np.zeros((64, 96), np.uint8)
        mask[y : y + 28, x : x + 32] = 255 if masks == "masks" else 7
        if masks != "masks":
            mask[:, 0] = 255  # a border that is to be ignored
        Image.fromarray(mask).save(root / masks / f"{number}.png")
    (root / "train.txt").write_text("\n".join(map(str, range(count))))
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("subjects")
    return (
        draw(root / "sod", 4, "images", "masks"),
        draw(root / "voc", 2, "JPEGImages", "SegmentationClass"),
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


def test_it_learns_where_the_square_is_and_writes_what_runs(
    data: tuple[Path, Path], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, Any]] = []
    phases: list[tuple[str, int]] = []

    def begin(what: str, total: int) -> Any:
        phases.append((what, total))
        return lambda: None

    out = tmp_path / "out"
    files = train_saliency(
        data[0], out, CONFIG, more=[data[1]], cache=cache, log=rows.append, begin=begin
    )
    assert sorted(path.name for path in files) == [
        "saliency.onnx", "saliency.safetensors", "saliency_metrics.jsonl",
    ]  # fmt: skip
    assert phases == [("features", 6), ("steps", 60)]
    assert rows[-1]["loss"] < rows[0]["loss"] / 2
    assert [json.loads(line) for line in files[2].read_text().splitlines()] == rows
    engine = BuiltinSaliency(folder=out)
    for record in read_subjects(data[0], "train"):
        rgb = np.asarray(Image.open(record.photo))
        truth = np.asarray(Image.open(record.mask)) > 0
        found = engine.read(rgb)
        assert found[truth].mean() > found[~truth].mean() + 0.5
    # once more, from the features that were kept: no trunk runs, and the same bytes come out
    monkeypatch.setattr(SaliencyTrunks, "maps", None)
    again = train_saliency(data[0], tmp_path / "again", CONFIG, more=[data[1]], cache=cache)
    for one, other in zip(files, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_features_follow_the_photograph_s_pixels_and_truth_its_cells(
    data: tuple[Path, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = read_subjects(data[1], "train")
    examples = compute_examples(records, cache)
    kept = set(cache.iterdir())
    assert len(examples) == 2
    assert examples.maps["tokens"].shape == (2, *SHAPES["tokens"][:1], 16, 16)
    # 96 columns to 96 cells: the first is ignored, the square lies from 8 to 40
    np.testing.assert_array_equal(examples.counts[0, 0, :, 0], 0)
    np.testing.assert_array_equal(examples.counts[0, 0, :, 1:], 1)
    assert examples.truth[0, 0, 20, 8:40].min() == 1
    assert examples.truth[0, 0, 20, 40:].max() == 0
    pixels = np.asarray(Image.open(records[0].photo)).copy()
    pixels[0, 0] ^= 8
    Image.fromarray(pixels).save(cache / "other.png")
    other = type(records[0])("other", cache / "other.png", records[0].mask, True)
    compute_examples([other], cache)
    assert len(set(cache.iterdir()) - kept) == 2  # the photograph and its features


def test_mirrored_examples_are_mirrored_whole() -> None:
    draw = torch.Generator().manual_seed(0)
    maps = {k: torch.rand(3, 2, n, n, generator=draw).half() for k, (_, n) in SHAPES.items()}
    truth, counts = torch.rand(2, 3, 1, 96, 96, generator=draw)
    examples = SaliencyExamples(maps, truth, counts)
    found, t, c = examples.batch(torch.tensor([2, 0]), torch.tensor([True, False]))
    for name, values in found.items():
        torch.testing.assert_close(values[0], maps[name][2].float().flip(-1))
        torch.testing.assert_close(values[1], maps[name][0].float())
    torch.testing.assert_close(t[0], truth[2].flip(-1))
    torch.testing.assert_close(c[1], counts[0])


def test_the_loss_by_hand() -> None:
    truth = torch.tensor([1.0, 0.0, 1.0]).view(1, 1, 1, 3)
    counts = torch.tensor([1.0, 1.0, 0.0]).view(1, 1, 1, 3)
    logits = torch.zeros(1, 1, 1, 3)
    # entropy ln 2 of two cells; common .5, either 1 + 1 - .5, both plus one
    expected = np.log(2) + 1 - 1.5 / 2.5
    assert subject_loss(logits, truth, counts).item() == pytest.approx(expected)
    logits[..., 2] = -50  # wrong, but it does not count
    assert subject_loss(logits, truth, counts).item() == pytest.approx(expected)
    certain = torch.tensor([50.0, -50.0, 0.0]).view(1, 1, 1, 3)
    assert subject_loss(certain, truth, counts).item() == pytest.approx(0, abs=1e-6)


def test_statistics_are_those_of_all_photographs() -> None:
    draw = torch.Generator().manual_seed(0)
    values = (torch.randn(70, 4, 3, 3, generator=draw) * 3 + 5).half()
    none = torch.zeros(70, 1, 2, 2)
    mean, deviation = statistics(SaliencyExamples({"x": values}, none, none), ["x"])["x"]
    flat = values.float().transpose(0, 1).flatten(1)
    torch.testing.assert_close(mean, flat.mean(1), atol=1e-4, rtol=0)
    torch.testing.assert_close(deviation, flat.std(1, correction=0), atol=1e-4, rtol=0)


def test_a_loss_that_is_no_number_stops_it(data: tuple[Path, Path], cache: Path) -> None:
    examples = compute_examples(read_subjects(data[0], "train"), cache)
    examples.maps["tokens"][:] = float("nan")
    with pytest.raises(ModelError, match="lower the rate"):
        fit(examples, 4, CONFIG, lambda row: None, lambda what, total: lambda: None)


def test_the_cache_is_bound_to_the_trunks(
    data: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = read_subjects(data[0], "train")[:1]
    compute_examples(record, tmp_path / "cache")
    monkeypatch.setattr(trunk_cache, "VIT", trunk_cache.LITE)  # other bytes to hash
    compute_examples(record, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2
