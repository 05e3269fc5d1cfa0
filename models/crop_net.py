"""The network of engine `builtin`: a distribution over all crops of a picture from edge pairs.

A crop is four edges. Each edge of each side has a token for each of G+1 positions; the tokens
look at the picture's features in a small transformer, and every pair of edges gets an energy
from the inner product of two projections of its tokens. The logit of a crop is the sum over the
six pairs of edges, so that all crops on the grid (about 6000) are scored by six small tables,
and any crop between the grid's lines by interpolation. Our own design; the energies follow the
pairwise structure of conditional random fields (Lafferty et al., ICML 2001).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .crop_grid import EDGE_PAIRS
from .efficientnet_lite import EfficientNetLite

FROZEN_STAGES = 5  # of the trunk's seven; their output (stride 16) can be cached


@dataclass(frozen=True)
class CropNetConfig:
    """Sizes of the network; the defaults are those of the weights that ship."""

    side: int = 384  # pixels; the picture is squashed to a square of this side
    grid: int = 16  # cells a side; edges lie on its lines
    width: int = 128  # channels of a token
    rank: int = 32  # channels of an edge pair's inner product
    attention_heads: int = 4
    encoder_layers: int = 1
    members: int = 4  # independent heads whose energies are averaged
    dropout: float = 0.2  # in training only


def _block(kind: type, config: CropNetConfig) -> nn.Module:
    module: nn.Module = kind(
        config.width,
        config.attention_heads,
        2 * config.width,
        config.dropout,
        batch_first=True,
        norm_first=True,
    )
    return module


class EdgePairHead(nn.Module):
    """Feature maps to the six tables of pair energies."""

    def __init__(self, config: CropNetConfig, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.config, width = config, config.width
        self.lines = config.grid + 1
        self.project = nn.ModuleList(nn.Linear(c, width) for c in channels)
        self.position = nn.Parameter(torch.randn(1, width, 24, 24) * 0.02)
        self.level = nn.Parameter(torch.randn(len(channels), width) * 0.02)
        self.aspect = nn.Linear(3, width)
        self.edges = nn.Parameter(torch.randn(4 * self.lines, width) * 0.2)
        self.encoder = nn.ModuleList(
            _block(nn.TransformerEncoderLayer, config) for _ in range(config.encoder_layers)
        )
        self.decoder = _block(nn.TransformerDecoderLayer, config)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(config.dropout)
        self.single = nn.Linear(width, 1)
        self.left = nn.Linear(width, len(EDGE_PAIRS) * config.rank)
        self.right = nn.Linear(width, len(EDGE_PAIRS) * config.rank)

    def forward(self, maps: list[Tensor], log_aspect: Tensor) -> Tensor:
        """Energies (N,6,G+1,G+1) of `maps` [(N,C,h,w)…] and log(width/height) (N,)."""
        n = log_aspect.shape[0]
        shape = self.aspect(torch.stack([log_aspect, log_aspect.abs(), log_aspect * 0 + 1], -1))
        shape = shape[:, None]
        tokens = []
        for level, (features, project) in enumerate(zip(maps, self.project, strict=True)):
            position = F.interpolate(
                self.position, features.shape[-2:], mode="bilinear", align_corners=False
            )
            x = self.dropout(project(features.flatten(2).transpose(1, 2)))
            tokens.append(x + position.flatten(2).transpose(1, 2) + self.level[level] + shape)
        memory = torch.cat(tokens, 1)
        for layer in self.encoder:
            memory = layer(memory)
        queries = self.norm(self.decoder(self.edges.expand(n, -1, -1) + shape, memory))
        queries = queries.view(n, 4, self.lines, -1)
        rank = self.config.rank
        left = self.left(queries).view(n, 4, self.lines, len(EDGE_PAIRS), rank)
        right = self.right(queries).view(n, 4, self.lines, len(EDGE_PAIRS), rank)
        single = self.single(queries)[..., 0]
        tables = []
        for pair, (i, j) in enumerate(EDGE_PAIRS):
            table = left[:, i, :, pair] @ right[:, j, :, pair].transpose(1, 2) / math.sqrt(rank)
            if pair < 2:  # left-right and top-bottom carry the edges' own energies
                table = table + single[:, i, :, None] + single[:, j, None]
            tables.append(table)
        return torch.stack(tables, 1)
