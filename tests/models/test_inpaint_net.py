"""The network's conventions, and that the exported file and the engine give what torch gives."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from compose.core.errors import ModelError
from compose.models.cache import UserPaths, parse_user_paths
from compose.models.crop_builtin import RANK, OnnxNetwork, weights_folder
from compose.models.inpaint_export import export_inpaint
from compose.models.inpaint_net import (
    InpaintConfig,
    InpaintNet,
    load_inpaint_net,
    spread,
)
from compose.models.inpainter_builtin import INPAINT, BuiltinInpainter
from compose.models.inpainter_patchmatch import PatchMatchInpainter
from compose.models.inpainters import open_inpainter
from compose.models.inpainting import fill_hole
from compose.models.packing import round_int8
from compose.models.small_net import small_net_bytes
from compose.models.wide_tones import wide_tones

TINY = InpaintConfig(widths=(4, 4, 8, 8, 8), blocks=(1, 1, 1, 1, 1), kernel=3, side=64)


def random_net(seed: int = 0) -> InpaintNet:
    """Rounded, with an end that is not zero, as after training."""
    torch.manual_seed(seed)
    net = InpaintNet(TINY)
    torch.nn.init.normal_(net.out.weight, std=0.1)
    round_int8(net)
    return net.eval()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("net") / INPAINT
    export_inpaint(random_net(), path)
    return path


def scene(height: int = 64, width: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    picture = torch.rand(2, 3, height, width, generator=draw)
    hole = torch.zeros(2, 1, height, width)
    hole[:, :, 20:45, 30:70] = 1
    return picture, hole


@torch.inference_mode()
def test_outside_the_hole_nothing_changes_and_inside_nothing_matters() -> None:
    net = random_net()
    picture, hole = scene()
    found = net(picture, hole)
    torch.testing.assert_close(found * (1 - hole), picture * (1 - hole))
    torch.testing.assert_close(net(torch.where(hole > 0, 1 - picture, picture), hole), found)
    assert (found[:, :, 20:45, 30:70].std((2, 3)) > 1e-4).all()


@torch.inference_mode()
def test_it_begins_as_the_pyramid() -> None:
    picture, hole = scene()
    torch.testing.assert_close(InpaintNet(TINY)(picture, hole), spread(picture, hole))


def test_the_pyramid_continues_colours() -> None:
    picture = torch.zeros(1, 3, 64, 96)
    picture[:, 0] = torch.linspace(0, 1, 96)
    picture[:, 1] = 0.25
    hole = torch.zeros(1, 1, 64, 96)
    hole[..., 24:40, 40:56] = 1
    found = spread(picture, hole)
    torch.testing.assert_close(found[:, 1], picture[:, 1])
    ramp = found[0, 0, 32, 40:56]
    assert (ramp.diff() > -1e-3).all()
    assert ramp[-1] - ramp[0] > 0.04
    assert (ramp - picture[0, 0, 32, 40:56]).abs().max() < 0.08
    # even where the hole is all but a corner, something known is spread
    hole[:] = 1
    hole[..., :2, :2] = 0
    assert spread(picture, hole)[:, 1].sub(0.25).abs().max() < 1e-4


@pytest.mark.parametrize("size", [(64, 64), (32, 96), (128, 64)])
def test_the_file_gives_what_torch_gives_at_any_size(file: Path, size: tuple[int, int]) -> None:
    picture, hole = scene(*size)
    with torch.inference_mode():
        expected = random_net()(picture[:1], hole[:1]).numpy()
    (found,) = OnnxNetwork(file, 1).run(picture=picture[:1].numpy(), hole=hole[:1].numpy())
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_weights_go_through_a_file(tmp_path: Path) -> None:

    net = random_net()
    path = tmp_path / "inpaint.safetensors"
    path.write_bytes(small_net_bytes(net, TINY))
    picture, hole = scene()
    with torch.inference_mode():
        torch.testing.assert_close(load_inpaint_net(path)(picture, hole), net(picture, hole))
    path.write_bytes(small_net_bytes(net, InpaintConfig()))
    with pytest.raises(ModelError, match=r"^inpaint.safetensors holds another network [^\n]+\.$"):
        load_inpaint_net(path)


def test_sizes_that_cannot_be_are_refused() -> None:
    for wrong in ({"side": 100}, {"widths": (4, 4)}, {"blocks": (1,)}):
        with pytest.raises(ValueError, match="divided by 32"):
            InpaintConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 2), (3, 5), (40, 31), (90, 130), (33, 300)])
@pytest.mark.parametrize("texture", [True, False])
def test_the_engine_fills_the_hole_alone_and_alike_every_time(
    file: Path, shape: tuple[int, int], texture: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import patchmatch

    monkeypatch.setattr(patchmatch, "patchmatch_available", texture)
    engine = BuiltinInpainter(file)
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    hole = np.zeros(shape, bool)
    hole[shape[0] // 3 : shape[0] // 2 + 1, : shape[1] // 2] = True
    filled = engine.fill(rgb, hole, 3)
    assert filled.shape == rgb.shape
    assert filled.dtype == np.uint8
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])
    np.testing.assert_array_equal(engine.fill(rgb, hole, 3), filled)
    other = rgb.copy()
    other[hole] = 255
    np.testing.assert_array_equal(engine.fill(other, hole, 3), filled)


def test_the_engine_is_had_by_name_and_a_file(file: Path) -> None:
    engine = open_inpainter("builtin", user=UserPaths({"inpaint": file}))
    assert engine.name == "builtin"
    rgb = np.full((50, 70, 3), 90, np.uint8)
    hole = np.zeros((50, 70), bool)
    hole[10:30, 20:50] = True
    assert fill_hole(engine, rgb, hole, seed=0).shape == rgb.shape


def test_without_a_network_one_sentence_says_how_to_get_one(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    with pytest.raises(ModelError, match=r"^[^\n]+`compose train inpaint`[^\n]+\.$"):
        open_inpainter("builtin")
    with pytest.raises(ModelError, match=r"^[^\n]+no.onnx, given for [^\n]+\.$"):
        open_inpainter("builtin", user=parse_user_paths([f"inpaint={tmp_path / 'no.onnx'}"]))
    monkeypatch.setenv("COMPOSE_MODELS", str(file.parent))
    assert open_inpainter("builtin").name == "builtin"
    monkeypatch.setenv("COMPOSE_MODELS", f"inpaint={file}")
    assert open_inpainter("builtin").name == "builtin"


def test_a_file_of_another_network_is_one_sentence(tmp_path: Path) -> None:
    for content in (b"no network", (weights_folder() / RANK).read_bytes()):
        (tmp_path / INPAINT).write_bytes(content)
        with pytest.raises(ModelError, match=r"^[^\n]+\.$"):
            BuiltinInpainter(tmp_path / INPAINT)


def test_wide_tones_are_what_is_left_of_a_picture_without_its_texture() -> None:
    stripes = np.where(np.arange(160) % 2, 20, -20)
    rgb = np.repeat(np.broadcast_to(100 + stripes, (120, 160))[..., None], 3, 2).astype(np.uint8)
    np.testing.assert_allclose(wide_tones(rgb, 6.0)[:, 20:140], -28, atol=0.1)
    steps = np.full((120, 160, 3), 128, np.uint8)
    steps[:, 80:] = 168
    found = wide_tones(steps, 6.0)
    assert found[60, 79, 0] == pytest.approx(20, abs=2)
    assert np.abs(found[60, :50]).max() < 0.1
    np.testing.assert_allclose(found[60, 110:], 40, atol=0.1)


def test_patches_fit_in_another_light(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grain under a lamp: what the hole hides is brighter than anything around."""
    y, x = np.mgrid[0:120, 0:200]
    light = 70 + 110 * np.exp(-((x - 85) ** 2 + (y - 60) ** 2) / (2 * 35**2))
    grain = np.random.default_rng(0).normal(0, 12, (120, 200))
    rgb = np.repeat(np.clip(light + grain, 0, 255)[..., None], 3, 2).astype(np.uint8)
    hole = np.zeros((120, 200), bool)
    hole[40:80, 60:110] = True
    engine = BuiltinInpainter(file)
    monkeypatch.setattr(engine, "colours", lambda rgb, hole: light_alone)
    light_alone = np.repeat(light[..., None], 3, 2).astype(np.uint8)
    away = {}
    plain = PatchMatchInpainter().led(
        rgb, hole, np.zeros(rgb.shape, np.float32), 0, share=0, guide=0
    )
    for name, filled in (("builtin", engine.fill(rgb, hole, 0)), ("patches", plain)):
        smooth = cv2.blur(filled.astype(np.float32), (15, 15))[hole] - light_alone[hole]
        away[name] = np.abs(smooth).mean()
        assert filled[hole].astype(float).std() > 12  # the grain is there
    assert away["builtin"] < 0.7 * away["patches"]
