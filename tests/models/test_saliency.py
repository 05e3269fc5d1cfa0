"""Engines of salient subjects: what ships equals the torch network, and names stand for engines."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from compose.core.errors import ModelError, UsageError
from compose.core.images import load_reduced
from compose.models import saliency, saliency_u2net
from compose.models.crop_builtin import weights_folder
from compose.models.saliency import open_saliency, saliency_here, saliency_name
from compose.models.saliency_builtin import SALIENCY, BuiltinSaliency, refined
from compose.models.saliency_features import SHAPES, SaliencyTrunks
from compose.models.saliency_net import SaliencyConfig, SaliencyNet, load_saliency_net

PHOTOS = sorted(
    path
    for path in (Path(__file__).parents[2] / "target_images").iterdir()
    if path.suffix in {".jpg", ".png", ".webp"}
)


def pictures() -> list[np.ndarray]:
    return [load_reduced(path, 224).over() for path in PHOTOS[:2]]


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)


def test_the_map_equals_that_of_the_torch_network() -> None:
    engine = open_saliency("builtin")
    trunks = SaliencyTrunks(1, weights_folder())
    net = load_saliency_net(weights_folder() / "saliency.safetensors")
    for rgb in pictures():
        maps = trunks.maps(rgb)
        assert {k: v.shape for k, v in maps.items()} == {
            name: (channels, side, side) for name, (channels, side) in SHAPES.items()
        }
        with torch.inference_mode():
            logits = net({name: torch.tensor(values)[None] for name, values in maps.items()})
        theirs = refined(rgb, torch.sigmoid(logits)[0, 0].numpy())
        found = engine.read(rgb)
        assert found.shape == rgb.shape[:2]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, theirs, atol=1e-3)


def test_maps_of_the_quarters_lie_where_the_quarters_do() -> None:
    rgb = pictures()[0][:160, :240]
    trunks = SaliencyTrunks(1, weights_folder())
    maps, corner = trunks.maps(rgb), trunks.maps(rgb[80:, :120])
    np.testing.assert_allclose(maps["near_tokens"][:, 16:, :16], corner["tokens"], atol=1e-4)
    np.testing.assert_allclose(maps["near_fine"][:, 12:, :12], corner["fine"], atol=1e-4)


def test_the_network_that_ships_is_small() -> None:
    assert sum(p.numel() for p in SaliencyNet().parameters()) <= 60_000
    files = [path for path in weights_folder().iterdir() if path.name.startswith("saliency")]
    assert {path.suffix for path in files} == {".onnx", ".safetensors", ".md"}
    assert sum(path.stat().st_size for path in files) < 500_000
    card = (weights_folder() / "saliency.md").read_text("utf-8").lower()
    for topic in ("data", "command", "licence", "val"):
        assert topic in card, topic


def test_dropping_channels_keeps_the_mean_of_what_is_projected() -> None:
    """The dropout is on the weights' side; over many draws it has to change nothing on average."""
    torch.manual_seed(0)
    net = SaliencyNet(SaliencyConfig(maps=("fine",), dropout=0.5))
    x = torch.randn(1, *SHAPES["fine"][:1], 12, 12) + 1
    net.standardise({"fine": (torch.ones(120), torch.full((120,), 2.0))})
    with torch.inference_mode():
        plain = net.eval()._projected("fine", x)
        expected = torch.nn.functional.conv2d(
            (x - 1) / 2, net.project["fine"].weight[..., None, None]
        )
        torch.testing.assert_close(plain, expected, atol=1e-5, rtol=1e-4)
        many = net.train()._projected("fine", x.expand(2000, -1, -1, -1))
    assert many.std(0).mean() > 0.1
    torch.testing.assert_close(many.mean(0), plain[0], atol=0.12, rtol=0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (7, 3), (40, 400)])
