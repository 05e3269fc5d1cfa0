"""CLIP's ResNet from random weights in each published form, against a plain second reading."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from compose.core.errors import ModelError
from compose.models.clip_resnet import (
    PIXEL_MEAN,
    PIXEL_STD,
    ClipResNet,
    ClipResNetConfig,
    config_of,
    input_size,
)
from compose.models.encoder_clip import (
    ClipResNetEncoder,
    ClipResNetLoss,
    load_clip_resnet,
    open_clip_resnet,
)
from compose.models.hub import resolve

from .encoder_gradients import check_gradients

SMALL = ClipResNetConfig(layers=(1, 2, 1, 1), width=8, dimensions=6, cells=2)


def network(dtype: torch.dtype = torch.float32) -> ClipResNet:
    torch.manual_seed(0)
    net = ClipResNet(SMALL)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
    nn.init.normal_(net.attnpool.positional_embedding)
    return net.eval().to(dtype)


def pictures(count: int, height: int = 64, width: int = 64, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def published(net: ClipResNet) -> dict[str, Tensor]:
    state = {f"visual.{n}": v.clone() for n, v in net.state_dict().items()}
    return {**state, "logit_scale": torch.ones(()), "token_embedding.weight": torch.ones(4, 2)}


def plain(state: dict[str, Tensor], x: Tensor) -> tuple[list[Tensor], Tensor]:
    """Maps and embedding by functions alone, attention through torch's own multi-head one."""

    def norm(x: Tensor, name: str) -> Tensor:
        keys = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(state[f"{name}.{key}"] for key in keys))

    mean, std = (torch.tensor(v).to(x).view(3, 1, 1) for v in (PIXEL_MEAN, PIXEL_STD))
    x = (x - mean) / std
    x = F.relu(norm(F.conv2d(x, state["conv1.weight"], stride=2, padding=1), "bn1"))
    x = F.relu(norm(F.conv2d(x, state["conv2.weight"], padding=1), "bn2"))
    x = F.relu(norm(F.conv2d(x, state["conv3.weight"], padding=1), "bn3"))
    maps = [F.avg_pool2d(x, 2)]
    for layer, count in enumerate(SMALL.layers, 1):
        x = maps[-1]
        for block in range(count):
            name, stride = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
            y = F.relu(norm(F.conv2d(x, state[f"{name}.conv1.weight"]), f"{name}.bn1"))
            y = F.conv2d(y, state[f"{name}.conv2.weight"], padding=1)
            y = F.avg_pool2d(F.relu(norm(y, f"{name}.bn2")), stride)
            y = norm(F.conv2d(y, state[f"{name}.conv3.weight"]), f"{name}.bn3")
            if f"{name}.downsample.0.weight" in state:
                x = F.conv2d(F.avg_pool2d(x, stride), state[f"{name}.downsample.0.weight"])
                x = norm(x, f"{name}.downsample.1")
            x = F.relu(x + y)
        maps.append(x)
    tokens = x.flatten(2).permute(2, 0, 1)
    tokens = torch.cat([tokens.mean(0, keepdim=True), tokens])
    tokens = tokens + state["attnpool.positional_embedding"][:, None]
    weights = {f"{p}_proj_weight": state[f"attnpool.{p}_proj.weight"] for p in "qkv"}
    bias = torch.cat([state[f"attnpool.{p}_proj.bias"] for p in "qkv"])
    found, _ = F.multi_head_attention_forward(
        tokens[:1], tokens, tokens, tokens.shape[-1], SMALL.heads, None, bias, None, None, False,
        0.0, state["attnpool.c_proj.weight"], state["attnpool.c_proj.bias"], training=False,
        use_separate_proj_weight=True, **weights,
    )  # fmt: skip
    return maps, found[0]


@torch.no_grad()
def test_maps_and_embedding_equal_the_plain_reading() -> None:
    net, x = network(torch.float64), pictures(2).double()
    maps, embedding = plain(net.state_dict(), x)
    for found, wanted in zip(net.maps(x), maps, strict=True):
        assert torch.allclose(found, wanted, atol=1e-10)
    assert torch.allclose(net(x), embedding, atol=1e-10)


