"""The contour head: lines that a person would draw, from the maps of the trunk that ships.

A small decoder that merges maps from coarse to fine (Lin et al., Feature Pyramid Networks, CVPR
2017). It is taught by the maps of HED (Xie & Tu, ICCV 2015), whose weights are a hundred times
as large (Hinton et al., Distilling the knowledge in a neural network, 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from .saliency_net import Block
from .small_net import load_small_net

STRIDE = 32  # sides of pictures are multiples of this


@dataclass(frozen=True)
class ContourConfig:
    """Sizes of the head; the defaults are those of the weights that ship."""

    stages: tuple[int, ...] = (0, 1, 2, 4, 6)  # of the trunk, one a stride of 2 to 32
    channels: tuple[int, ...] = (16, 24, 48, 120, 352)  # that they have
    width: int = 24


class ContourNet(nn.Module):
    """Maps of the trunk, and the picture itself, to logits of a contour at half size."""

    def __init__(self, config: ContourConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ContourConfig()
        width = config.width
        self.project = nn.ModuleList(nn.Conv2d(c, width, 1) for c in config.channels)
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in config.channels)
        self.blocks = nn.ModuleList(Block(width, 5) for _ in config.channels)
        self.picture = nn.Sequential(
            nn.Conv2d(12, width, 3, padding=1), nn.GELU(), nn.Conv2d(width, width, 3, padding=1)
        )
        self.out = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, maps: Sequence[Tensor], pictures: Tensor) -> Tensor:
        """Logits (N,1,h/2,w/2).

        Args:
            maps: of `trunk_maps`, finest first.
            pictures: (N,3,h,w) in [0,1], h and w even.
        """
        x: Tensor | None = None
        for number in reversed(range(len(maps))):
            own: Tensor = self.norms[number](self.project[number](maps[number]))
            if x is not None:
                own = own + F.interpolate(x, own.shape[-2:], mode="bilinear", align_corners=False)
            x = self.blocks[number](own)
        assert x is not None
        fine: Tensor = self.picture(F.pixel_unshuffle(pictures * 4 - 2, 2))
        logits: Tensor = self.out(x + fine)
        return logits


def load_contour_net(path: Path) -> ContourNet:
    """The head that `compose train contours` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """

    def build(values: dict[str, Any]) -> ContourNet:
        sizes = {key: tuple(values[key]) for key in ("stages", "channels")}
        return ContourNet(ContourConfig(**{**values, **sizes}))

    return load_small_net(path, build)
