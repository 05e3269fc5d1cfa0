"""Training on drawn pictures with a tiny network: it learns, resumes and writes what runs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from compose.core.errors import ModelError
from compose.models.crop_builtin import BuiltinCropper
from compose.models.crop_grid import grid_boxes
from compose.models.crop_net import CropNet, CropNetConfig
from compose.models.crop_rank import RankCropper
from compose.models.crop_rank_net import RankConfig
from compose.models.vit import VitConfig
from compose.stages import train_crop as training
from compose.stages.crop_examples import Examples, mirror, read_annotations
from compose.stages.crop_views import compute_views
from compose.stages.train_crop import TrainCropConfig, load_trunks, train_crop

NET = CropNetConfig(
    side=64,
    vit=VitConfig(side=56, patch=14, width=24, heads=2, blocks=1),
    lite="lite0",
    grid=6,
    width=32,
    rank=8,
    dropout=0.0,
    heads=(("fine", "coarse", "tokens"), ("tokens",)),
    regions=(("fine", "coarse"), ("tokens",)),
    choices=("grid", "anchors"),
    region=RankConfig(channels=8, cells=4, width=16, dropout=0.0),
)


def random_trunks(net: CropNet) -> None:
    """Trunks that keep something of the picture, with statistics of noise."""
    for module in net.lite.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    noise = torch.rand(8, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 255
    net.lite.train()
    net.lite.features(torch.nn.functional.interpolate(noise, (64, 64)))
    net.eval()


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photographs of a bright square on the left or on the right, cropped to that side."""
    monkeypatch.setattr(training, "load_trunks", random_trunks)
    root = tmp_path / "fcdb"
    (root / "images").mkdir(parents=True)
    crops, pairs = [], []
    for number in range(16):
        left = number % 2 == 0
        pixels = np.full((64, 96, 3), 40, np.uint8)
        x = 8 if left else 56
        pixels[16:48, x : x + 32] = 230
        name = f"{number}.png"
        Image.fromarray(pixels).save(root / "images" / name)
        good, bad = ([0, 0, 48, 64], [48, 0, 48, 64])[:: 1 if left else -1]
        crops.append({"file": name, "crop": good})
        pairs.append({"file": name, "a": good, "b": bad, "votes_a": 5, "votes_b": 0})
    (root / "train.json").write_text(json.dumps(crops))
    (root / "pairs.json").write_text(json.dumps(pairs))
    return root


@pytest.mark.parametrize("engine", ["builtin", "rank"])
def test_it_learns_which_side_to_keep_and_writes_what_runs(
    drawn: Path, tmp_path: Path, engine: str
) -> None:
    rows: list[dict[str, float]] = []
    config = TrainCropConfig(engine=engine, epochs=40, batch=8, rate=3e-3, net=NET)
    out = tmp_path / "out"
    files = train_crop(drawn, out, config, log=rows.append)
    assert all(path.is_file() for path in files)
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.1
    assert [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()] == rows
    left, right = np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1]], np.float32)
    if engine == "rank":  # it shares the trunk that `builtin` writes
        train_crop(drawn, out, dataclasses.replace(config, engine="builtin", epochs=1))
    for name, wanted, other in (("0.png", left, right), ("1.png", right, left)):
        rgb = np.asarray(Image.open(drawn / "images" / name))
        if engine == "rank":
            better, worse = RankCropper(folder=out).scores(rgb, np.stack([wanted, other]))
        else:
            belief = BuiltinCropper(folder=out).read(rgb)
            better, worse = belief.utility(np.stack([wanted, other]))
        assert better > worse


def test_same_seed_same_weights(drawn: Path, tmp_path: Path) -> None:
    config = TrainCropConfig(epochs=1, batch=8, net=NET)
    for name in ("a", "b"):
        train_crop(drawn, tmp_path / name, config, cache=tmp_path / "features")
    for file in (
        "crop_builtin.onnx",
        "crop_regions.onnx",
        "crop_builtin.safetensors",
        "metrics.jsonl",
    ):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_features_resume_where_they_stopped(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    net = CropNet(NET).eval()
    photos = read_annotations(drawn).photos
    whole = compute_views(net, photos, tmp_path / "whole")
    monkeypatch.setattr("compose.stages.crop_views._KEEP_EVERY", 4)
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute_views(net, photos, tmp_path / "cut", advance=stop)
    seen: list[int] = []
    features, before = net.features, []
    monkeypatch.setattr(net, "features", lambda *x: (before.append(1), features(*x))[1])
    again = compute_views(net, photos, tmp_path / "cut", advance=lambda: seen.append(1))
    assert len(seen) == 16
    assert len(before) == 8  # those after the last eight that were kept
    for name, array in whole.maps.items():
        np.testing.assert_array_equal(array, again.maps[name])


def test_mirrored_examples_are_mirrored_pictures(drawn: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = CropNet(NET).eval()
    annotations = read_annotations(drawn)
    examples = Examples(annotations, compute_views(net, annotations.photos, tmp_path))
    batch = examples.batch(torch.tensor([0, 1]), torch.tensor([True, False]))
    # picture 0 has its square on the left; mirrored it is picture 1
    torch.testing.assert_close(batch.maps["tokens"][0], batch.maps["tokens"][1], atol=1e-2, rtol=0)
    torch.testing.assert_close(batch.crops[0], torch.tensor([0.5, 0, 1, 1]))
    torch.testing.assert_close(batch.crops[0], batch.crops[1])
    torch.testing.assert_close(batch.first[0], batch.crops[0])
    assert batch.share.tolist() == [1, 1]
    box = torch.tensor([[0.1, 0.2, 0.4, 0.9]])
    yes = torch.tensor([True])
    torch.testing.assert_close(mirror(mirror(box, yes), yes), box)
    assert len(grid_boxes(6)) > 0


def test_without_the_published_weights_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    with pytest.raises(ModelError, match="compose models pull efficientnet-lite2"):
        load_trunks(CropNet(CropNetConfig()))
