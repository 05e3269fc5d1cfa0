"""Holistically-nested edge detection (Xie & Tu, ICCV 2015): VGG-16 with a line map a block."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.errors import ModelError
from .encoder_vgg import load_hed, no_hed
from .vgg import BLOCKS, Vgg


class Hed(nn.Module):
    """Five side outputs and their weighted sum.

    Args:
        trunk: with the weights of `encoder_vgg.load_hed`.
    """

    def __init__(self, trunk: Vgg) -> None:
        super().__init__()
        self.trunk = trunk
        widths = [block[-1].out_channels for block in trunk.blocks]  # type: ignore[index]
        self.sides = nn.ModuleList(nn.Conv2d(int(width), 1, 1) for width in widths)
        self.fuse = nn.Conv2d(len(BLOCKS), 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Probabilities of an edge (N,1,h,w) for pictures (N,3,h,w) in [0,1], 16 pixels or more."""
        size = pictures.shape[-2:]
        maps = [
            F.interpolate(side(F.relu(tap)), size, mode="bilinear", align_corners=False)
            for side, tap in zip(self.sides, self.trunk(pictures), strict=True)
        ]
        return torch.sigmoid(self.fuse(torch.cat(maps, 1)))


def load_hed_edges(path: Path) -> Hed:
    """The whole network out of its Keras weights file, in evaluation mode.

    Raises:
        ModelError: the file cannot be read or holds another network.
        UsageError: h5py is not installed.
    """
    net = Hed(load_hed(path))
    import h5py  # load_hed has said where it is missing

    try:
        with h5py.File(path, "r") as file, torch.no_grad():
            places = [f"dsn{k}" for k in range(1, len(BLOCKS) + 1)]
            for place, layer in zip([*places, "fuse"], [*net.sides, net.fuse], strict=True):
                assert isinstance(layer, nn.Conv2d)
                assert layer.bias is not None
                weight = torch.from_numpy(file[f"{place}/vars/0"][()])
                layer.weight.copy_(weight.permute(3, 2, 0, 1))
                layer.bias.copy_(torch.from_numpy(file[f"{place}/vars/1"][()]))
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise ModelError(no_hed(path)) from error
    return net.eval().requires_grad_(False)
