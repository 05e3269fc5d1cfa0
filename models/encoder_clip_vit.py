"""Encoder `clip-vit-b32`: token maps and the embedding of CLIP's ViT-B/32, run by transformers.

Reads OpenAI's own TorchScript file, open_clip's state dicts (both without those packages), and
the weights files of transformers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.errors import ModelError, UsageError
from ..core.names import printable
from .cache import UserPaths
from .clip_resnet import PIXEL_MEAN, PIXEL_STD
from .hub import resolve
from .perceptual import frozen, layers_and_embedding, resized
from .state_file import fill, load_state_file

if TYPE_CHECKING:
    from transformers import CLIPVisionModelWithProjection

_HEAD = 64  # channels of a head in every published CLIP transformer


@dataclass(frozen=True)
class ClipVitLoss:
    """Weights of the loss's terms."""

    # (block, counted from 1; weight): an early, a middle and a late one
    blocks: tuple[tuple[int, float], ...] = ((2, 1.0), (8, 1.0), (11, 1.0))
    embedding: float = 0.1  # of 1 - cosine


class ClipVitEncoder:
    """See `encoder.Encoder`.

    Pictures are resized to the training size with their own proportions, sides in whole
    patches; positions are interpolated to that grid.

    Args:
        net: with its weights.
        name: what records call it.
        loss: which blocks and how much.
        device: torch's name of a device.
    """

    source = "CLIP ViT-B/32; OpenAI's weights are MIT"

    def __init__(
        self,
        net: CLIPVisionModelWithProjection,
        name: str = "clip-vit-b32",
        loss: ClipVitLoss | None = None,
        device: str = "cpu",
    ) -> None:
        self.name, self.loss, self._net = name, loss or ClipVitLoss(), net
        embeddings = net.vision_model.embeddings
        self._side, self._patch = embeddings.image_size, embeddings.patch_size
        frozen(net, device, channels_last=False)
        self._mean = torch.tensor(PIXEL_MEAN, device=device).view(3, 1, 1)
        self._std = torch.tensor(PIXEL_STD, device=device).view(3, 1, 1)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Tokens (N,T,C) after each chosen block, then the embedding."""
        found = self._run(pictures, hidden=True)
        tokens = [found.hidden_states[block] for block, _ in self.loss.blocks]
        return [*tokens, F.normalize(found.image_embeds, dim=1)]

    def distance(self, sketch: list[Tensor], target: list[Tensor]) -> Tensor:
        """Weighted sum of mean squared differences, plus the embedding's term."""
        weights = [weight for _, weight in self.loss.blocks]
        return layers_and_embedding(sketch, target, weights, self.loss.embedding)

    def embedding(self, pictures: Tensor) -> Tensor:
        """CLIP's picture embedding."""
        return F.normalize(self._run(pictures, hidden=False).image_embeds, dim=1)

    def _run(self, pictures: Tensor, *, hidden: bool) -> Any:
        h, w = pictures.shape[-2:]
        share = self._side / max(h, w) / self._patch
        rows, columns = (max(round(s * share), 1) for s in (h, w))
        x = resized(pictures, (rows * self._patch, columns * self._patch))
        x = (x - self._mean.to(x.dtype)) / self._std.to(x.dtype)
        squared = rows == columns == self._side // self._patch
        return self._net(
            pixel_values=x, interpolate_pos_encoding=not squared, output_hidden_states=hidden
        )


def load_clip_vit(path: Path) -> CLIPVisionModelWithProjection:
    """A CLIP vision transformer of any size from a file of its weights.

    Sizes are those of the weights. OpenAI's networks use an approximate GELU; where a
    `config.json` of transformers lies beside the file, its `hidden_act` is taken instead.

    Raises:
        ModelError: the file holds another network.
        UsageError: transformers is not installed.
    """
    try:
        from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
    except ImportError as error:
        raise UsageError(
            "encoder clip-vit-b32 needs transformers; run: pip install 'compose-toolkit[clip]'."
        ) from error
    state = load_state_file(path)
    if "visual.class_embedding" in state:
        state = transformers_names(state)
    try:
        patches = state["vision_model.embeddings.patch_embedding.weight"]
        positions = len(state["vision_model.embeddings.position_embedding.weight"])
        config = CLIPVisionConfig(
            hidden_size=len(patches),
            intermediate_size=len(state["vision_model.encoder.layers.0.mlp.fc1.weight"]),
            num_hidden_layers=1 + max(map(_layer, state)),
            num_attention_heads=len(patches) // _HEAD,
            patch_size=patches.shape[-1],
            image_size=round((positions - 1) ** 0.5) * patches.shape[-1],
            projection_dim=len(state["visual_projection.weight"]),
            hidden_act=_activation(path.with_name("config.json")),
        )
    except KeyError as error:
        raise ModelError(
            f"{printable(path)} does not hold a CLIP vision transformer ({error} is missing); "
            "give ViT-B-32.pt, or a weights file of open_clip or transformers."
        ) from None
    net = CLIPVisionModelWithProjection(config)
    fill(net, state, path, "a CLIP vision transformer")
    return net


def transformers_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename OpenAI's tensors (`visual.…`) to those of transformers."""
    embeddings = "vision_model.embeddings"
    renamed = {
        f"{embeddings}.class_embedding": state["visual.class_embedding"],
        f"{embeddings}.position_embedding.weight": state["visual.positional_embedding"],
        f"{embeddings}.patch_embedding.weight": state["visual.conv1.weight"],
        "visual_projection.weight": state["visual.proj"].T.contiguous(),
    }
    pairs = (
        ("visual.ln_pre.", "vision_model.pre_layrnorm."),
        ("visual.ln_post.", "vision_model.post_layernorm."),
        ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
    )
    inner = (
        (".ln_1.", ".layer_norm1."),
        (".ln_2.", ".layer_norm2."),
        (".mlp.c_fc.", ".mlp.fc1."),
        (".mlp.c_proj.", ".mlp.fc2."),
        (".attn.out_proj.", ".self_attn.out_proj."),
    )
    for name, value in state.items():
        for theirs, ours in pairs:
            if not name.startswith(theirs):
                continue
            new = name.replace(theirs, ours)
            for old_part, new_part in inner:
                new = new.replace(old_part, new_part)
            if ".attn.in_proj_" in new:  # query, key and value in one
                base, _, leaf = new.partition(".attn.in_proj_")
                for letter, part in zip("qkv", value.chunk(3), strict=True):
                    renamed[f"{base}.self_attn.{letter}_proj.{leaf}"] = part.contiguous()
            else:
                renamed[new] = value
    return renamed


def _layer(name: str) -> int:
    _, separator, rest = name.partition("vision_model.encoder.layers.")
    return int(rest.partition(".")[0]) if separator else -1


def _activation(path: Path) -> str:
    if not path.is_file():
        return "quick_gelu"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{printable(path)} is not JSON ({error}); correct it.") from error
    vision = config.get("vision_config") or config
    return str(vision.get("hidden_act", "quick_gelu"))


def open_clip_vit(name: str, device: str, user: UserPaths | None = None) -> ClipVitEncoder:
    """The encoder with the checkpoint `name` of this machine.

    Raises:
        ModelError, UsageError: see `hub.resolve` and `load_clip_vit`.
    """
    return ClipVitEncoder(load_clip_vit(resolve(name, user)), name, device=device)
