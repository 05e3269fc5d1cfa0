"""The grouping network from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .crop_export import export
from .grouping import GROUPING_MAPS
from .grouping_net import GroupingNet, cell_features
from .saliency_features import SHAPES


class _Named(nn.Module):
    def __init__(self, net: GroupingNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, *maps: Tensor) -> Tensor:
        vectors: Tensor = self.net(cell_features(dict(zip(GROUPING_MAPS, maps, strict=True))))
        return vectors


def export_grouping(net: GroupingNet, target: Path) -> None:
    """Write the network, rounded by `packing.round_int8` before, ready for `grouping`."""
    maps = [
        torch.zeros(1, channels, side, side)
        for channels, side in (SHAPES[name] for name in GROUPING_MAPS)
    ]
    notes = {"scale": net.scale.item(), "bias": net.bias.item()}
    export(_Named(net), maps, list(GROUPING_MAPS), ["vectors"], target, notes)
