"""PICS's published checkpoint, taken apart: names of its parts and the sizes of its networks.

The file is one of PyTorch Lightning's, as those of AnyDoor, ControlNet and latent diffusion. Our
U-Net and hint branch have its names; only the fronts differ. DINOv2 has the names of its authors'
code and is read as transformers' network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .pics_config import PicsConfig

State = dict[str, Tensor]

# the part of the file, and of `PicsNet`
_NET = {
    "model.diffusion_model.": "unet.",
    "control_model.": "control.",
    "cond_stage_model.projector.": "projector.",
    "order.": "order.",  # ours
}
AUTOENCODER, ENCODER = "first_stage_model.", "cond_stage_model.model."
_DOWN = re.compile(r"input_blocks\.(\d+)\.0\.op\.weight")
_HEADS = 64  # channels of a head in every published network of the family


def net_state(state: State) -> State:
    """The tensors of `PicsNet`, by its names."""
    found: State = {}
    for there, ours in _NET.items():
        found |= {ours + name: value for name, value in below(state, there).items()}
    return found


def published_names(net: State) -> State:
    """`net_state` turned round."""
    turned = {ours: there for there, ours in _NET.items()}
    fronts = {name: f"{name.partition('.')[0]}." for name in net}
    return {turned[f] + name[len(f) :]: net[name] for name, f in fronts.items()}


def below(state: State, front: str) -> State:
    """The tensors whose names begin with `front`, without it."""
    return {name[len(front) :]: t for name, t in state.items() if name.startswith(front)}


def sizes_of(state: State, hint: State | None = None) -> dict[str, Any]:
    """Fields of `PicsConfig` that a U-Net's tensors tell, and those that the hint branch's do.

    Raises:
        KeyError, ValueError: it is another network.
    """
    first = state["input_blocks.0.0.weight"]
    channels, latents = first.shape[:2]
    halvings = sorted(int(m[1]) for name in state if (m := _DOWN.fullmatch(name)))
    count = 1 + _highest(state, r"input_blocks\.(\d+)\.")
    ends = [*halvings, count]
    begins = [1, *(number + 1 for number in halvings)]
    blocks = {end - begin for begin, end in zip(begins, ends, strict=True)}
    if len(blocks) != 1:
        raise ValueError("its levels differ in depth")
    widths = [state[f"input_blocks.{b}.0.in_layers.2.weight"].shape[0] for b in begins]
    seen = [
        2**level for level, b in enumerate(begins) if f"input_blocks.{b}.1.norm.weight" in state
    ]
    listened = "middle_block.1.transformer_blocks.0.attn2.to_k.weight"
    sizes: dict[str, Any] = {
        "channels": channels,
        "latents": latents,
        "multipliers": tuple(width // channels for width in widths),
        "blocks": blocks.pop(),
        "attention": tuple(seen),
        "context": state[listened].shape[1],
        "head": _HEADS,
    }
    if hint is not None:
        last = _highest(hint, r"input_hint_block\.(\d+)\.")
        numbers = [0, *range(4, last, 4)]
        sizes["hint"] = tuple(hint[f"input_hint_block.{n}.weight"].shape[0] for n in numbers)
    return sizes


def published_config(state: State) -> PicsConfig:
    """The configuration of a published file.

    Raises:
        KeyError, ValueError: it is another network.
    """
    unet, hint = below(state, "model.diffusion_model."), below(state, "control_model.")
    patch = state[f"{ENCODER}patch_embed.proj.weight"].shape[-1]
    features = state["cond_stage_model.projector.weight"].shape[1]
    return PicsConfig(**sizes_of(unet, hint), features=features, patch=patch)


def dino_sizes(state: State) -> dict[str, Any]:
    """Arguments of transformers' `Dinov2Config`, from the state of DINOv2's authors' code.

    Raises:
        KeyError, ValueError: it is another network.
    """
    width, _, _, patch = state["patch_embed.proj.weight"].shape
    cells = round((state["pos_embed"].shape[1] - 1) ** 0.5)
    gated = "blocks.0.mlp.w12.weight" in state
    return {
        "hidden_size": width,
        "num_hidden_layers": 1 + _highest(state, r"blocks\.(\d+)\."),
        "num_attention_heads": width // _HEADS,
        "image_size": cells * patch,
        "patch_size": patch,
        "use_swiglu_ffn": gated,
    }


def dino_keys(state: State, names: Iterable[str]) -> State:
    """The state of DINOv2's authors' code with the names of transformers' `Dinov2Model`.

    Args:
        state: theirs.
        names: that the network has; transformers has changed them between versions.
    """
    recent = any(".attention.q_proj." in name for name in names)
    attention = (
        ("attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.o_proj")
        if recent
        else (*(f"attention.attention.{n}" for n in ("query", "key", "value")),
              "attention.output.dense")
    )  # fmt: skip
    renamed = (
        (r"^(cls_token|mask_token)$", r"embeddings.\1"),
        (r"^pos_embed$", "embeddings.position_embeddings"),
        (r"^patch_embed\.proj\.", "embeddings.patch_embeddings.projection."),
        (r"^norm\.", "layernorm."),
        (r"^blocks\.", "encoder.layer."),
        (r"\.attn\.proj\.", f".{attention[3]}."),
        (r"\.ls(\d)\.gamma$", r".layer_scale\1.lambda1"),
        (r"\.mlp\.w3\.", ".mlp.down_proj." if recent else ".mlp.weights_out."),
    )
    found = {}
    for name, value in state.items():
        new = name
        for pattern, replacement in renamed:
            new = re.sub(pattern, replacement, new)
        if ".attn.qkv." in new:
            for part, third in zip(attention[:3], value.chunk(3), strict=True):
                found[new.replace("attn.qkv", part)] = third
        elif ".mlp.w12." in new and recent:
            for part, half in zip(("gate_proj", "up_proj"), value.chunk(2), strict=True):
                found[new.replace("w12", part)] = half
        else:
            found[new.replace(".mlp.w12.", ".mlp.weights_in.")] = value
    return found


def vae_sizes(state: State) -> dict[str, Any]:
    """Arguments of diffusers' `AutoencoderKL`, from latent diffusion's own state.

    Raises:
        KeyError: it is another network.
    """
    levels = 1 + _highest(state, r"encoder\.down\.(\d+)\.")
    widths = [state[f"encoder.down.{i}.block.0.conv1.weight"].shape[0] for i in range(levels)]
    return {
        "block_out_channels": tuple(widths),
        "layers_per_block": 1 + _highest(state, r"encoder\.down\.0\.block\.(\d+)\."),
        "latent_channels": state["post_quant_conv.weight"].shape[1],
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "norm_num_groups": 32,
    }


def vae_keys(state: State) -> State:
    """Latent diffusion's own state with the names of diffusers' `AutoencoderKL`."""
    levels = 1 + _highest(state, r"encoder\.down\.(\d+)\.")

    def up(match: re.Match[str]) -> str:  # counted from the other end
        return f"decoder.up_blocks.{levels - 1 - int(match[1])}."

    renamed: tuple[tuple[str, Any], ...] = (
        (r"^encoder\.down\.", "encoder.down_blocks."),
        (r"^decoder\.up\.(\d+)\.", up),
        (r"(_blocks\.\d+)\.block\.", r"\1.resnets."),
        (r"\.(down|up)sample\.conv\.", r".\1samplers.0.conv."),
        (r"\.nin_shortcut\.", ".conv_shortcut."),
        (r"\.norm_out\.", ".conv_norm_out."),
        (r"\.mid\.block_(\d)\.", lambda match: f".mid_block.resnets.{int(match[1]) - 1}."),
        (r"\.mid\.attn_1\.norm\.", ".mid_block.attentions.0.group_norm."),
        (r"\.mid\.attn_1\.([qkv])\.", r".mid_block.attentions.0.to_\1."),
        (r"\.mid\.attn_1\.proj_out\.", ".mid_block.attentions.0.to_out.0."),
    )
    found = {}
    for name, value in state.items():
        new = name
        for pattern, replacement in renamed:
            new = re.sub(pattern, replacement, new)
        if ".attentions." in new and value.ndim == 4:  # a convolution of one pixel, now a matrix
            value = torch.flatten(value, 1)
        found[new] = value
    return found


def _highest(state: State, pattern: str) -> int:
    numbers = [int(match[1]) for name in state if (match := re.match(pattern, name))]
    if not numbers:
        raise KeyError(pattern)
    return max(numbers)
