"""The hole-filling network: colours and their large shapes at a coarse size, no fine texture.

A pyramid first spreads the known colours into the hole (pull and push: Gortler et al., The
Lumigraph, SIGGRAPH 1996); the network adds what that lacks. Our own design, a U-Net
(Ronneberger et al., 2015) over five halvings whose blocks look far (7x7 depthwise).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .saliency_net import Block
from .small_net import load_small_net

STRIDE = 32  # sides are multiples of this
_LEVELS = 5  # halvings of the pyramid


@dataclass(frozen=True)
class InpaintConfig:
    """Sizes of the network; the defaults are small enough for a CPU to train."""

    widths: tuple[int, ...] = (16, 40, 96, 160, 192)  # channels at strides 2, 4, 8, 16, 32
    blocks: tuple[int, ...] = (1, 1, 2, 3, 3)  # there on the way down; likewise up, but the last
    kernel: int = 7
    side: int = 96  # pixels of a window's long side that it is trained on, a multiple of STRIDE

    def __post_init__(self) -> None:
        if len(self.widths) != _LEVELS or len(self.blocks) != _LEVELS or self.side % STRIDE:
            raise ValueError("expected five widths and blocks, and a side that is divided by 32")


class InpaintNet(nn.Module):
    """Pictures with holes to pictures without."""

    def __init__(self, config: InpaintConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or InpaintConfig()
        widths, kernel = config.widths, config.kernel
        self.enter = nn.Conv2d(16, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            nn.Sequential(*(Block(width, kernel) for _ in range(count)))
            for width, count in zip(widths, config.blocks, strict=True)
        )
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairwise(widths))
        self.grow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(
            nn.Sequential(*(Block(width, kernel) for _ in range(count)))
            for width, count in zip(widths[:-1], config.blocks[:-1], strict=True)
        )
        self.out = nn.Conv2d(widths[0], 12, 3, padding=1)
        nn.init.zeros_(self.out.weight)  # it begins as the pyramid
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, picture: Tensor, hole: Tensor) -> Tensor:
        """Pictures (N,3,H,W) in [0,1] with their holes (N,1,H,W), 1 there and 0 elsewhere, filled.

        H and W are multiples of `STRIDE`. What lies in a hole does not matter; outside, pictures
        come back as they were. Values may leave [0,1] a little.
        """
        base = spread(picture, hole)
        x = self.enter(F.pixel_unshuffle(torch.cat([base * 4 - 2, hole * 2 - 1], 1), 2))
        skips = []
        for blocks, shrink in zip(self.down[:-1], self.shrink, strict=True):
            x = blocks(x)
            skips.append(x)
            x = shrink(x)
        x = self.down[-1](x)
        for index in reversed(range(len(skips))):
            x = F.interpolate(self.grow[index](x), scale_factor=2.0, mode="nearest")
            x = self.up[index](x + skips[index])
        return base + hole * F.pixel_shuffle(self.out(x), 2) / 4


def spread(picture: Tensor, hole: Tensor) -> Tensor:
    """The pictures with their holes filled by means of what is known around, ever wider ones.

    Args, returns: as `InpaintNet.forward`.
    """
    shares = [1 - hole]
    sums = [picture * shares[0]]
    for _ in range(_LEVELS):
        shares.append(F.avg_pool2d(shares[-1], 2))
        sums.append(F.avg_pool2d(sums[-1], 2))
    total = shares[-1].mean((2, 3), keepdim=True).clamp(min=1e-6)
    wide = (sums[-1].mean((2, 3), keepdim=True) / total).expand_as(sums[-1])
    for level in reversed(range(_LEVELS + 1)):
        # where a cell is partly known, its mean counts by that part
        wide = sums[level] + (1 - shares[level]) * wide
        if level:
            wide = F.interpolate(wide, scale_factor=2.0, mode="bilinear", align_corners=False)
    return wide


def load_inpaint_net(path: Path) -> InpaintNet:
    """The network that `compose train inpaint` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """

    def build(values: dict[str, Any]) -> InpaintNet:
        sizes = {key: tuple(values[key]) for key in ("widths", "blocks")}
        return InpaintNet(InpaintConfig(**{**values, **sizes}))

    return load_small_net(path, build)
