"""The scorer of expanded pictures from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .crop_export import export
from .expansion_net import ExpansionNet
from .expansion_score import CELLS, CHANNELS

_BAD = 1  # of the network's two answers


class _Bad(nn.Module):
    def __init__(self, net: ExpansionNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, maps: Tensor, inside: Tensor) -> Tensor:
        logits: Tensor = self.net(maps, inside)
        return logits[:, _BAD]


def export_expansion(net: ExpansionNet, target: Path) -> None:
    """Write what is asked of the network, ready for `expansion_score`."""
    maps = torch.zeros(1, CHANNELS, CELLS, CELLS)
    inside = torch.zeros(1, 1, CELLS, CELLS)
    export(_Bad(net), (maps, inside), ["maps", "inside"], ["bad"], target)
