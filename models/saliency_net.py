"""The salient-subject head: a small decoder on frozen trunks' maps, below 60,000 parameters.

The coarse maps of the whole picture say what the subject is, those of its quarters where it
ends, and the small picture itself gives the edges. Our own design, in the manner of decoders
that merge maps from coarse to fine (Lin et al., Feature Pyramid Networks, CVPR 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .saliency_features import SHAPES
from .small_net import load_small_net

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class SaliencyConfig:
    """Sizes of the head; the defaults are those of the weights that ship."""

    maps: tuple[str, ...] = (
        "fine", "coarse", "tokens", "near_fine", "near_coarse", "near_tokens",
    )  # fmt: skip
    width: int = 24  # channels where the maps meet
    cells: int = 32  # a side, there
    blocks: int = 3
    edge_width: int = 12  # channels at the picture's resolution
    dropout: float = 0.3  # of whole channels of the maps, in training only


class Block(nn.Module):
    """A residual of a wide depthwise and two pointwise convolutions (ConvNeXt's, without norm)."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.up, self.down = nn.Conv2d(width, 2 * width, 1), nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N,width,h,w) to the same."""
        y: Tensor = self.down(F.gelu(self.up(self.norm(self.spread(x)))))
        return x + y


class SaliencyNet(nn.Module):
    """Maps as `saliency_features.SHAPES` lists them to logits of the subject."""

    def __init__(self, config: SaliencyConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SaliencyConfig()
        for name in config.maps:
            channels = SHAPES[name][0]
            self.register_buffer(f"mean_{name}", torch.zeros(channels))
            self.register_buffer(f"scale_{name}", torch.ones(channels))
        self.project = nn.ModuleDict(
            {name: nn.Linear(SHAPES[name][0], config.width, bias=False) for name in config.maps}
        )
        self.place = nn.Parameter(torch.zeros(1, config.width, 8, 8))  # where subjects tend to be
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.Sequential(*(Block(config.width, 7) for _ in range(config.blocks)))
        self.everywhere = nn.Linear(config.width, config.width)
        self.coarse = nn.Conv2d(config.width, config.edge_width, 1)
        self.edges = nn.Conv2d(3, config.edge_width, 3, padding=1)
        self.merge = nn.Sequential(Block(config.edge_width, 5), Block(config.edge_width, 5))
        self.out = nn.Conv2d(config.edge_width, 1, 1)

    def standardise(self, statistics: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        """Set each map's mean and standard deviation (C,), measured on training photographs."""
        for name in self.config.maps:
            mean, deviation = statistics[name]
            getattr(self, f"mean_{name}").copy_(mean)
            getattr(self, f"scale_{name}").copy_(1 / deviation.clamp(min=1e-6))

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Logits (N,1,s,s) of maps (N,C,n,n), s that of the map "picture"."""
        size = (self.config.cells, self.config.cells)
        met = F.interpolate(self.place, size, mode="bilinear", align_corners=False)
        for name in self.config.maps:
            x = self._projected(name, maps[name])
            met = met + F.interpolate(x, size, mode="bilinear", align_corners=False)
        met = self.blocks(met)
        met = met + self.everywhere(met.mean((2, 3)))[..., None, None]
        picture = maps["picture"]
        wide = F.interpolate(
            self.coarse(met), picture.shape[2:], mode="bilinear", align_corners=False
        )
        logits: Tensor = self.out(self.merge(wide + self.edges(picture * 4 - 2)))
        return logits

    def _projected(self, name: str, x: Tensor) -> Tensor:
        """(N,C,n,n) standardised, channels dropped, projected; all on the weights' side, for
        the maps are far larger than those.
        """
        kept = self.dropout(getattr(self, f"scale_{name}").expand(len(x), 1, -1))
        weights = self.project[name].weight * kept
        away = weights @ getattr(self, f"mean_{name}")[:, None]
        projected: Tensor = weights @ x.flatten(2) - away
        return projected.view(*projected.shape[:2], *x.shape[2:])


def load_saliency_net(path: Path) -> SaliencyNet:
    """The head that `compose train saliency` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """

    def build(values: dict[str, Any]) -> SaliencyNet:
        return SaliencyNet(SaliencyConfig(**{**values, "maps": tuple(values["maps"])}))

    return load_small_net(path, build)
