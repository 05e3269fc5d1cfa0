"""The subject network from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .crop_export import export
from .grouping import GROUPING_MAPS
from .saliency_features import SHAPES
from .subjects_net import SubjectsNet, map_features


class _Named(nn.Module):
    def __init__(self, net: SubjectsNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, *maps: Tensor) -> Tensor:
        found = self.net(map_features(dict(zip(GROUPING_MAPS, maps, strict=True))))
        chances = torch.stack([found.present, found.overlap], 1).sigmoid()
        return torch.cat([chances, found.boxes, found.sure], 1)


def export_subjects(net: SubjectsNet, target: Path) -> None:
    """Write the network, rounded by `packing.round_int8` before, ready for `subjects`."""
    maps = [
        torch.zeros(1, channels, side, side)
        for channels, side in (SHAPES[name] for name in GROUPING_MAPS)
    ]
    export(_Named(net), maps, list(GROUPING_MAPS), ["cells"], target, {})
