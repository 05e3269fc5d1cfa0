"""How an object's colours differ from its surroundings': the network and the curve it sets.

Filters whose few settings a network predicts from the composite, so that they can be applied at
any size (Ke et al., Harmonizer, ECCV 2022, section 3), here one curve of five numbers. The network
sees colours in histograms of the object and of its surroundings, and what is there by convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .harmony import SIDE
from .small_net import load_small_net

SETTINGS = 5  # exponent of sRGB, light of red, green and blue, saturation
_LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709


@dataclass(frozen=True)
class HarmonyConfig:
    """Sizes of the network; the defaults are those of the weights that ship."""

    channels: tuple[int, ...] = (16, 32, 48)  # after every halving of the sides
    bins: int = 12  # of a histogram
    hidden: int = 96
    dropout: float = 0.2
    most: tuple[float, ...] = (0.4, 0.8, 0.8, 0.8, 0.4)  # of each setting, either way


class HarmonyNet(nn.Module):
    """Composites and where their object is, to the settings of `curve` (N,SETTINGS)."""

    most: Tensor
    centres: Tensor

    def __init__(self, config: HarmonyConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or HarmonyConfig()
        layers: list[nn.Module] = []
        before = 4
        for number, width in enumerate(config.channels):
            layers += [nn.Conv2d(before, width, 3, 2, 1), nn.GroupNorm(8, width), nn.SiLU()]
            if number > 0:
                layers += [nn.Conv2d(width, width, 3, 1, 1), nn.GroupNorm(8, width), nn.SiLU()]
            before = width
        self.look = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(2 * before + 2 * 6 * config.bins + 1, config.hidden),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.hidden),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, SETTINGS),
        )
        nn.init.zeros_(self.head[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.head[-1].bias)  # type: ignore[arg-type]
        self.register_buffer("most", torch.tensor(config.most), persistent=False)
        centres = torch.linspace(0, 1, config.bins)
        self.register_buffer("centres", centres, persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Settings (N,SETTINGS), each within what the configuration allows.

        Args:
            pictures: (N,4,SIDE,SIDE) in [0,1]: sRGB of the composite, and the object's alpha.
        """
        maps: Tensor = self.look(pictures * 2 - 1)
        scale = SIDE // maps.shape[-1]
        where = F.avg_pool2d(pictures[:, 3:], scale)
        parts = [_mean(maps.flatten(2), weight.flatten(1)) for weight in (where, 1 - where)]
        small = pictures[:, :, ::2, ::2]  # some pixels tell as much as all
        inside = (small[:, 3].flatten(1) - 0.8).clamp(min=0) * 5
        outside = (0.2 - small[:, 3].flatten(1)).clamp(min=0) * 5
        spread = self._histograms(small[:, :3].flatten(2))
        parts += [_mean(spread, weight) for weight in (inside, outside)]
        parts.append(where.mean((1, 2, 3))[:, None])
        settings: Tensor = torch.tanh(self.head(torch.cat(parts, 1))) * self.most
        return settings

    def _histograms(self, colours: Tensor) -> Tensor:
        """(N,6*bins,P): how near pixels are to the bins of the channels, light and two hues."""
        red, green, blue = colours.unbind(1)
        values = torch.stack(
            [red, green, blue, colours.mean(1), 0.5 + (red - green), 0.5 + (blue - green)], 1
        )
        away = (values[:, :, None] - self.centres[:, None]).abs() * (self.config.bins - 1)
        return (1 - away).clamp(min=0).flatten(1, 2)


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    """(N,C) of values (N,C,P), where the weight (N,P) is."""
    total = weight.sum(1, keepdim=True) + 1e-3
    return (values * weight[:, None]).sum(2) / total


def curve(colours: Tensor, settings: Tensor) -> Tensor:
    """Colours (N,P,3), sRGB in [0,1], moved by settings (N,SETTINGS); all 0 leave them.

    The same as `stages.composite_learned.curve`, with gradients.
    """
    bent = colours.clamp(min=1e-4) ** settings[:, None, :1].exp()
    low, high = bent / 12.92, ((bent + 0.055) / 1.055) ** 2.4
    light = torch.where(bent <= 0.04045, low, high) * 2 ** settings[:, None, 1:4]
    light = light.clamp(1e-6, 1)
    shown = torch.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    grey = shown @ colours.new_tensor(_LUMA)[:, None]
    return (grey + (shown - grey) * settings[:, None, 4:].exp()).clamp(0, 1)


def load_harmony_net(path: Path) -> HarmonyNet:
    """The network that `compose train harmonizer` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """

    def build(values: dict[str, Any]) -> HarmonyNet:
        listed: dict[str, Sequence[Any]] = {k: tuple(values[k]) for k in ("channels", "most")}
        return HarmonyNet(HarmonyConfig(**{**values, **listed}))

    return load_small_net(path, build)