def test_any_shape_gets_a_map(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    for name in ("builtin", "centre"):
        found = open_saliency(name).read(rgb)
        assert found.shape == shape
        assert np.isfinite(found).all()
        assert 0 <= found.min() <= found.max() <= 1


def test_threads_share_one_engine() -> None:
    engine, photos = open_saliency("builtin"), pictures()
    alone = [engine.read(rgb) for rgb in photos]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(engine.read, photos * 2), alone * 2, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_the_constant_is_symmetric_and_highest_in_the_middle() -> None:
    found = open_saliency("centre").read(np.zeros((31, 51, 3), np.uint8))
    np.testing.assert_allclose(found, found[::-1, ::-1], rtol=1e-6)
    assert found.argmax() == 15 * 51 + 25
    assert found[15, 25] == 1


@pytest.mark.usefixtures("nothing_here")
def test_auto_is_what_is_here() -> None:
    assert saliency_name("auto") == open_saliency().name == "builtin"
    assert saliency_here() == ["builtin", "centre"]
    with pytest.raises(ModelError, match="compose models pull u2netp"):
        open_saliency("u2netp")
    with pytest.raises(UsageError, match="use auto, builtin, u2netp, centre"):
        saliency_name("best")


def tiny_u2net(path: Path) -> None:
    """A network of u2netp's form that answers with the mean of the channels, and six maps more."""
    node = helper.make_node("ReduceMean", ["input.1"], ["0"], axes=[1], keepdims=1)
    rest = [helper.make_node("Neg", ["0"], [str(i)]) for i in range(1, 7)]
    shape = [1, 3, 320, 320]
    given = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, shape)
    ends = [
        helper.make_tensor_value_info(str(i), TensorProto.FLOAT, [1, 1, 320, 320]) for i in range(7)
    ]
    graph = helper.make_graph([node, *rest], "tiny", [given], ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))


def test_u2net_s_input_is_scaled_by_its_peak_and_its_first_map_stretched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_u2net(tmp_path / "u2netp.onnx")
    monkeypatch.setattr(saliency_u2net, "resolve", lambda name: tmp_path / f"{name}.onnx")
    monkeypatch.setattr(saliency, "is_here", lambda name: True)
    assert saliency_here() == ["builtin", "u2netp", "centre"]
    engine = open_saliency("u2netp")
    assert engine.name == "u2netp"
    rgb = np.repeat(np.linspace(0, 100, 640).astype(np.uint8)[None, :, None], 480, 0)
    rgb = np.repeat(rgb, 3, 2)
    found = engine.read(rgb)
    assert found.shape == (480, 640)
    # grey of level v becomes an affine function of v, stretched to [0, 1]
    np.testing.assert_allclose(found, rgb[..., 0] / 100, atol=0.02)
    assert engine.read(np.full((9, 7, 3), 50, np.uint8)).max() == 0  # nothing stands out


def test_a_damaged_file_of_the_user_s_is_not_the_installation_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(b"no network")
    monkeypatch.setenv("COMPOSE_MODELS", f"u2netp={own}")
    with pytest.raises(
        ModelError, match=r"own\.onnx is damaged or .*; correct the path"
    ) as damaged:
        open_saliency("u2netp")
    assert str(own) in str(damaged.value)
    assert "install" not in str(damaged.value)
    (tmp_path / SALIENCY).write_bytes(b"no network")
    monkeypatch.setattr("compose.models.crop_builtin.weights_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match="is damaged; install the tool again"):
        BuiltinSaliency(folder=tmp_path)


def test_missing_and_damaged_files_get_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"saliency\.onnx is missing"):
        open_saliency("builtin", weights=tmp_path)
    (tmp_path / SALIENCY).write_bytes((weights_folder() / SALIENCY).read_bytes()[:999])
    with pytest.raises(ModelError, match=r"saliency\.onnx is damaged"):
        BuiltinSaliency(folder=tmp_path)
    with pytest.raises(ModelError, match="cannot read"):
        load_saliency_net(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="another network"):
        load_saliency_net(weights_folder() / "crop_rank.safetensors")


def test_using_it_imports_no_torch() -> None:
    code = (
        "import sys, numpy\n"
        "from compose.models.saliency import open_saliency\n"
        "open_saliency('builtin').read(numpy.zeros((20, 30, 3), 'uint8'))\n"
        "sys.exit(' '.join({'torch', 'onnx', 'safetensors'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
