"""The outline network, with the trunk below it, from torch to the file that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .crop_builtin import weights_folder
from .crop_export import export
from .crop_weights import load_crop_net
from .efficientnet_lite import EfficientNetLite, trunk_maps
from .outline_net import MASK_SIDE, OutlineNet
from .outlines import SIDE


class _Whole(nn.Module):
    def __init__(self, trunk: EfficientNetLite, net: OutlineNet) -> None:
        super().__init__()
        self.trunk, self.net = trunk, net

    def forward(self, picture: Tensor, coarse: Tensor) -> Tensor:
        maps = trunk_maps(self.trunk, picture, self.net.config.stages)
        logits: Tensor = self.net(maps, picture, coarse)
        return logits


def export_outlines(net: OutlineNet, target: Path) -> None:
    """Write the network, rounded by `packing.round_int8` before, ready for `outlines`.

    The trunk is in the file too: what ships of it alone gives no fine maps.
    """
    trunk = load_crop_net(weights_folder()).lite
    whole = _Whole(trunk, net)
    inputs = (torch.zeros(1, 3, SIDE, SIDE), torch.zeros(1, 1, MASK_SIDE, MASK_SIDE))
    export(whole, inputs, ["picture", "coarse"], ["logits"], target)
