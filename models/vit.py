"""Vision transformer as in DINOv2 (Oquab et al., 2023): pre-norm blocks with layer scale.

Only what the small trunk needs: a fixed square input, learned positions at that size, and the
tokens after a chosen block.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PIXEL_MEAN = (123.675, 116.28, 103.53)  # ImageNet's, in [0, 255]
PIXEL_STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class VitConfig:
    """Sizes of ViT-S/14; `blocks` may stop short of the published twelve."""

    side: int = 224  # pixels
    patch: int = 14  # pixels
    width: int = 384
    heads: int = 6
    blocks: int = 6

    @property
    def cells(self) -> int:
        """Patches a side."""
        return self.side // self.patch


class VitBlock(nn.Module):
    """Attention and MLP, each normalised before and scaled per channel after."""

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.scale1 = nn.Parameter(torch.ones(width))
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)
        self.scale2 = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(N,T,width) to the same."""
        n, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width)
        x = x + self.scale1 * self.out(mixed)
        x = x + self.scale2 * self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return x


class Vit(nn.Module):
    """Picture to patch tokens after the last of `config.blocks` blocks."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: VitConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VitConfig()
        self.patches = nn.Conv2d(3, config.width, config.patch, config.patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.position = nn.Parameter(torch.zeros(1 + config.cells**2, config.width))
        self.blocks = nn.ModuleList(VitBlock(config) for _ in range(config.blocks))
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Feature map (N,width,cells,cells) of pictures (N,3,side,side) in pixels 0..255."""
        x = self.patches((x - self.mean) / self.std)
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], 1) + self.position
        for block in self.blocks:
            x = block(x)
        cells = self.config.cells
        return x[:, 1:].transpose(1, 2).reshape(len(x), -1, cells, cells)


def resize_positions(table: Tensor, cells: int) -> Tensor:
    """Patch positions (1,K*K,width) of a KxK grid, bicubically to (1,cells*cells,width)."""
    side = round(table.shape[1] ** 0.5)
    grid = table.transpose(1, 2).reshape(1, -1, side, side)
    grid = F.interpolate(grid, (cells, cells), mode="bicubic", align_corners=False)
    return grid.flatten(2).transpose(1, 2)
