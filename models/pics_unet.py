"""The U-Net of PICS and its hint branch (section 4.2 of our notes; ControlNet, Zhang et al. 2023).

A latent-diffusion U-Net (Rombach et al., 2022) whose transformers route objects by region. The
modules bear the names of the published checkpoint, so that it is read without translation.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .pics_config import PicsConfig
from .pics_routing import Regions, RoutedBlock, regions_of


class Route:
    """The objects as the layers see them: tokens (B,K,T,D), and the regions of masks (B,K,H,W)."""

    def __init__(self, tokens: Tensor, masks: Tensor) -> None:
        self.tokens, self._masks = tokens, masks
        self._regions: dict[tuple[int, int], Regions] = {}

    def regions(self, height: int, width: int) -> Regions:
        """On a grid; computed once for each."""
        key = (height, width)
        if key not in self._regions:
            self._regions[key] = regions_of(self._masks, height, width)
        return self._regions[key]


class ResBlock(nn.Module):
    """Two convolutions with the time added between them."""

    def __init__(self, width: int, out: int, times: int, groups: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups, width), nn.SiLU(), nn.Conv2d(width, out, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(times, out))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, out),
            nn.SiLU(),
            nn.Identity(),  # dropout, of which there is none
            zeroed(nn.Conv2d(out, out, 3, padding=1)),
        )
        self.skip_connection = nn.Identity() if width == out else nn.Conv2d(width, out, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """(B,C,H,W) and the time's embedding (B,E)."""
        y = self.in_layers(x) + self.emb_layers(time)[..., None, None]
        out: Tensor = self.skip_connection(x) + self.out_layers(y)
        return out


class SpatialTransformer(nn.Module):
    """A routed block on a map's cells, added to the map."""

    def __init__(self, width: int, config: PicsConfig) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.groups, width, eps=1e-6)
        self.proj_in = nn.Linear(width, width)
        self.transformer_blocks = nn.ModuleList([RoutedBlock(width, config)])
        self.proj_out = zeroed(nn.Linear(width, width))

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """(B,C,H,W) to the same."""
        height, width = x.shape[-2:]
        y = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        for block in self.transformer_blocks:
            y = block(y, route.tokens, route.regions(height, width))
        y = self.proj_out(y).transpose(1, 2).unflatten(2, (height, width))
        out: Tensor = x + y
        return out


class Down(nn.Module):
    """Half the size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(width, width, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B,C,H,W) to (B,C,H/2,W/2)."""
        out: Tensor = self.op(x)
        return out


class Up(nn.Module):
    """Twice the size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B,C,H,W) to (B,C,2H,2W)."""
        out: Tensor = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out


class Stage(nn.Sequential):
    """Layers one after the other, each given what it takes."""

    def forward(self, x: Tensor, time: Tensor, route: Route) -> Tensor:  # type: ignore[override]
        """(B,C,H,W) through all of them."""
        for layer in self:
            if isinstance(layer, ResBlock):
                x = layer(x, time)
            elif isinstance(layer, SpatialTransformer):
                x = layer(x, route)
            else:
                x = layer(x)
        return x


