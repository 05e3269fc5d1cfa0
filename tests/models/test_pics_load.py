"""PICS's files: the published layout, ours, and Stable Diffusion's as a beginning."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import pytest
import torch

from compose.core.errors import ModelError, UsageError
from compose.models.pics_config import TINY, PicsConfig
from compose.models.pics_load import begin_pics, load_pics, save_pics
from compose.models.pics_parts import DinoFeatures, KlCodec
from compose.models.pics_routing import is_overlap_layer

from .pics_files import FAMILY, dino_state, published_state, random_net, vae_state
from .test_pics_net import known, noisy

pytest.importorskip("diffusers")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "pics-step=006000_ep18.ckpt"
    state = published_state(random_net())
    torch.save({"state_dict": state, "epoch": 18, "global_step": 6000, "callbacks": {}}, path)
    return path


def test_the_published_layout_is_read(published: Path) -> None:
    model = load_pics(published)
    config = model.net.config
    assert (config.channels, config.multipliers, config.blocks, config.attention) == (
        64, (1, 2), 1, (1, 2),
    )  # fmt: skip
    assert (config.context, config.features, config.hint, config.head) == (48, 64, FAMILY.hint, 64)
    assert (config.side, config.object_side, config.ranks) == (512, 224, 0)
    assert not model.net.training
    original = random_net()
    for name, value in original.state_dict().items():
        assert torch.equal(value, model.net.state_dict()[name]), name
    given, x, times = known(FAMILY), noisy(FAMILY), torch.tensor([3, 500])
    with torch.no_grad():
        torch.testing.assert_close(original(x, times, given), model.net(x, times, given))
        tokens = model.encoder(torch.rand(2, 3, 28, 28))
        latents = model.codec.encode(torch.rand(1, 3, 64, 64) * 2 - 1)
        assert model.codec.decode(latents).shape == (1, 3, 64, 64)
    assert tokens.shape == (2, 5, 64)
    assert latents.shape == (1, 4, 32, 32)  # of a small autoencoder with one halving


def test_our_file_has_the_same_in_it(published: Path, tmp_path: Path) -> None:
    model = load_pics(published)
    path = tmp_path / "pics.safetensors"
    save_pics(model.net.state_dict(), FAMILY, path, model.frozen)
    again = load_pics(path)
    assert again.net.config == FAMILY
    pictures = torch.rand(1, 3, 28, 28)
    assert torch.equal(model.encoder(pictures), again.encoder(pictures))
    for name, value in model.net.state_dict().items():
        assert torch.equal(value, again.net.state_dict()[name]), name


def test_the_tiny_network_needs_no_other_package(tmp_path: Path) -> None:
    net = random_net(TINY)
    save_pics(net.state_dict(), TINY, tmp_path / "tiny.safetensors")
    model = load_pics(tmp_path / "tiny.safetensors")
    given, x, times = known(TINY), noisy(TINY), torch.tensor([3, 500])
    with torch.no_grad():
        assert torch.equal(net(x, times, given), model.net(x, times, given))
    pictures = torch.rand(2, 3, 24, 24)
    assert torch.equal(model.codec.decode(model.codec.encode(pictures)), pictures)
    patches = model.encoder(torch.rand(3, 3, 16, 16))
    assert patches.shape == (3, TINY.tokens, TINY.features)


def test_stable_diffusion_begins_both_networks(tmp_path: Path) -> None:
    unet = random_net().unet.state_dict()
    state = {f"model.diffusion_model.{n}": v for n, v in unet.items() if not is_overlap_layer(n)}
    state |= {f"first_stage_model.{name}": value for name, value in vae_state().items()}
    torch.save({"state_dict": state}, tmp_path / "v2-1_512-ema-pruned.ckpt")
    torch.save(dino_state(gated=False), tmp_path / "dinov2.pth")
    start, objects = tmp_path / "v2-1_512-ema-pruned.ckpt", tmp_path / "dinov2.pth"
    model = begin_pics(FAMILY, start=start, objects=objects)
    ours = model.net.state_dict()
    for name, value in unet.items():
        if is_overlap_layer(name):
            if ".attn_bg.to_out." in name:
                assert not ours[f"unet.{name}"].any()
            continue
        assert torch.equal(ours[f"unet.{name}"], value)
        if name.startswith(("input_blocks.", "middle_block.", "time_embed.")):
            assert torch.equal(ours[f"control.{name}"], value)
    assert not ours["control.middle_block_out.0.weight"].any()
    assert isinstance(model.codec, KlCodec)
    assert isinstance(model.encoder, DinoFeatures)
    with pytest.raises(UsageError, match="--object-encoder"):
        begin_pics(FAMILY, start=start)
    with pytest.raises(UsageError, match="--init"):
        begin_pics(FAMILY, objects=objects)
    with pytest.raises(ModelError, match="another shape"):
        begin_pics(TINY, start=start, objects=objects)


def test_the_object_encoder_is_dino_by_hand() -> None:
    """One block in plain formulas, so that queries, keys and the gate are not mixed up."""
    from compose.models.pics_load import _dino

    torch.manual_seed(1)
    state = dino_state(width=128, cells=2, blocks=1)
    encoder = _dino(state, PicsConfig(features=128), Path("dinov2.pth"))
    picture = torch.rand(1, 3, 28, 28)
    mean, deviation = encoder.mean, encoder.deviation
    weight, bias = state["patch_embed.proj.weight"], state["patch_embed.proj.bias"]
    x = torch.nn.functional.conv2d((picture - mean) / deviation, weight, bias, stride=14)
    x = torch.cat([state["cls_token"], x.flatten(2).transpose(1, 2)], 1) + state["pos_embed"]

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        y = (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-6).sqrt()
        return y * state[f"{name}.weight"] + state[f"{name}.bias"]

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ state[f"blocks.0.{name}.weight"].T + state[f"blocks.0.{name}.bias"]

    q, k, v = linear(norm(x, "blocks.0.norm1"), "attn.qkv")[0].chunk(3, -1)
    heads = []
    for h in range(2):
        part = slice(64 * h, 64 * h + 64)
        heads.append(torch.softmax(q[:, part] @ k[:, part].T / 8, -1) @ v[:, part])
    x = x + state["blocks.0.ls1.gamma"] * linear(torch.cat(heads, -1)[None], "attn.proj")
    gate, value = linear(norm(x, "blocks.0.norm2"), "mlp.w12").chunk(2, -1)
    inner = gate * torch.sigmoid(gate) * value
    x = x + state["blocks.0.ls2.gamma"] * linear(inner, "mlp.w3")
    torch.testing.assert_close(encoder(picture), norm(x, "norm"), rtol=1e-3, atol=1e-4)


def test_the_autoencoder_is_read_as_diffusers_reads_it() -> None:
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    from compose.models.pics_keys import vae_keys, vae_sizes

    state = vae_state((32, 64, 64))
    sizes = vae_sizes(state)
    theirs = convert_ldm_vae_checkpoint(dict(state), sizes)
    ours = vae_keys(state)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name


@pytest.mark.parametrize("drop", ["control_model.zero_convs.1.0.bias", "first_stage_model.",
                                  "cond_stage_model.projector.weight"])  # fmt: skip
def test_what_lacks_a_part_is_refused(published: Path, tmp_path: Path, drop: str) -> None:
    state = torch.load(published, weights_only=True)["state_dict"]
    path = tmp_path / "less.ckpt"
    torch.save({"state_dict": {n: v for n, v in state.items() if not n.startswith(drop)}}, path)
    with pytest.raises((ModelError, UsageError)) as caught:
        load_pics(path)
    assert "\n" not in str(caught.value)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "bad.ckpt"
    ran = tmp_path / "ran"

    class Bad:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(ran), "w"))  # type: ignore[return-value]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save({"state_dict": Bad()}, path, pickle_module=pickle)
    with pytest.raises(ModelError):
        load_pics(path)
    assert not ran.exists()


def test_half_precision_is_widened(published: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    state = torch.load(published, weights_only=True)["state_dict"]
    halves = {n: v.half() if v.is_floating_point() else v for n, v in state.items()}
    save_file(halves, tmp_path / "half.safetensors")
    model = load_pics(tmp_path / "half.safetensors")
    assert {value.dtype for value in model.net.parameters()} == {torch.float32}
    given, x, times = known(FAMILY), noisy(FAMILY), torch.tensor([3, 500])
    with torch.no_grad():
        assert torch.isfinite(model.net(x, times, given)).all()


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (dino_state(width=128), "width 128"),
        (dino_state() | {"register_tokens": torch.zeros(1, 4, 64)}, "registers"),
    ],
)
def test_other_encoders_of_objects_are_refused(
    state: dict[str, torch.Tensor], sentence: str, tmp_path: Path
) -> None:
    from compose.models.pics_load import _dino

    with pytest.raises(ModelError, match=sentence):
        _dino(state, FAMILY, tmp_path / "dinov2.pth")
