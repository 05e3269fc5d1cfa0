"""Encoder `builtin`: features of the two trunks that ship with the tool, at several depths.

A convolutional trunk (EfficientNet-Lite2) gives maps of texture and shape at strides 2 to 32, a
transformer (DINOv2's ViT-S/14, first six blocks) gives tokens that know objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from .crop_builtin import weights_folder
from .crop_weights import load_crop_net
from .efficientnet_lite import EfficientNetLite, trunk_maps
from .perceptual import (
    EPSILON,
    channel_difference,
    cosine_distance,
    frozen,
    resized,
    squared_difference,
    unit_channels,
)
from .vit import Vit

Scaling = Literal["unit", "centred", "relative"]


@dataclass(frozen=True)
class BuiltinEncoderConfig:
    """Which features are compared and how; a weight of 0 or an empty tuple leaves one out."""

    # (stage 0..6 of the convolutional trunk, weight); strides 2, 4, 8, 16, 16, 32, 32
    lite_stages: tuple[tuple[int, float], ...] = ((1, 1.0), (2, 1.0), (4, 1.0))
    lite_scaling: Scaling = "unit"
    # sizes of the picture for the convolutional trunk, as shares of its own; all count alike
    lite_scales: tuple[float, ...] = (1.0,)
    # (block 1..6 of the transformer, weight)
    vit_blocks: tuple[tuple[int, float], ...] = ()
    vit_scaling: Scaling = "unit"
    vit_side: int = 224  # pixels of the long side for the transformer
    # weight of the difference of token-to-token cosines after the last block named above
    # (Tumanyan et al., Splicing ViT Features, 2022), which ignores what tokens look like;
    # after the last of all where none is named
    similarity: float = 0.0
    embedding: float = 0.0  # weight of 1 - cosine of the embeddings

    def __post_init__(self) -> None:
        if not (self.lite_stages or self.vit_blocks or self.similarity or self.embedding):
            raise ValueError("nothing to compare: every weight is 0")


class Trunks(Protocol):
    """What holds the two trunks, `CropNet` for one."""

    lite: EfficientNetLite
    vit: Vit


class BuiltinEncoder:
    """See `encoder.Encoder`.

    Args:
        config: which features.
        device: torch's name of a device.
        trunks: other networks than those that ship.

    Raises:
        ModelError: the weights are missing from the installation.
    """

    name = "builtin"
    source = (
        "EfficientNet-Lite2 (ImageNet, Apache-2.0) and the first blocks of a DINOv2 ViT-S/14 "
        "(Apache-2.0), embedded, int8 weights"
    )

    def __init__(
        self,
        config: BuiltinEncoderConfig | None = None,
        device: str = "cpu",
        trunks: Trunks | None = None,
    ) -> None:
        self.config = config or BuiltinEncoderConfig()
        net = trunks or load_crop_net(weights_folder())
        self._lite, self._vit = net.lite, net.vit
        frozen(self._lite, device)
        frozen(self._vit, device, channels_last=False)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Scaled maps in the order of `BuiltinEncoderConfig`'s fields, then what follows."""
        config = self.config
        embed = config.embedding > 0
        found: list[Tensor] = []
        pooled: list[Tensor] = []
        stages = [stage for stage, _ in config.lite_stages]
        h, w = pictures.shape[-2:]
        for number, share in enumerate(config.lite_scales if stages or embed else ()):
            needed = len(self._lite.stages) - 1 if embed and number == 0 else max(stages, default=0)
            size = (max(round(h * share), 1), max(round(w * share), 1))
            maps = self._lite_maps(resized(pictures, size), needed)
            found += [scaled(maps[stage], config.lite_scaling) for stage in stages]
            if embed and number == 0:
                pooled.append(maps[-1])
        blocks = [block for block, _ in config.vit_blocks]
        whole = embed or (config.similarity > 0 and not blocks)
        depth = len(self._vit.blocks) if whole else max(blocks, default=0)
        if depth:
            tokens = self._vit_maps(pictures, depth)
            found += [scaled(tokens[block - 1], config.vit_scaling) for block in blocks]
            if config.similarity:
                found.append(self_similarity(tokens[max(blocks, default=depth) - 1]))
            if embed:
                pooled.append(tokens[-1])
        if embed:
            found.append(embedding_of(pooled))
        return found

    def distance(self, sketch: list[Tensor], target: list[Tensor]) -> Tensor:
        """Weighted sum over maps, divided by the sum of their weights; plus the embeddings'."""
        config = self.config
        weights = [
            (weight / len(config.lite_scales), config.lite_scaling)
            for _ in config.lite_scales
            for _, weight in config.lite_stages
        ] + [(weight, config.vit_scaling) for _, weight in config.vit_blocks]
        total = torch.zeros(len(sketch[0]), device=sketch[0].device, dtype=sketch[0].dtype)
        for (weight, scaling), a, b in zip(weights, sketch, target, strict=False):
            total = total + weight * compared(a, b, scaling)
        total = total / max(sum(weight for weight, _ in weights), 1e-12)
        position = len(weights)
        if config.similarity:
            total = total + config.similarity * squared_difference(
                sketch[position], target[position]
            )
            position += 1
        if config.embedding:
            total = total + config.embedding * cosine_distance(sketch[position], target[position])
        return total

    def embedding(self, pictures: Tensor) -> Tensor:
        """Means over positions of the deepest map of each trunk, side by side."""
        deepest = len(self._lite.stages) - 1
        return embedding_of(
            [
                self._lite_maps(pictures, deepest)[-1],
                self._vit_maps(pictures, len(self._vit.blocks))[-1],
            ]
        )

    def _lite_maps(self, pictures: Tensor, last: int) -> list[Tensor]:
        return trunk_maps(self._lite, pictures, range(last + 1))

    def _vit_maps(self, pictures: Tensor, depth: int) -> list[Tensor]:
        """Patch maps after blocks 1 to `depth`, on a grid in the picture's own proportions."""
        vit, config = self._vit, self._vit.config
        h, w = pictures.shape[-2:]
        share = self.config.vit_side / max(h, w)
        rows, columns = (max(round(s * share / config.patch), 1) for s in (h, w))
        x = resized(pictures, (rows * config.patch, columns * config.patch))
        x = vit.patches((x * 255 - vit.mean) / vit.std).flatten(2).transpose(1, 2)
        position = vit.position[None]
        if (rows, columns) != (config.cells, config.cells):
            patches = resize_grid(position[:, 1:], config.cells, rows, columns)
            position = torch.cat([position[:, :1], patches], 1)
        x = torch.cat([vit.class_token.expand(len(x), -1, -1), x], 1) + position
        maps = []
        for block in vit.blocks[:depth]:
            x = block(x)
            maps.append(x[:, 1:].transpose(1, 2).reshape(len(x), -1, rows, columns))
        return maps


