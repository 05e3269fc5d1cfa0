"""The network that says what single objects a picture has, of whatever class: a dense detector.

After FCOS (Tian et al., ICCV 2019): every cell of a grid says whether an object is there and how
far its four edges are; the cells of one object vote (`subjects.py`). Beside the likeliest edges
each cell gives edges that are sure to hold the object (quantile regression; Koenker and Bassett,
1978), for a crop must not cut it. Objects have no class here, and the trunks are not trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .grouping import CELLS
from .grouping_net import CHANNELS, cell_features
from .small_net import load_small_net
from .subjects import GRID

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEAR, _SURE = 1.0, 3.0  # so that edges begin at a third, and a twentieth beyond it


@dataclass(frozen=True)
class SubjectsConfig:
    """Sizes; the defaults are those of the weights that ship."""

    width: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 1)  # of the 3x3 layers: together they see the picture
    dropout: float = 0.4  # of the features' channels, and half as much before the last layer


class Cells(NamedTuple):
    """What each cell says, over a batch; edges are in shares of the picture and may leave it."""

    present: Tensor  # (B,n,n) logit: the cell is an object's
    overlap: Tensor  # (B,n,n) logit of the IoU that its box has with the object's
    boxes: Tensor  # (B,4,n,n) x1, y1, x2, y2
    sure: Tensor  # (B,4,n,n) the same, of a box that holds the object


class SubjectsNet(nn.Module):
    """Features (B, CHANNELS, GRID, GRID) to `Cells`."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: SubjectsConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SubjectsConfig()
        width = config.width
        self.register_buffer("mean", torch.zeros(CHANNELS, 1, 1))
        self.register_buffer("deviation", torch.ones(CHANNELS, 1, 1))
        self.drop = nn.Dropout2d(config.dropout)
        self.first = nn.Conv2d(CHANNELS + 4, width, 1)
        self.layers = nn.ModuleList(
            [nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in config.dilations]
        )
        self.norms = nn.ModuleList([nn.GroupNorm(8, width) for _ in config.dilations])
        self.drop_last = nn.Dropout2d(config.dropout / 2)
        self.last = nn.Conv2d(width, 10, 1)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Cells:
        """See the class."""
        x, y = _middles(features)
        standard = self.drop((features - self.mean) / self.deviation)
        places = torch.stack([x, y, 1 - x, 1 - y])[None].expand(len(features), -1, -1, -1)
        hidden = F.gelu(self.first(torch.cat([standard, places], 1)))
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = hidden + F.gelu(norm(layer(hidden)))
        out = self.last(self.drop_last(hidden))
        near = F.softplus(out[:, 2:6] - _NEAR)
        # the sure edges teach nothing but how far beyond the others they are
        sure = near.detach() + F.softplus(out[:, 6:] - _SURE)
        return Cells(out[:, 0], out[:, 1], _edges(x, y, near), _edges(x, y, sure))


def map_features(maps: Mapping[str, Tensor]) -> Tensor:
    """Features (B, CHANNELS, GRID, GRID) of maps (B,C,n,n) by name."""
    fine = cell_features(maps).transpose(1, 2)
    return F.avg_pool2d(fine.reshape(*fine.shape[:2], CELLS, CELLS), CELLS // GRID)


def load_subjects_net(path: Path) -> SubjectsNet:
    """The network that `compose train subjects` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """

    def build(values: dict[str, object]) -> SubjectsNet:
        values["dilations"] = tuple(values["dilations"])  # type: ignore[arg-type]
        return SubjectsNet(SubjectsConfig(**values))  # type: ignore[arg-type]

    return load_small_net(path, build)


def _middles(features: Tensor) -> tuple[Tensor, Tensor]:
    """x and y (n,n) of the cells' middles, in shares of the picture."""
    high, wide = features.shape[-2:]
    kind, place = features.dtype, features.device
    down = (torch.arange(high, dtype=kind, device=place) + 0.5) / high
    across = (torch.arange(wide, dtype=kind, device=place) + 0.5) / wide
    y, x = torch.meshgrid(down, across, indexing="ij")
    return x, y


def _edges(x: Tensor, y: Tensor, away: Tensor) -> Tensor:
    """Edges (B,4,n,n) that lie so far from the middles."""
    return torch.stack([x - away[:, 0], y - away[:, 1], x + away[:, 2], y + away[:, 3]], 1)
