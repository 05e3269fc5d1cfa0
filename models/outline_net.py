"""The outline network: a coarse mask of an object, refined in a window around it.

A small decoder that merges the trunk's maps from coarse to fine (Lin et al., Feature Pyramid
Networks, CVPR 2017), told at every level what the coarse mask is (in the manner of Cheng et al.,
CascadePSP, CVPR 2020). It corrects the coarse mask and begins by changing nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .outlines import SIDE
from .saliency_net import Block
from .small_net import load_small_net

MASK_SIDE = SIDE // 2  # cells of the masks


@dataclass(frozen=True)
class OutlineConfig:
    """Sizes of the decoder; the defaults are those of the weights that ship."""

    stages: tuple[int, ...] = (1, 2, 4, 6)  # of the trunk, one a stride of 4 to 32
    channels: tuple[int, ...] = (24, 48, 120, 352)  # that they have
    width: int = 32
    fine: int = 16  # channels at half the window's resolution
    dropout: float = 0.2  # of whole channels of the maps, in training only


class OutlineNet(nn.Module):
    """Maps of the trunk, the window itself and a coarse mask to logits of the object."""

    def __init__(self, config: OutlineConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or OutlineConfig()
        width, fine = config.width, config.fine
        self.project = nn.ModuleList(nn.Conv2d(c, width, 1) for c in config.channels)
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in config.channels)
        self.masks = nn.ModuleList(nn.Conv2d(1, width, 3, padding=1) for _ in config.channels)
        depth = [1, *(2 for _ in config.channels[1:])]
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Block(width, 5) for _ in range(count))) for count in depth
        )
        self.drop = nn.Dropout2d(config.dropout)
        self.wide = nn.Conv2d(width, fine, 1)
        self.picture = nn.Conv2d(13, fine, 3, padding=1)
        self.merge = Block(fine, 5)
        self.out = nn.Conv2d(fine, 1, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
        self.trust = nn.Parameter(torch.tensor(2.0))  # in the coarse mask

    def forward(self, maps: Sequence[Tensor], pictures: Tensor, coarse: Tensor) -> Tensor:
        """Logits (N,1,h/2,w/2).

        Args:
            maps: of `trunk_maps`, finest first.
            pictures: (N,3,h,w) in [0,1], h and w multiples of 32.
            coarse: (N,1,h/2,w/2) in [0,1].
        """
        signed = coarse * 2 - 1
        x: Tensor | None = None
        for number in reversed(range(len(maps))):
            kept = self.drop(maps[number])
            stride = coarse.shape[-1] // kept.shape[-1]
            own: Tensor = self.norms[number](self.project[number](kept))
            own = own + self.masks[number](F.avg_pool2d(signed, stride))
            if x is not None:
                own = own + F.interpolate(x, own.shape[-2:], mode="bilinear", align_corners=False)
            x = self.blocks[number](own)
        assert x is not None
        size = coarse.shape[-2:]
        wide = self.wide(F.interpolate(x, size, mode="bilinear", align_corners=False))
        seen = torch.cat([F.pixel_unshuffle(pictures * 4 - 2, 2), signed], 1)
        logits: Tensor = self.out(self.merge(wide + self.picture(seen))) + self.trust * signed
        return logits


def load_outline_net(path: Path) -> OutlineNet:
    """The decoder that `compose train outlines` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """

    def build(values: dict[str, Any]) -> OutlineNet:
        sizes = {key: tuple(values[key]) for key in ("stages", "channels")}
        return OutlineNet(OutlineConfig(**{**values, **sizes}))

    return load_small_net(path, build)
