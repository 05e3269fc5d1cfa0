"""The salient-subject head from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .crop_export import export
from .saliency_features import SHAPES
from .saliency_net import SaliencyNet


class _Named(nn.Module):
    def __init__(self, net: SaliencyNet, names: list[str]) -> None:
        super().__init__()
        self.net, self.names = net, names

    def forward(self, *maps: Tensor) -> Tensor:
        logits: Tensor = self.net(dict(zip(self.names, maps, strict=True)))
        return logits


def export_saliency(net: SaliencyNet, target: Path) -> None:
    """Write the head, rounded by `packing.round_int8` before, ready for `saliency_builtin`."""
    names = [*net.config.maps, "picture"]
    maps = tuple(torch.zeros(1, SHAPES[n][0], SHAPES[n][1], SHAPES[n][1]) for n in names)
    export(_Named(net, names), maps, names, ["logits"], target, {"maps": names})
