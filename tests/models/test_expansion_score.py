"""The scorer of expanded pictures: cells, torch beside ONNX, and what ships."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from compose.core.images import load_picture
from compose.data.fcdb import image_path, read_crops
from compose.models.expansion_export import export_expansion
from compose.models.expansion_net import ExpansionConfig, ExpansionNet
from compose.models.expansion_score import (
    CELLS,
    CHANNELS,
    EXPANSION,
    ExpansionScorer,
    inside_cells,
    stacked,
)
from compose.models.outpainter import Expansion
from compose.models.outpainter_patches import PatchOutpainter
from compose.models.packing import round_int8
from compose.models.picture_look import PictureReader
from compose.models.small_net import load_small_net, small_net_bytes


def maps(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = {"fine": (120, 12, 12), "coarse": (352, 12, 12), "tokens": (384, 16, 16)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@given(st.data())
def test_cells_hold_the_regions_area(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(5, 300)), data.draw(st.integers(5, 300))
    x1, y1 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x2, y2 = data.draw(st.integers(x1 + 1, width)), data.draw(st.integers(y1 + 1, height))
    cells = inside_cells((x1, y1, x2, y2), width, height)
    assert cells.min() >= 0
    assert cells.max() <= 1 + 1e-6
    share = (x2 - x1) * (y2 - y1) / (width * height)
    assert cells.mean() == pytest.approx(share, abs=1e-5)


def test_tokens_are_averaged_into_cells() -> None:
    given_maps = maps()
    found = stacked(given_maps)
    assert found.shape == (CHANNELS, CELLS, CELLS)
    assert (found[:120] == given_maps["fine"]).all()
    tokens = np.repeat(np.repeat(given_maps["tokens"], 3, 1), 3, 2)  # 48 a side, 4 a cell
    direct = tokens.reshape(384, 12, 4, 12, 4).mean((2, 4))
    assert found[472:] == pytest.approx(direct, abs=1e-5)


def test_the_file_that_runs_says_what_the_network_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = ExpansionNet(ExpansionConfig(width=4, hidden=5)).eval()
    net.mean += 0.1
    round_int8(net)
    export_expansion(net, tmp_path / EXPANSION)
    scorer = ExpansionScorer(folder=tmp_path)
    (tmp_path / "n.safetensors").write_bytes(small_net_bytes(net, net.config))
    again = load_small_net(
        tmp_path / "n.safetensors", lambda values: ExpansionNet(ExpansionConfig(**values))
    )
    for seed in range(4):
        inside = inside_cells((seed, 5, 60, 70), 100, 90)
        given_maps = maps(seed)
        with torch.inference_mode():
            inputs = torch.from_numpy(stacked(given_maps))[None], torch.from_numpy(inside)[None]
            logits = net(inputs[0], inputs[1][None])
            other = again(inputs[0], inputs[1][None])
        expected = float(torch.sigmoid(logits[0, 1]))
        assert scorer.bad(given_maps, inside) == pytest.approx(expected, abs=1e-5)
        assert torch.allclose(logits, other, atol=1e-5)


@pytest.mark.data
def test_what_ships_calls_photographs_good_and_much_invention_worse() -> None:
    root = Path("../shared/data/fcdb")
    if not root.is_dir():
        pytest.skip("the photographs of fcdb are not beside the project")
    reader, scorer, engine = PictureReader(), ExpansionScorer(), PatchOutpainter()
    photos, invented = [], []
    for record in read_crops(root, "val")[:12]:
        rgb = load_picture(image_path(root, record.file)).over()
        small = np.asarray(cv2.resize(rgb, (240, 180), interpolation=cv2.INTER_AREA), np.uint8)
        wide = Expansion(small, np.zeros((180, 240), bool), 800, 700, 280, 260)
        inside = inside_cells((280, 260, 520, 440), 800, 700)
        photos.append(scorer.bad(reader.look(rgb).maps, inside))
        invented.append(scorer.bad(reader.look(engine.expand(wide, 0)).maps, inside))
    assert np.mean(np.array(photos) < 0.5) > 0.8
    assert np.mean(invented) > np.mean(photos) + 0.1