def resize_grid(table: Tensor, cells: int, rows: int, columns: int) -> Tensor:
    """Patch positions (1,cells²,width), bicubically to (1,rows·columns,width)."""
    grid = table.transpose(1, 2).reshape(1, -1, cells, cells)
    grid = F.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
    return grid.flatten(2).transpose(1, 2)


def scaled(maps: Tensor, scaling: Scaling) -> Tensor:
    """Maps (N,C,h,w) as `scaling` compares them.

    `unit`: the channels of every position have length 1. `centred`: the same after each
    channel's mean over the picture is taken away, which forgets what a photograph has
    everywhere and lines on paper have nowhere. `relative`: as they are.
    """
    if scaling == "relative":
        return maps
    if scaling == "centred":
        maps = maps - maps.mean((2, 3), keepdim=True)
    return unit_channels(maps)


def compared(a: Tensor, b: Tensor, scaling: Scaling) -> Tensor:
    """Distance (N,) of scaled maps; `relative` divides by the target's mean square."""
    if scaling == "relative":
        return squared_difference(a, b) / (b.square().flatten(1).mean(1) + EPSILON)
    return channel_difference(a, b)


def self_similarity(maps: Tensor) -> Tensor:
    """Cosines (N,T,T) of the T = h·w positions of maps (N,C,h,w) among each other."""
    tokens = unit_channels(maps).flatten(2)
    return tokens.transpose(1, 2) @ tokens


def embedding_of(maps: list[Tensor]) -> Tensor:
    """Spatial means of maps, each of length 1, side by side and of length 1 again: (N,D)."""
    means = [F.normalize(m.mean((2, 3)), dim=1) for m in maps]
    return F.normalize(torch.cat(means, 1), dim=1)
