"""The network that tells by their looks whether two cells of a picture are of one object.

Standardised maps, two layers, a unit vector a cell: an embedding whose dot products are the
logits of a pairwise classification, learned as in metric learning (after Fathi et al., Semantic
instance segmentation via deep metric learning, 2017). The trunks are not trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .grouping import CELLS, GROUPING_MAPS
from .saliency_features import SHAPES
from .small_net import load_small_net

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANNELS = sum(SHAPES[name][0] for name in GROUPING_MAPS)


@dataclass(frozen=True)
class GroupingConfig:
    """Sizes; the defaults are those of the weights that ship."""

    width: int = 128
    length: int = 32  # of a cell's vector
    dropout: float = 0.5  # of the features, and half as much after the first layer


class GroupingNet(nn.Module):
    """Features of cells (K, CHANNELS) to unit vectors (K, length)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: GroupingConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or GroupingConfig()
        self.register_buffer("mean", torch.zeros(CHANNELS))
        self.register_buffer("deviation", torch.ones(CHANNELS))
        self.layers = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(CHANNELS, config.width),
            nn.GELU(),
            nn.Dropout(config.dropout / 2),
            nn.Linear(config.width, config.length),
        )
        self.scale = nn.Parameter(torch.tensor(8.0))
        self.bias = nn.Parameter(torch.tensor(-1.5))

    def forward(self, features: Tensor) -> Tensor:
        """Unit vectors (…, length) of features (…, CHANNELS)."""
        standard = (features - self.mean) / self.deviation
        vectors: Tensor = F.normalize(self.layers(standard), dim=-1)
        return vectors

    def logits(self, features: Tensor) -> Tensor:
        """Logits (K,K) of two cells' being of one object, for features (K, CHANNELS)."""
        vectors = self(features)
        pairs: Tensor = self.scale * (vectors @ vectors.T) + self.bias
        return pairs


def cell_features(maps: Mapping[str, Tensor]) -> Tensor:
    """Features (N, CELLS², CHANNELS) of maps (N,C,n,n) by name, cells row by row."""
    size = (CELLS, CELLS)
    wide = [
        F.interpolate(maps[name], size, mode="bilinear", align_corners=False)
        for name in GROUPING_MAPS
    ]
    return torch.cat(wide, 1).flatten(2).transpose(1, 2)


def load_grouping_net(path: Path) -> GroupingNet:
    """The network that `compose train grouping` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """
    return load_small_net(path, lambda values: GroupingNet(GroupingConfig(**values)))
