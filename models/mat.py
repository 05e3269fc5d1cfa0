"""MAT's generator (Li et al., CVPR 2022): a coarse stage by transformer, a fine one by U-Net.

Modules carry the names of the published weights; see `mat_coarse`, `mat_layers` and
`mat_transformer`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from .mat_coarse import COARSEST, FirstStage, MatShape, StyleBlock, encoder_name
from .mat_layers import Conv, Linear, StyleLayer, ToRgb, mixed


class ConvPair(nn.Module):
    """Two convolutions, of which the first may halve the size."""

    def __init__(self, cin: int, cout: int, kernel: int, down: bool) -> None:
        super().__init__()
        self.conv0 = Conv(cin, cout, kernel, down=down)
        self.conv1 = Conv(cout, cout)

    def forward(self, x: Tensor) -> Tensor:
        """(1,cin,h,w) to (1,cout,h',w')."""
        y: Tensor = self.conv1(self.conv0(x))
        return y


class FirstBlock(nn.Module):
    """Where the fine stage's decoder begins."""

    def __init__(self, width: int, style: int, noise: bool) -> None:
        super().__init__()
        self.conv0 = Conv(width, width)
        self.conv1 = StyleLayer(width, width, style, noise=noise)
        self.toRGB = ToRgb(width, style)

    def forward(self, x: Tensor, style: Tensor, draws: Generator) -> tuple[Tensor, Tensor]:
        """Maps and the first picture."""
        x = self.conv1(self.conv0(x) + x, style, draws)
        return x, self.toRGB(x, style, None)


class _Style(nn.Module):
    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(*(Conv(width, width, down=True) for _ in range(3)))
        self.fc = Linear(width, style, active=True)

    def forward(self, x: Tensor) -> Tensor:
        style: Tensor = self.fc(self.conv(x).mean((2, 3)))
        return style


class Synthesis(nn.Module):
    """Both stages."""

    def __init__(self, shape: MatShape) -> None:
        super().__init__()
        widths, style = shape.widths, shape.code + shape.style
        self._levels = range(COARSEST, COARSEST + len(widths))
        self.first_stage = FirstStage(shape)
        self.enc, self.dec = nn.Module(), nn.Module()
        for level, width in zip(self._levels, widths, strict=True):
            top = level == self._levels[-1]
            cin = 7 if top else widths[level - COARSEST + 1]
            pair = ConvPair(cin, width, 1 if top else 3, down=not top)
            self.enc.add_module(encoder_name(level), pair)
            block = (
                FirstBlock(width, style, shape.noise)
                if level == COARSEST
                else StyleBlock(widths[level - COARSEST - 1], width, style, shape.noise)
            )
            self.dec.add_module(f"Dec_{2**level}x{2**level}", block)
        self.to_square = Linear(shape.code, 256, active=True)
        self.to_style = _Style(widths[0], shape.style)

    def forward(self, bare: Tensor, known: Tensor, code: Tensor, draws: Generator) -> Tensor:
        """See `MatGenerator.forward`."""
        coarse = self.first_stage(bare, known, code, draws)
        x = torch.cat([known - 0.5, coarse, bare], 1)
        skips = []
        for level in reversed(self._levels):
            x = self.enc.get_submodule(encoder_name(level))(x)
            skips.append(x)
        square = self.to_square(code).view(1, 1, 16, 16)
        square = F.interpolate(square, x.shape[2:], mode="bilinear")
        x = mixed(skips.pop(), square.expand_as(x), draws)
        style = torch.cat([code, self.to_style(x)], 1)
        first, *blocks = self.dec.children()
        x, picture = first(x, style, draws)
        for block in blocks:
            x, picture = block(x, picture, style, skips.pop(), draws)
        merged: Tensor = picture * (1 - known) + bare
        return merged


class LatentMapping(nn.Module):
    """The latent to the code that styles layers."""

    def __init__(self, shape: MatShape) -> None:
        super().__init__()
        for number in range(shape.mapping):
            cin = shape.latent if number == 0 else shape.code
            self.add_module(f"fc{number}", Linear(cin, shape.code, active=True, speed=0.01))

    def forward(self, latent: Tensor) -> Tensor:
        """(1,latent) to (1,code)."""
        x = latent * (latent.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.children():
            x = layer(x)
        return x


class MatGenerator(nn.Module):
    """See the module."""

    def __init__(self, shape: MatShape) -> None:
        super().__init__()
        self.shape = shape
        self.synthesis = Synthesis(shape)
        self.mapping = LatentMapping(shape)

    def forward(self, rgb: Tensor, known: Tensor, draws: Generator) -> Tensor:
        """The picture filled, (1,3,h,w) in about [-1, 1].

        Args:
            rgb: (1,3,h,w) in [-1, 1], sides multiples of `shape.side`; what is unknown is not seen.
            known: (1,1,h,w), 1 where the picture is known and 0 in the hole.
            draws: of the latent, the noise and the mixing, on the CPU.
        """
        code = self.mapping(torch.randn(1, self.shape.latent, generator=draws).to(rgb))
        filled: Tensor = self.synthesis(rgb * known, known, code, draws)
        return filled