def test_sizes_of_rn101() -> None:
    net = ClipResNet()
    assert sum(p.numel() for p in net.parameters()) == 56_259_936
    assert config_of(net.state_dict()) == ClipResNetConfig()
    assert net.config.heads == 32
    with torch.no_grad():
        maps = net.eval().maps(torch.rand(1, 3, 64, 32))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 16, 8),
        (256, 16, 8),
        (512, 8, 4),
        (1024, 4, 2),
        (2048, 2, 1),
    ]


def test_input_keeps_proportions_in_whole_cells() -> None:
    config = ClipResNetConfig()
    assert input_size(300, 300, config) == (224, 224)
    assert input_size(149, 224, config) == (160, 224)
    assert input_size(224, 1, config) == (224, 32)


@pytest.mark.parametrize("form", ["torchscript", "pickle", "safetensors"])
def test_every_published_form_loads(form: str, tmp_path: Path) -> None:
    net = network()
    path = tmp_path / ("net.safetensors" if form == "safetensors" else "net.pt")
    if form == "torchscript":
        whole = nn.Module()
        whole.visual = network().half()  # OpenAI's files are in half precision
        net = net.half().float()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch's, of TorchScript itself
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            traced = torch.jit.trace_module(
                whole.visual, {"forward": pictures(1).half()}, check_trace=False
            )
            holder = nn.Module()
            holder.visual = traced
            torch.jit.script(holder).save(str(path))
    elif form == "pickle":
        torch.save({"state_dict": published(net)}, path)
    else:
        save_file(published(net), path)
    found = load_clip_resnet(path).eval()
    assert found.config == SMALL
    with torch.no_grad():
        assert torch.allclose(found(pictures(1)), net(pictures(1)), atol=1e-5)


def test_a_file_with_a_weight_missing_is_refused(tmp_path: Path) -> None:
    state = published(network())
    del state["visual.layer2.1.conv2.weight"]
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ModelError, match=r"layer2\.1\.conv2\.weight is missing"):
        load_clip_resnet(tmp_path / "net.pt")


@torch.no_grad()
def test_the_distance_is_clipasso_s() -> None:
    encoder = ClipResNetEncoder(network(torch.float64))
    x, y = pictures(3).double(), pictures(3, seed=1).double()
    found = encoder.distance(encoder.features(x), encoder.features(y))
    state = network(torch.float64).state_dict()
    (maps_x, one), (maps_y, other) = plain(state, x), plain(state, y)
    for row in range(3):
        wanted = 0.1 * (1 - F.cosine_similarity(one[row], other[row], dim=0))
        for layer in (2, 3):
            wanted = wanted + (maps_x[layer][row] - maps_y[layer][row]).square().mean()
        assert float(found[row]) == pytest.approx(float(wanted), rel=1e-4)
    assert torch.allclose(encoder.embedding(x), F.normalize(one, dim=1), atol=1e-5)


def test_other_layers_may_be_chosen_and_any_size_will_do() -> None:
    encoder = ClipResNetEncoder(network(), loss=ClipResNetLoss((1, 0, 0, 0, 0.5), 0.0))
    found = encoder.features(pictures(1, 50, 20))
    assert [tuple(f.shape) for f in found] == [(1, 8, 16, 8), (1, 256, 2, 1), (1, 6)]
    assert torch.allclose(encoder.distance(found, found), torch.zeros(1), atol=1e-6)


def test_gradients_agree_with_finite_differences() -> None:
    encoder = ClipResNetEncoder(network(torch.float64))
    x, y = pictures(1, 40, 60).double(), pictures(1, 40, 60, seed=1).double()
    check_gradients(encoder, x, y, step=1e-6, directions=5, rel=1e-4)


def test_the_true_network_where_someone_has_it() -> None:
    try:
        resolve("clip-rn101")
    except ModelError as error:
        pytest.skip(str(error))
    encoder = open_clip_resnet("clip-rn101", "cpu")
    assert encoder.embedding(pictures(1, 150, 224)).shape == (1, 512)
