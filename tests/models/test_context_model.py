"""The context model reads the published layouts, and answers as transformers' deformable DETR."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from compose.core.errors import ModelError
from compose.models.context_model import CONTEXT, ContextModel, context_state, load_context

TINY = dataclasses.replace(
    CONTEXT, channels=32, heads=4, encoder=2, decoder=2, hidden=48, queries=7, points=2
)


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    from transformers import DeformableDetrConfig, DeformableDetrForObjectDetection, ResNetConfig

    torch.manual_seed(0)
    backbone = ResNetConfig(out_features=["stage2", "stage3", "stage4"])
    model = DeformableDetrForObjectDetection(
        DeformableDetrConfig(
            use_timm_backbone=False,
            use_pretrained_backbone=False,
            backbone=None,
            backbone_config=backbone,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=48,
            decoder_ffn_dim=48,
            num_queries=7,
            encoder_n_points=2,
            decoder_n_points=2,
            num_labels=91,
            dropout=0.0,
        )
    ).eval()
    for name, parameter in model.named_parameters():
        if "sampling_offsets" in name or "class_embed" in name:
            nn.init.normal_(parameter, std=0.3)
    return model


def old_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As the files on the hub have them, with timm's backbone."""
    found = {}
    for name, value in state.items():
        for new, old in (
            ("mlp.fc", "fc"), ("self_attn.o_proj", "self_attn.out_proj"),
            ("backbone.model.embedder.embedder.convolution", "backbone.conv_encoder.model.conv1"),
            ("backbone.model.embedder.embedder.normalization", "backbone.conv_encoder.model.bn1"),
        ):  # fmt: skip
            name = name.replace(new, old)
        if ".encoder.stages." in name:
            head, rest = name.split(".encoder.stages.")
            stage, _, block, tail = rest.split(".", 3)
            tail = tail.replace("shortcut.convolution", "downsample.0")
            tail = tail.replace("shortcut.normalization", "downsample.1")
            for part in "012":
                tail = tail.replace(f"layer.{part}.convolution", f"conv{int(part) + 1}")
                tail = tail.replace(f"layer.{part}.normalization", f"bn{int(part) + 1}")
            head = head.replace("backbone.model", "backbone.conv_encoder.model")
            name = f"{head}.layer{int(stage) + 1}.{block}.{tail}"
        found[name] = value
    return found


def test_it_answers_as_transformers(theirs: nn.Module, tmp_path: Path) -> None:
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    ours = load_context(tmp_path, TINY)
    torch.manual_seed(1)
    pictures = torch.rand(2, 3, 96, 128)
    pad = torch.zeros(2, 96, 128, dtype=torch.bool)
    pad[1, :, 96:] = True
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    scale = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    normal = ((pictures - mean) / scale).masked_fill(pad[:, None], 0)
    with torch.no_grad():
        expected = theirs(pixel_values=normal, pixel_mask=(~pad).long())
    features, logits = ours(pictures, pad)
    assert torch.allclose(features, expected.last_hidden_state, atol=2e-4)
    assert torch.allclose(logits, expected.logits, atol=1e-3)
    assert not ours.train().training


def test_all_layouts_are_one(theirs: nn.Module, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    state = theirs.state_dict()
    new, old = context_state(state), context_state(old_names(state))
    assert new.keys() == old.keys()
    assert all(torch.equal(new[name], old[name]) for name in new)
    authors = {"model": {n: v for n, v in new.items() if not n.startswith("class_embed")}}
    for copy in range(2):
        for kind in ("weight", "bias"):
            authors["model"][f"class_embed.{copy}.{kind}"] = new[f"class_embed.{kind}"]
    authors |= {"epoch": 49, "args": argparse.Namespace(lr=2e-4, backbone="resnet50")}
    torch.save(authors, tmp_path / "r50_deformable_detr-checkpoint.pth")
    unshared = {name: value.clone() for name, value in old_names(state).items()}
    save_file(unshared, tmp_path / "model.safetensors")
    nets = [
        load_context(path, TINY).state_dict()
        for path in (tmp_path / "r50_deformable_detr-checkpoint.pth", tmp_path)
    ]
    assert all(torch.equal(nets[0][name], nets[1][name]) for name in nets[0])


def test_it_refuses_other_networks(tmp_path: Path) -> None:
    torch.save({"model": {"fc.weight": torch.zeros(2, 2)}}, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="no deformable DETR"):
        load_context(tmp_path / "a.pth")
    net = ContextModel(TINY)
    torch.save({"model": net.state_dict()}, tmp_path / "b.pth")
    with pytest.raises(ModelError, match="another network"):
        load_context(tmp_path / "b.pth")
    assert load_context(tmp_path / "b.pth", TINY).config == TINY


def test_the_published_size() -> None:
    with torch.device("meta"):
        net = ContextModel()
    assert net.class_embed.weight.shape == (91, 256)
    assert net.query_embed.weight.shape == (300, 512)
    assert not any(p.requires_grad for p in net.parameters())
    # transformers counts 40,046,792 with two classes and the perceptron of the boxes
    boxes = 2 * (256 * 256 + 256) + 4 * 257
    assert sum(p.numel() for p in net.parameters()) == 40_046_792 - boxes - 2 * 257 + 91 * 257
