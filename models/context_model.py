"""SCRM's context: a frozen deformable DETR that knows COCO's objects (91 classes, 300 queries).

Read from the authors' file (`r50_deformable_detr-checkpoint.pth`), from a folder or file in
transformers' layout, old or new. All six decoder layers are used, not only the first as in Multi
in One's code, which reads the file with the cropper's own settings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import ModelError
from ..core.names import printable
from .crop_detr_backbone import ResNetBackbone
from .crop_detr_config import CropDetrConfig
from .detr_deformable import Transformer
from .scrm import draw_context, likeliest_context
from .weights_io import load_pickle_weights_only, load_safetensors

CONTEXT = CropDetrConfig(
    engine="multi-in-one",
    train_backbone=False,
    decoder=6,
    hidden=1024,
    queries=300,
    norm=False,
    normalise="imagenet",
    fusion="none",
)
CLASSES = 91


class ContextModel(nn.Module):
    """See the module's text; in evaluation mode, and without gradients."""

    def __init__(self, config: CropDetrConfig = CONTEXT, classes: int = CLASSES) -> None:
        super().__init__()
        self.config = config
        width, levels = config.channels, config.levels
        sizes = (width, config.heads, config.hidden, config.dropout, levels, config.points)
        backbone = ResNetBackbone(config)
        self.backbone = nn.ModuleList([backbone])
        kernels = [(c, 1, 1, 0) for c in backbone.channels]
        kernels.append((backbone.channels[-1], 3, 2, 1))
        self.input_proj = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, width, k, s, p), nn.GroupNorm(32, width))
            for c, k, s, p in kernels[:levels]
        )
        self.query_embed = nn.Embedding(config.queries, 2 * width)
        self.transformer = Transformer(config.encoder, config.decoder, sizes)
        self.class_embed = nn.Linear(width, classes)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> ContextModel:
        """It stays in evaluation mode, whoever asks."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, pictures: Tensor, pad: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B,N,D) and logits (B,N,classes) of pictures (B,3,h,w) in [0,1]."""
        parts = self.transformer
        maps = self.backbone[0](pictures, pad)
        levels = [
            project(maps[min(number, len(maps) - 1)])
            for number, project in enumerate(self.input_proj)
        ]
        seen = parts.seen(levels, pad)
        place, content = self.query_embed.weight[None].expand(len(pad), -1, -1).chunk(2, -1)
        points = parts.reference_points(place).sigmoid()
        found, _ = parts.decoder(place, content, points, seen)
        return found[-1], self.class_embed(found[-1])


def choose_context(
    features: Tensor, logits: Tensor, config: CropDetrConfig, draws: torch.Generator
) -> Tensor:
    """SCRM's context out of what the model gives, in the way that a cropper was made for.

    Args:
        features, logits: of `ContextModel`.
        config: the cropper's.
        draws: for `random`.
    """
    if config.context == "topk":
        return likeliest_context(features, logits, config.partners)
    return draw_context(features, config.queries, draws)


def load_context(path: Path, config: CropDetrConfig = CONTEXT) -> ContextModel:
    """The published detector.

    Args:
        path: the authors' .pth, or a model.safetensors or pytorch_model.bin of transformers, or
            the folder of one.

    Raises:
        ModelError: it cannot be read, or is another network.
    """
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (path / name).is_file():
            path = path / name
    if path.suffix == ".safetensors":
        state: dict[str, Any] = load_safetensors(path)
    else:
        state = load_pickle_weights_only(path)
    state = context_state(state.get("model", state))
    head = state.get("class_embed.weight")
    if head is None:
        raise ModelError(f"{printable(path)} is no deformable DETR; give its published file.")
    model = ContextModel(config, classes=len(head))
    wanted = model.state_dict().keys()
    try:
        model.load_state_dict({name: state[name] for name in wanted})
    except (KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(
            f"{printable(path)} is another network than deformable DETR without refinement "
            f"({reason}); give r50_deformable_detr's file."
        ) from None
    return model


_RESNET = {
    r"conv_encoder\.model\.": "",
    r"model\.embedder\.embedder\.convolution": "conv1",
    r"model\.embedder\.embedder\.normalization": "bn1",
}
_BLOCK = re.compile(r"(?:conv_encoder\.)?model\.encoder\.stages\.(\d)\.layers\.(\d+)\.(.+)")
_RENAMES: dict[str, str | dict[str, str]] = {
    "query_position_embeddings": "query_embed",
    "self_attn_layer_norm": {"encoder": "norm1", "decoder": "norm2"},
    "encoder_attn_layer_norm": "norm1",
    "final_layer_norm": {"encoder": "norm2", "decoder": "norm3"},
    "encoder_attn": "cross_attn",
    "mlp.fc1": "linear1",
    "mlp.fc2": "linear2",
    "fc1": "linear1",
    "fc2": "linear2",
    "self_attn.o_proj": "self_attn.out_proj",
}


def context_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Any of the published layouts in the authors' names, heads as one of their equal copies."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        found[_name(name)] = value
    for name in [n for n in found if n.endswith("self_attn.q_proj.weight")]:
        base = name.removesuffix("q_proj.weight")
        for kind in ("weight", "bias"):
            parts = [found.pop(f"{base}{part}_proj.{kind}") for part in "qkv"]
            found[f"{base}in_proj_{kind}"] = torch.cat(parts)
    return found


def _name(name: str) -> str:
    name = re.sub(r"^class_embed\.\d+\.", "class_embed.", name)
    if not name.startswith("model."):
        return name
    name = name.removeprefix("model.")
    if name.startswith("backbone."):
        return f"backbone.0.body.{_resnet_name(name.removeprefix('backbone.'))}"
    side = name.split(".", 1)[0]
    for old, new in _RENAMES.items():
        if f".{old}." in f".{name}.":
            own = new if isinstance(new, str) else new.get(side, old)
            name = f".{name}.".replace(f".{old}.", f".{own}.").strip(".")
    if name.startswith(("encoder.", "decoder.", "level_embed", "reference_points")):
        return f"transformer.{name}"
    return name


def _resnet_name(name: str) -> str:
    if block := _BLOCK.fullmatch(name):
        stage, number, rest = int(block[1]) + 1, block[2], block[3]
        rest = rest.replace("shortcut.convolution", "downsample.0")
        rest = rest.replace("shortcut.normalization", "downsample.1")
        if part := re.match(r"layer\.(\d)\.(convolution|normalization)", rest):
            kind = "conv" if part[2] == "convolution" else "bn"
            rest = f"{kind}{int(part[1]) + 1}{rest[part.end() :]}"
        return f"layer{stage}.{number}.{rest}"
    for old, new in _RESNET.items():
        name = re.sub(f"^{old}", new, name)
    return name