class Trunk(nn.Module):
    """The way down and the middle, which the U-Net and the hint branch both have."""

    def __init__(self, config: PicsConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.times = 4 * width
        self.time_embed = nn.Sequential(
            nn.Linear(width, self.times), nn.SiLU(), nn.Linear(self.times, self.times)
        )
        self.input_blocks = nn.ModuleList([Stage(nn.Conv2d(config.latents, width, 3, padding=1))])
        self.widths = [width]  # of what each input block gives
        scale = 1
        for level, multiplier in enumerate(config.multipliers):
            for _ in range(config.blocks):
                out = config.channels * multiplier
                self.input_blocks.append(self._stage(width, out, scale))
                width = out
                self.widths.append(width)
            if level < len(config.multipliers) - 1:
                self.input_blocks.append(Stage(Down(width)))
                self.widths.append(width)
                scale *= 2
        self.middle_block = Stage(
            ResBlock(width, width, self.times, config.groups),
            SpatialTransformer(width, config),
            ResBlock(width, width, self.times, config.groups),
        )

    def _stage(self, width: int, out: int, scale: int) -> Stage:
        layers: list[nn.Module] = [ResBlock(width, out, self.times, self.config.groups)]
        if scale in self.config.attention:
            layers.append(SpatialTransformer(out, self.config))
        return Stage(*layers)

    def time(self, times: Tensor) -> Tensor:
        """Embedding (B,E) of times (B,) in [0, 1000)."""
        half = self.config.channels // 2
        steps = torch.arange(half, dtype=torch.float32, device=times.device)
        angles = times.float()[:, None] * torch.exp(-math.log(10_000) * steps / half)
        waves = torch.cat([angles.cos(), angles.sin()], 1)
        first: Any = self.time_embed[0]
        out: Tensor = self.time_embed(waves.to(first.weight.dtype))
        return out

    def run(self, stage: nn.Module, x: Tensor, time: Tensor, route: Route) -> Tensor:
        """One stage, kept or computed anew in the backward pass."""
        if self.config.checkpointing and self.training and torch.is_grad_enabled():
            again: Tensor = checkpoint(stage, x, time, route, use_reentrant=False)
            return again
        out: Tensor = stage(x, time, route)
        return out


class UNet(Trunk):
    """Noisy latents to their noise."""

    def __init__(self, config: PicsConfig) -> None:
        super().__init__(config)
        left, width = list(self.widths), self.widths[-1]
        scale = 2 ** (len(config.multipliers) - 1)
        self.output_blocks = nn.ModuleList()
        for level in reversed(range(len(config.multipliers))):
            for number in range(config.blocks + 1):
                out = config.channels * config.multipliers[level]
                stage = self._stage(width + left.pop(), out, scale)
                width = out
                if level and number == config.blocks:
                    stage.append(Up(width))
                    scale //= 2
                self.output_blocks.append(stage)
        self.out = nn.Sequential(
            nn.GroupNorm(config.groups, width),
            nn.SiLU(),
            zeroed(nn.Conv2d(width, config.latents, 3, padding=1)),
        )

    def forward(self, x: Tensor, times: Tensor, route: Route, control: list[Tensor]) -> Tensor:
        """Noise (B,L,h,w) in x (B,L,h,w) at times (B,), with what the hint branch gave."""
        time = self.time(times)
        kept = []
        for stage in self.input_blocks:
            x = self.run(stage, x, time, route)
            kept.append(x)
        x = self.run(self.middle_block, x, time, route) + control[-1]
        for stage, there, hint in zip(
            self.output_blocks, reversed(kept), reversed(control[:-1]), strict=True
        ):
            x = self.run(stage, torch.cat([x, there + hint], 1), time, route)
        out: Tensor = self.out(x)
        return out


class HintBranch(Trunk):
    """A picture with holes to what is added on the U-Net's way up.

    As published, the hint stands in the place of the noisy latents, so that the first input
    block is there only to be read from a file.
    """

    def __init__(self, config: PicsConfig) -> None:
        super().__init__(config)
        first, *wider = config.hint
        layers: list[nn.Module] = [nn.Conv2d(4, first, 3, padding=1), nn.SiLU()]
        width = first
        for out in wider:
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.SiLU()]
            layers += [nn.Conv2d(width, out, 3, padding=1, stride=2), nn.SiLU()]
            width = out
        layers.append(zeroed(nn.Conv2d(width, config.channels, 3, padding=1)))
        self.input_hint_block = nn.Sequential(*layers)
        self.zero_convs = nn.ModuleList(
            nn.Sequential(zeroed(nn.Conv2d(width, width, 1))) for width in self.widths
        )
        last = self.widths[-1]
        self.middle_block_out = nn.Sequential(zeroed(nn.Conv2d(last, last, 1)))
        for parameter in self.input_blocks[0].parameters():
            parameter.requires_grad_(False)

    def forward(self, hint: Tensor, times: Tensor, route: Route) -> list[Tensor]:
        """Maps for the U-Net's skips and, last, its middle; hint (B,4,S,S)."""
        time = self.time(times)
        x = self.input_hint_block(hint)
        given = [self.zero_convs[0](x)]
        for stage, exit_ in zip(self.input_blocks[1:], self.zero_convs[1:], strict=True):
            x = self.run(stage, x, time, route)
            given.append(exit_(x))
        given.append(self.middle_block_out(self.run(self.middle_block, x, time, route)))
        return given


def zeroed(module: nn.Module) -> nn.Module:
    """The module with all its parameters at zero."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module
