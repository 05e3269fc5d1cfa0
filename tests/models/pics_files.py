"""Small random networks in the published layout of PICS."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from compose.models.pics_config import PicsConfig
from compose.models.pics_keys import published_names
from compose.models.pics_net import PicsNet

FAMILY = PicsConfig(
    channels=64, multipliers=(1, 2), blocks=1, attention=(1, 2), context=48, features=64,
    hint=(4, 8, 8, 12), side=64, object_side=28,
)  # fmt: skip


def random_net(config: PicsConfig = FAMILY, seed: int = 0) -> PicsNet:
    """Of which nothing is zero."""
    torch.manual_seed(seed)
    net = PicsNet(config)
    for parameter in net.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.8 / parameter[0].numel() ** 0.5)
        else:
            nn.init.normal_(parameter, mean=0.5, std=0.2)
    return net.eval()


def dino_state(width: int = 64, patch: int = 14, cells: int = 3, blocks: int = 2,
               gated: bool = True) -> dict[str, Tensor]:  # fmt: skip
    """DINOv2 as its authors' code names it."""
    inner = ((int(width * 4) * 2 // 3) + 7) // 8 * 8
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width), "mask_token": (1, width), "pos_embed": (1, 1 + cells**2, width),
        "patch_embed.proj.weight": (width, 3, patch, patch), "patch_embed.proj.bias": (width,),
        "norm.weight": (width,), "norm.bias": (width,),
    }  # fmt: skip
    for i in range(blocks):
        layers = {"norm1": (width,), "norm2": (width,), "attn.qkv": (3 * width, width),
                  "attn.proj": (width, width)}  # fmt: skip
        if gated:
            layers |= {"mlp.w12": (2 * inner, width), "mlp.w3": (width, inner)}
        else:
            layers |= {"mlp.fc1": (4 * width, width), "mlp.fc2": (width, 4 * width)}
        for layer, shape in layers.items():
            shapes[f"blocks.{i}.{layer}.weight"] = shape
            shapes[f"blocks.{i}.{layer}.bias"] = shape[:1]
        shapes[f"blocks.{i}.ls1.gamma"] = shapes[f"blocks.{i}.ls2.gamma"] = (width,)
    return {name: torch.randn(shape) * 0.2 for name, shape in shapes.items()}


def vae_state(widths: tuple[int, ...] = (32, 64)) -> dict[str, Tensor]:
    """Stable Diffusion's autoencoder as latent diffusion names it, with one block a level."""
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(name: str, out: int, into: int, size: int = 3) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (out, into, size, size), (out,)

    def norm(name: str, width: int) -> None:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

    def block(name: str, out: int, into: int) -> None:
        norm(f"{name}.norm1", into)
        conv(f"{name}.conv1", out, into)
        norm(f"{name}.norm2", out)
        conv(f"{name}.conv2", out, out)
        if out != into:
            conv(f"{name}.nin_shortcut", out, into, 1)

    def middle(name: str, width: int) -> None:
        block(f"{name}.block_1", width, width)
        norm(f"{name}.attn_1.norm", width)
        for part in ("q", "k", "v", "proj_out"):
            conv(f"{name}.attn_1.{part}", width, width, 1)
        block(f"{name}.block_2", width, width)

    last, into = widths[-1], widths[0]
    conv("encoder.conv_in", into, 3)
    for i, width in enumerate(widths):
        block(f"encoder.down.{i}.block.0", width, into)
        into = width
        if i < len(widths) - 1:
            conv(f"encoder.down.{i}.downsample.conv", width, width)
    middle("encoder.mid", last)
    norm("encoder.norm_out", last)
    conv("encoder.conv_out", 8, last)
    conv("quant_conv", 8, 8, 1)
    conv("post_quant_conv", 4, 4, 1)
    conv("decoder.conv_in", last, 4)
    middle("decoder.mid", last)
    into = last
    for i in reversed(range(len(widths))):
        for number in range(2):
            block(f"decoder.up.{i}.block.{number}", widths[i], into)
            into = widths[i]
        if i:
            conv(f"decoder.up.{i}.upsample.conv", into, into)
    norm("decoder.norm_out", into)
    conv("decoder.conv_out", 3, into)
    return {name: torch.randn(shape) * 0.1 for name, shape in shapes.items()}


def published_state(net: PicsNet) -> dict[str, Tensor]:
    """Everything that the published file's state dict holds, and some that nobody needs."""
    state = published_names(net.state_dict())
    state |= {f"cond_stage_model.model.{name}": value for name, value in dino_state().items()}
    state |= {f"first_stage_model.{name}": value for name, value in vae_state().items()}
    state["betas"] = torch.zeros(1000)
    block = "model.diffusion_model.middle_block.1.transformer_blocks.0.blend_mlp.0.weight"
    state[block] = torch.zeros(2, 2)  # declared there and used nowhere
    return {name: value.detach().clone() for name, value in state.items()}
