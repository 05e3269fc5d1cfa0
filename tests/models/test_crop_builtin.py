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
from compose.models.crop_builtin import HEADS, LITE, RANK, VIT, BuiltinCropper, weights_folder
from compose.models.crop_grid import grid_boxes, grid_logits
from compose.models.crop_input import log_aspect, squash
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
    for rgb in pictures():
        large = torch.from_numpy(squash(rgb, net.config.side))[None]
        small = torch.from_numpy(squash(rgb, net.config.vit.side))[None]
        aspect = torch.tensor([log_aspect(rgb.shape[1], rgb.shape[0])], dtype=torch.float32)
        with torch.inference_mode():
            tables = net(large, small, aspect)[0].numpy()
        boxes = grid_boxes(net.config.grid)
        theirs = CropBelief.from_logits(boxes, grid_logits(tables, net.config.grid))
        ours = engine.read(rgb)
        np.testing.assert_allclose(engine.energies(rgb), tables, atol=1e-3)
        np.testing.assert_allclose(ours.utility(boxes), theirs.utility(boxes), atol=1e-3)


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
            theirs = head(maps["fine"], maps["coarse"], rows, torch.from_numpy(boxes.copy()))
        np.testing.assert_allclose(engine.scores(rgb, boxes), theirs.numpy(), atol=1e-3)


def test_threads_share_one_engine() -> None:
    engine, photos = BuiltinCropper(), pictures()
    alone = [engine.energies(rgb) for rgb in photos]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(engine.energies, photos * 3), alone * 3, strict=True):
            np.testing.assert_array_equal(found, expected)


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
        "try:\n    main(sys.argv[1:])\n"
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
    total = sum((folder / name).stat().st_size for name in (LITE, VIT, HEADS))
    assert total < 20_000_000
    everything = sum(path.stat().st_size for path in folder.iterdir())
    assert everything < 60_000_000
    for name in ("crop_builtin.md", "crop_rank.md"):
        card = (folder / name).read_text("utf-8").lower()
        for topic in ("data", "command", "licence", "val"):
            assert topic in card, (name, topic)


@pytest.mark.parametrize("name", [LITE, HEADS, RANK])
def test_missing_and_damaged_files_get_one_sentence(tmp_path: Path, name: str) -> None:
    for file in (LITE, VIT, HEADS, RANK):
        if file != name:
            (tmp_path / file).write_bytes((weights_folder() / file).read_bytes())
    opener = RankCropper if name == RANK else BuiltinCropper
    with pytest.raises(ModelError, match=f"{name} is missing"):
        opener(folder=tmp_path)
    (tmp_path / name).write_bytes((weights_folder() / name).read_bytes()[:1000])
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        opener(folder=tmp_path)
