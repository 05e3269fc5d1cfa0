"""The scorer of expanded pictures in torch; see `expansion_score`.

Every cell's maps become a few numbers. Those of the cells around the photograph, their mean and
their most conspicuous ones, are weighed beside the mean of those in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .expansion_score import CHANNELS


@dataclass(frozen=True)
class ExpansionConfig:
    """The network's shape."""

    width: int = 16  # numbers a cell
    hidden: int = 24  # numbers of a picture
    dropout: float = 0.5  # while it is trained


class ExpansionNet(nn.Module):
    """From maps (N,CHANNELS,CELLS,CELLS) and the region's share of each cell (N,1,CELLS,CELLS) to
    logits (N,2): that the surroundings are made and not photographed, and that the picture looks
    bad."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: ExpansionConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ExpansionConfig()
        self.register_buffer("mean", torch.zeros(1, CHANNELS, 1, 1))
        self.register_buffer("scale", torch.ones(1, CHANNELS, 1, 1))
        self.cells = nn.Conv2d(CHANNELS, config.width, 1)
        self.near = nn.Conv2d(config.width + 1, config.width, 3, padding=1)
        self.dropout = nn.Dropout(config.dropout)
        self.hidden = nn.Linear(3 * config.width, config.hidden)
        self.out = nn.Linear(config.hidden, 2)

    def forward(self, maps: Tensor, inside: Tensor) -> Tensor:
        """The logits (N,2)."""
        standard = torch.clamp((maps - self.mean) * self.scale, -4, 4)
        cells = torch.relu(self.cells(self.dropout(standard)))
        cells = torch.relu(self.near(torch.cat([cells, inside], 1)))
        outside = 1 - inside
        means = [
            (cells * share).sum((2, 3)) / (share.sum((2, 3)) + 1e-3) for share in (outside, inside)
        ]
        most = (cells * outside).amax((2, 3))
        hidden = torch.relu(self.hidden(self.dropout(torch.cat([*means, most], 1))))
        logits: Tensor = self.out(hidden)
        return logits
