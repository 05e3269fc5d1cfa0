"""CLIP's transformer from random weights in each published form, against transformers itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from compose.core.errors import ModelError
from compose.models.encoder_clip_vit import (
    ClipVitEncoder,
    ClipVitLoss,
    load_clip_vit,
    open_clip_vit,
    transformers_names,
)
from compose.models.hub import resolve

transformers = pytest.importorskip("transformers")

LOSS = ClipVitLoss(blocks=((1, 1.0), (3, 0.5)))


def network(activation: str = "quick_gelu") -> torch.nn.Module:
    torch.manual_seed(0)
    config = transformers.CLIPVisionConfig(
        hidden_size=128, intermediate_size=96, num_hidden_layers=3, num_attention_heads=2,
        image_size=48, patch_size=16, projection_dim=10, hidden_act=activation,
    )  # fmt: skip
    net = transformers.CLIPVisionModelWithProjection(config).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    return net


def openai_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors as OpenAI's file holds them, written out name by name."""
    embeddings, layers = "vision_model.embeddings", "vision_model.encoder.layers"
    found = {
        "visual.class_embedding": state[f"{embeddings}.class_embedding"],
        "visual.positional_embedding": state[f"{embeddings}.position_embedding.weight"],
        "visual.conv1.weight": state[f"{embeddings}.patch_embedding.weight"],
        "visual.proj": state["visual_projection.weight"].T.contiguous(),
        "logit_scale": torch.ones(()),
    }
    for leaf in ("weight", "bias"):
        found[f"visual.ln_pre.{leaf}"] = state[f"vision_model.pre_layrnorm.{leaf}"]
        found[f"visual.ln_post.{leaf}"] = state[f"vision_model.post_layernorm.{leaf}"]
        for number in range(3):
            old, new = f"{layers}.{number}", f"visual.transformer.resblocks.{number}"
            found[f"{new}.ln_1.{leaf}"] = state[f"{old}.layer_norm1.{leaf}"]
            found[f"{new}.ln_2.{leaf}"] = state[f"{old}.layer_norm2.{leaf}"]
            found[f"{new}.mlp.c_fc.{leaf}"] = state[f"{old}.mlp.fc1.{leaf}"]
            found[f"{new}.mlp.c_proj.{leaf}"] = state[f"{old}.mlp.fc2.{leaf}"]
            found[f"{new}.attn.out_proj.{leaf}"] = state[f"{old}.self_attn.out_proj.{leaf}"]
            found[f"{new}.attn.in_proj_{leaf}"] = torch.cat(
                [state[f"{old}.self_attn.{part}_proj.{leaf}"] for part in "qkv"]
            )
    return found


def pictures(count: int, height: int = 48, width: int = 48, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_openai_s_names_become_those_of_transformers() -> None:
    state = network().state_dict()
    renamed = transformers_names(openai_names(state))
    assert renamed.keys() == state.keys()
    assert all(torch.equal(renamed[name], state[name]) for name in state)


@pytest.mark.parametrize("form", ["openai", "state", "folder"])
def test_every_published_form_loads(form: str, tmp_path: Path) -> None:
    net = network()
    path = tmp_path / "net.pt"
    if form == "folder":
        net.save_pretrained(tmp_path)
        path = tmp_path / "model.safetensors"
    else:
        state = net.state_dict()
        torch.save(openai_names(state) if form == "openai" else state, path)
    found = load_clip_vit(path).eval()
    with torch.no_grad():
        x = pictures(2)
        assert torch.allclose(found(x).image_embeds, net(x).image_embeds, atol=1e-5)


def test_the_activation_is_that_of_the_configuration_beside_the_file(tmp_path: Path) -> None:
    net = network("gelu")
    torch.save(net.state_dict(), tmp_path / "net.pt")
    assert load_clip_vit(tmp_path / "net.pt").config.hidden_act == "quick_gelu"
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"vision_config": {"hidden_act": "gelu"}}), encoding="utf-8")
    found, x = load_clip_vit(tmp_path / "net.pt").eval(), pictures(1)
    with torch.no_grad():
        assert torch.allclose(found(x).image_embeds, net(x).image_embeds, atol=1e-5)
    config.write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="is not JSON"):
        load_clip_vit(tmp_path / "net.pt")


@torch.no_grad()
def test_the_distance_is_the_sum_of_its_terms() -> None:
    encoder = ClipVitEncoder(network(), loss=LOSS)
    x, y = pictures(2), pictures(2, seed=1)
    found = encoder.distance(encoder.features(x), encoder.features(y))
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(3, 1, 1)
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(3, 1, 1)
    a, b = (network()((p - mean) / std, output_hidden_states=True) for p in (x, y))
    for row in range(2):
        wanted = 0.1 * (1 - F.cosine_similarity(a.image_embeds[row], b.image_embeds[row], dim=0))
        for block, weight in LOSS.blocks:
            apart = a.hidden_states[block][row] - b.hidden_states[block][row]
            wanted = wanted + weight * apart.square().mean()
        assert float(found[row]) == pytest.approx(float(wanted), rel=1e-4)


def test_a_picture_keeps_its_proportions() -> None:
    encoder = ClipVitEncoder(network(), loss=LOSS)
    x = pictures(1, 30, 48).requires_grad_()
    found = encoder.features(x)
    assert [tuple(f.shape) for f in found] == [(1, 7, 128), (1, 7, 128), (1, 10)]
    other = [f.detach() for f in encoder.features(pictures(1, 30, 48, seed=1))]
    encoder.distance(found, other).sum().backward()
    assert x.grad is not None
    assert x.grad.norm() > 0
    assert torch.allclose(encoder.embedding(pictures(2, 10, 90)).norm(dim=1), torch.ones(2))


def test_gradients_agree_with_finite_differences() -> None:
    encoder = ClipVitEncoder(network().double(), loss=LOSS)
    x, y = pictures(1, 32, 48).double(), pictures(1, 32, 48, seed=1).double()
    target = [f.detach() for f in encoder.features(y)]

    def loss(p: Tensor) -> Tensor:
        return encoder.distance(encoder.features(p), target).sum()

    free = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(free), free)
    step = torch.randn(x.shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    wanted = (loss(x + 1e-6 * step) - loss(x - 1e-6 * step)) / 2e-6
    assert float((gradient * step).sum()) == pytest.approx(float(wanted), rel=1e-4)


def test_the_true_network_where_someone_has_it() -> None:
    try:
        resolve("clip-vit-b32")
    except ModelError as error:
        pytest.skip(str(error))
    encoder = open_clip_vit("clip-vit-b32", "cpu")
    assert encoder.embedding(pictures(1, 150, 224)).shape == (1, 512)
