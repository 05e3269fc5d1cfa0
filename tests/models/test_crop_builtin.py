"""The weights that ship: equal to the torch network, thread-safe, and run without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import ModelError
from compose.core.images import load_picture, load_reduced
from compose.models.crop_belief import CropBelief
from compose.models.crop_builtin import (
    HEADS,
    LITE,
    RANK,
    REGIONS,
    VIT,
    BuiltinCropper,
    weights_folder,
)
from compose.models.crop_grid import grid_boxes
from compose.models.crop_input import log_aspect, squash
from compose.models.crop_loss import box_energies, grid_energies
from compose.models.crop_rank import RankCropper, anchors
from compose.models.crop_weights import load_crop_net, load_rank_head

PHOTOS = sorted(
    path
    for path in (Path(__file__).parents[2] / "target_images").iterdir()
    if path.suffix in {".jpg", ".png", ".webp"}
)


def pictures() -> list[np.ndarray]:
    return [load_reduced(path, 384).over() for path in PHOTOS[:4]]


def test_scores_equal_those_of_the_torch_network_within_a_thousandth() -> None:
    net, engine = load_crop_net(weights_folder()), BuiltinCropper()
    rank, config = load_rank_head(weights_folder()), net.config
    for rgb in pictures():
        large = torch.from_numpy(squash(rgb, config.side))[None]
        small = torch.from_numpy(squash(rgb, config.vit.side))[None]
        aspect = log_aspect(rgb.shape[1], rgb.shape[0])
        found = engine.maps(rgb)
        boxes, logits = engine.logits(found, aspect)
        with torch.inference_mode():
            maps = net.features(large, small)
            energies = net.energies(maps, torch.tensor([aspect], dtype=torch.float32))
            chosen = torch.from_numpy(boxes)
            rows = torch.zeros(len(boxes)).long()
            both = torch.cat([maps["fine"], maps["coarse"]], 1)
            scores = (net.scores(maps, rows, chosen) + rank(both, rows, chosen)) / 2
            theirs = (1 - config.region_share) * box_energies(energies, rows, chosen)
            theirs = theirs + config.region_share * scores
        for name in maps:
            np.testing.assert_allclose(found[name], maps[name].numpy(), atol=1e-3)
        np.testing.assert_allclose(logits, theirs.numpy(), atol=2e-3)
        belief = CropBelief.from_logits(boxes, theirs.numpy())
        crops = grid_boxes(6)
        np.testing.assert_allclose(
            engine.read(rgb).utility(crops), belief.utility(crops), atol=1e-3
        )
        likely = grid_energies(energies, config.grid)[0].topk(config.looked_at).values[-1]
        assert (box_energies(energies, rows, chosen) >= likely - 2e-3).all()


def test_rank_scores_equal_those_of_the_torch_network() -> None:
    net, head = load_crop_net(weights_folder()), load_rank_head(weights_folder())
    engine = RankCropper()
    for rgb in pictures()[:2]:
        large = torch.from_numpy(squash(rgb, net.config.side))[None]
        small = torch.zeros(1, 3, net.config.vit.side, net.config.vit.side)
        boxes = anchors(round(rgb.shape[1] / rgb.shape[0], 3))
        with torch.inference_mode():
            maps = net.features(large, small)
            rows = torch.zeros(len(boxes)).long()
            features = torch.cat([maps["fine"], maps["coarse"]], 1)
            theirs = head(features, rows, torch.from_numpy(boxes.copy()))
        np.testing.assert_allclose(engine.scores(rgb, boxes), theirs.numpy(), atol=1e-3)


def test_threads_share_one_engine() -> None:
    engine, photos = BuiltinCropper(), pictures()
    alone = [engine.read(rgb) for rgb in photos]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(engine.read, photos * 3), alone * 3, strict=True):
            np.testing.assert_array_equal(found.boxes, expected.boxes)
            np.testing.assert_array_equal(found.probability, expected.probability)


def test_a_reduced_picture_gives_nearly_the_same_belief() -> None:
    engine = BuiltinCropper()
    path = next(path for path in PHOTOS if path.name == "sunset.jpg")  # 12 megapixels
    boxes = grid_boxes(8)
    small = engine.read(load_reduced(path, engine.side).over()).utility(boxes)
    np.testing.assert_allclose(
        engine.read(load_picture(path).over()).utility(boxes), small, atol=0.03
    )


def test_using_it_imports_no_torch_and_touches_no_network() -> None:
    code = (
        "import json, socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from compose.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})), file=sys.stderr)\n"
    )
    arguments = ["crop", str(PHOTOS[0]), "--json", "--topk", "2"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    record = json.loads(done.stdout)
    assert record["engine"] == "builtin"
    assert len(record["crops"]) == 2
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert not loaded & {"torch", "transformers", "onnx", "safetensors", "huggingface_hub"}


def test_what_ships_is_small_and_has_cards() -> None:
    folder = weights_folder()
    total = sum((folder / name).stat().st_size for name in (LITE, VIT, HEADS, REGIONS))
    assert total < 20_000_000
    everything = sum(path.stat().st_size for path in folder.iterdir())
    assert everything < 60_000_000
    for name in ("crop_builtin.md", "crop_rank.md"):
        card = (folder / name).read_text("utf-8").lower()
        for topic in ("data", "command", "licence", "val"):
            assert topic in card, (name, topic)


@pytest.mark.parametrize("name", [LITE, HEADS, REGIONS, RANK])
def test_missing_and_damaged_files_get_one_sentence(tmp_path: Path, name: str) -> None:
    for file in (LITE, VIT, HEADS, REGIONS, RANK):
        if file != name:
            (tmp_path / file).write_bytes((weights_folder() / file).read_bytes())
    opener = RankCropper if name == RANK else BuiltinCropper
    with pytest.raises(ModelError, match=f"{name} is missing"):
        opener(folder=tmp_path)
    (tmp_path / name).write_bytes((weights_folder() / name).read_bytes()[:1000])
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        opener(folder=tmp_path)
