"""LaMa's generator: a residual network of fast Fourier convolutions.

R. Suvorov et al., Resolution-robust Large Mask Inpainting with Fourier Convolutions, WACV 2022;
L. Chi et al., Fast Fourier Convolution, NeurIPS 2020. Maps are carried as two parts: a local one,
which sees its neighbours, and a global one, which sees the whole picture through its spectrum.
Modules carry the names of the published weights; all of it is in evaluation mode only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_MOST_CHANNELS = 1024

Pair = tuple[Tensor, Tensor | None]  # local and global maps


@dataclass(frozen=True)
class LamaShape:
    """Sizes of a generator; the defaults are those of the published `big-lama`."""

    width: int = 64  # channels at full resolution
    downsamplings: int = 3
    blocks: int = 18
    global_channels: int = 384  # of those in the blocks

    def channels(self, level: int) -> int:
        """Channels after `level` downsamplings."""
        return min(self.width << level, _MOST_CHANNELS)


def shape_of(state: Mapping[str, Tensor]) -> LamaShape:
    """Read the sizes out of a state dict `model.N…`.

    Raises:
        KeyError: it is not that of such a generator.
    """
    width = len(state["model.1.ffc.convl2l.weight"])
    level = 0
    while f"model.{level + 2}.ffc.convl2l.weight" in state:
        level += 1
    blocks = 0
    while f"model.{level + blocks + 2}.conv1.ffc.convl2l.weight" in state:
        blocks += 1
    return LamaShape(width, level, blocks, len(state[f"model.{level + 1}.ffc.convl2g.weight"]))


class FourierUnit(nn.Module):
    """A pointwise convolution of the spectrum's real and imaginary parts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to the same."""
        spectrum = torch.view_as_real(torch.fft.rfft2(x, norm="ortho"))  # N C h w/2+1 2
        n, channels, rows, columns, _ = spectrum.shape
        # real and imaginary part of a channel lie side by side
        flat = spectrum.permute(0, 1, 4, 2, 3).reshape(n, 2 * channels, rows, columns)
        flat = torch.relu(self.bn(self.conv_layer(flat)))
        parts = flat.view(n, channels, 2, rows, columns).permute(0, 1, 3, 4, 2).contiguous()
        found: Tensor = torch.fft.irfft2(torch.view_as_complex(parts), s=x.shape[-2:], norm="ortho")
        return found


class SpectralTransform(nn.Module):
    """From global maps to global maps, through half the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = nn.Sequential(
            nn.Conv2d(channels, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU()
        )
        self.fu = FourierUnit(half)
        self.conv2 = nn.Conv2d(half, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to the same."""
        x = self.conv1(x)
        moved: Tensor = self.conv2(x + self.fu(x))
        return moved


class FastFourierConv(nn.Module):
    """Convolutions from local and global maps to local and global maps."""

    def __init__(
        self, inputs: tuple[int, int], outputs: tuple[int, int], kernel: int, stride: int
    ) -> None:
        super().__init__()

        def conv(cin: int, cout: int) -> nn.Module:
            if cin == 0 or cout == 0:
                return nn.Identity()
            return nn.Conv2d(
                cin, cout, kernel, stride, kernel // 2, bias=False, padding_mode="reflect"
            )

        (local_in, global_in), (local_out, global_out) = inputs, outputs
        self.convl2l = conv(local_in, local_out)
        self.convl2g = conv(local_in, global_out)
        self.convg2l = conv(global_in, local_out)
        self.convg2g = SpectralTransform(global_in) if global_in and global_out else nn.Identity()
        self.has_global = global_out > 0

    def forward(self, maps: Pair) -> Pair:
        """Local and global maps of the new sizes."""
        near, far = maps
        local: Tensor = self.convl2l(near)
        if far is not None:
            local = local + self.convg2l(far)
        if not self.has_global:
            return local, None
        spread: Tensor = self.convl2g(near)
        return local, spread if far is None else spread + self.convg2g(far)


class Layer(nn.Module):
    """Fast Fourier convolution, batch normalisation and ReLU."""

    def __init__(
        self, inputs: tuple[int, int], outputs: tuple[int, int], kernel: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.ffc = FastFourierConv(inputs, outputs, kernel, stride)
        self.bn_l = nn.BatchNorm2d(outputs[0])
        self.bn_g = nn.BatchNorm2d(outputs[1]) if outputs[1] else nn.Identity()

    def forward(self, maps: Pair) -> Pair:
        """Local and global maps of the new sizes."""
        near, far = self.ffc(maps)
        near = torch.relu(self.bn_l(near))
        return near, None if far is None else torch.relu(self.bn_g(far))


class Block(nn.Module):
    """Two layers with a residual around them."""

    def __init__(self, channels: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = Layer(channels, channels, 3)
        self.conv2 = Layer(channels, channels, 3)

    def forward(self, maps: Pair) -> Pair:
        """Maps of the same sizes."""
        near, far = self.conv2(self.conv1(maps))
        if far is None or maps[1] is None:
            return maps[0] + near, None
        return maps[0] + near, maps[1] + far


class _Join(nn.Module):
    def forward(self, maps: Pair) -> Tensor:
        near, far = maps
        return near if far is None else torch.cat([near, far], 1)


class _Begin(nn.Module):
    """Stands where the published network pads, which `Layer` does itself; no global maps yet."""

    def forward(self, x: Tensor) -> Pair:
        return x, None


class LamaGenerator(nn.Module):
    """See the module; sides of pictures are multiples of 2**downsamplings, at least twice that."""

    def __init__(self, shape: LamaShape | None = None) -> None:
        super().__init__()
        shape = shape or LamaShape()
        deepest = shape.channels(shape.downsamplings)
        split = (deepest - shape.global_channels, shape.global_channels)
        layers: list[nn.Module] = [_Begin(), Layer((4, 0), (shape.width, 0), 7)]
        for level in range(shape.downsamplings):
            last = level == shape.downsamplings - 1
            outputs = split if last else (shape.channels(level + 1), 0)
            layers.append(Layer((shape.channels(level), 0), outputs, 3, 2))
        layers += [Block(split) for _ in range(shape.blocks)]
        layers.append(_Join())
        for level in range(shape.downsamplings, 0, -1):
            cin, cout = shape.channels(level), shape.channels(level - 1)
            layers.append(nn.ConvTranspose2d(cin, cout, 3, 2, 1, output_padding=1))
            layers += [nn.BatchNorm2d(cout), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(shape.width, 3, 7), nn.Sigmoid()]
        self.model = nn.Sequential(*layers)

    def forward(self, rgb: Tensor, hole: Tensor) -> Tensor:
        """The whole picture (N,3,h,w) in [0, 1], of one in [0, 1] and its hole (N,1,h,w), 1 inside.

        What lies in the hole is not seen.
        """
        painted: Tensor = self.model(torch.cat([rgb * (1 - hole), hole], 1))
        return painted
