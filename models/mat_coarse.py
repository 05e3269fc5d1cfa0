"""MAT's sizes, and the coarse one of its two stages (Li et al., CVPR 2022)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from .mat_layers import Conv, Linear, PartialConv, StyleLayer, ToRgb, mixed
from .mat_transformer import Level, to_maps, to_tokens

COARSEST = 4  # the fine stage's smallest maps have 2**4 pixels a side
_SMALL = 64  # pixels a side where the transformer begins
_LEVELS = (  # blocks, window side, whether shifted, factor
    (2, 8, True, 1),
    (3, 16, True, 0.5),
    (4, 16, False, 0.5),
    (3, 16, True, 2),
    (2, 8, True, 2),
)


@dataclass(frozen=True)
class MatShape:
    """Sizes of a generator; read from its weights by `shape_of`."""

    channels: int  # of the coarse stage
    widths: tuple[int, ...]  # channels of the fine stage, from 16x16 to the full size
    style: int  # of the picture, in the fine stage
    latent: int
    code: int  # the latent, mapped
    mapping: int  # layers
    noise: bool  # whether the fine stage adds noise

    @property
    def side(self) -> int:
        """Pixels a side for which it was trained."""
        return int(2 ** (COARSEST + len(self.widths) - 1))


def shape_of(state: Mapping[str, Tensor]) -> MatShape:
    """Read the sizes out of a state dict `synthesis.…`, `mapping.…`.

    Raises:
        KeyError: it is not that of such a generator.
    """
    widths: list[int] = []
    while (key := f"synthesis.enc.{encoder_name(len(widths) + COARSEST)}.conv1.weight") in state:
        widths.append(len(state[key]))
    if COARSEST + len(widths) <= math.log2(_SMALL) + 1:
        raise KeyError("its finest maps")
    mapping = 0
    while f"mapping.fc{mapping}.weight" in state:
        mapping += 1
    return MatShape(
        channels=len(state["synthesis.first_stage.conv_first.conv.weight"]),
        widths=tuple(widths),
        style=len(state["synthesis.to_style.fc.weight"]),
        latent=state["mapping.fc0.weight"].shape[1],
        code=len(state["mapping.fc0.weight"]),
        mapping=mapping,
        noise="synthesis.dec.Dec_16x16.conv1.noise_strength" in state,
    )


def encoder_name(level: int) -> str:
    """What the fine stage's encoder block of maps with 2**level pixels a side is called."""
    return f"EncConv_Block_{2**level}x{2**level}"


class StyleBlock(nn.Module):
    """From maps to twice the size, with those of the encoder, and the picture so far."""

    def __init__(self, cin: int, cout: int, style: int, noise: bool) -> None:
        super().__init__()
        self.conv0 = StyleLayer(cin, cout, style, up=True, noise=noise)
        self.conv1 = StyleLayer(cout, cout, style, noise=noise)
        self.toRGB = ToRgb(cout, style)

    def forward(
        self, x: Tensor, picture: Tensor | None, style: Tensor, skip: Tensor, draws: Generator
    ) -> tuple[Tensor, Tensor]:
        """Maps and picture at the new size."""
        x = self.conv1(self.conv0(x, style, draws) + skip, style, draws)
        return x, self.toRGB(x, style, picture)


class FirstStage(nn.Module):
    """The coarse stage."""

    def __init__(self, shape: MatShape) -> None:
        super().__init__()
        wide, times = shape.channels, round(math.log2(shape.side / _SMALL))
        self.conv_first = PartialConv(4, wide)
        self.enc_conv = nn.ModuleList(PartialConv(wide, wide, down=True) for _ in range(times))
        self.tran = nn.ModuleList(Level(wide, *level) for level in _LEVELS)
        self.down_conv = nn.Sequential(
            *(Conv(wide, wide, down=True) for _ in range(4)), nn.AdaptiveAvgPool2d(1)
        )
        self.to_style = Linear(wide, 2 * wide, active=True)
        self.ws_style = Linear(shape.code, wide, active=True)
        self.to_square = Linear(wide, 256, active=True)
        self.dec_conv = nn.ModuleList(
            StyleBlock(wide, wide, 3 * wide, noise=False) for _ in range(times)
        )

    def forward(self, bare: Tensor, known: Tensor, code: Tensor, draws: Generator) -> Tensor:
        """The picture (1,3,h,w), of one without what is unknown and its map (1,1,h,w)."""
        x, there = self.conv_first(torch.cat([known - 0.5, bare], 1), known)
        skips = [x]
        for conv in self.enc_conv:
            x, there = conv(x, there)
            skips.append(x)
        skips.pop()  # the transformer begins from these
        size = (x.shape[2], x.shape[3])
        x, there = to_tokens(x), to_tokens(there)
        across = []
        middle = len(self.tran) // 2
        for level in self.tran[:middle]:
            x, size, there = level(x, size, there)
            across.append(x)
        x, size, _ = self.tran[middle](x, size, None)
        own = self.ws_style(code)
        other = F.interpolate(self.to_square(own)[:, None], x.shape[1], mode="linear")
        x = mixed(x, other.transpose(1, 2).expand_as(x), draws)
        style = torch.cat([self.to_style(self.down_conv(to_maps(x, size)).flatten(1)), own], 1)
        for level in self.tran[middle + 1 :]:
            x, size, _ = level(x, size, None)
            x = x + across.pop()
        x, picture = to_maps(x, size), None
        for block in self.dec_conv:
            x, picture = block(x, picture, style, skips.pop(), draws)
        assert picture is not None  # there is at least one block
        merged: Tensor = picture * (1 - known) + bare
        return merged
