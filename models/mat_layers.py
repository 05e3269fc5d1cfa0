"""Layers of MAT, which are StyleGAN's: weights scaled when they are used, and filtered resampling.

T. Karras et al., Analyzing and Improving the Image Quality of StyleGAN, CVPR 2020. Modules carry
the names of the published weights; all of it is for inference only.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

_SLOPE, _GAIN = 0.2, math.sqrt(2)  # of every leaky ReLU
_TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
_FILTER = torch.outer(_TAPS, _TAPS)


def activated(x: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance."""
    return F.leaky_relu(x, _SLOPE) * _GAIN


def filtered(x: Tensor, padding: tuple[int, int], gain: float = 1.0) -> Tensor:
    """Smooth maps (N,C,h,w) by the 4x4 filter, zeros around: `padding` before and behind."""
    before, behind = padding
    kernel = (_FILTER * gain).to(x).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(F.pad(x, (before, behind, before, behind)), kernel, groups=x.shape[1])


def doubled(x: Tensor) -> Tensor:
    """Maps at twice the size."""
    n, channels, height, width = x.shape
    spread = x.new_zeros(n, channels, height, 2, width, 2)
    spread[:, :, :, 0, :, 0] = x
    return filtered(spread.view(n, channels, 2 * height, 2 * width), (2, 1), gain=4.0)


def convolved(x: Tensor, weight: Tensor, up: bool = False, down: bool = False) -> Tensor:
    """Convolve maps at the same, twice or half the size."""
    if up:
        turned = weight.flip(2, 3).transpose(0, 1)
        return filtered(F.conv_transpose2d(x, turned, stride=2), (1, 1), gain=4.0)
    if down:
        return F.conv2d(filtered(x, (2, 2)), weight, stride=2)
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2)


class Linear(nn.Module):
    """Fully connected, with or without activation; `speed` scales weights and bias."""

    def __init__(self, cin: int, cout: int, active: bool = False, speed: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(cout, cin) / speed)
        self.bias = nn.Parameter(torch.zeros(cout))
        self._active, self._gain, self._speed = active, speed / math.sqrt(cin), speed

    def forward(self, x: Tensor) -> Tensor:
        """(…,cin) to (…,cout)."""
        y = F.linear(x, self.weight * self._gain, self.bias * self._speed)
        return activated(y) if self._active else y


class Conv(nn.Module):
    """Convolution with activation, at the same, twice or half the size."""

    def __init__(
        self, cin: int, cout: int, kernel: int = 3, *, up: bool = False, down: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(cout, cin, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(cout))
        self._gain, self._up, self._down = 1 / math.sqrt(cin * kernel**2), up, down

    def forward(self, x: Tensor) -> Tensor:
        """(N,cin,h,w) to (N,cout,h',w')."""
        y = convolved(x, self.weight * self._gain, self._up, self._down)
        return activated(y + self.bias[:, None, None])


class PartialConv(nn.Module):
    """Convolution that makes up for what is not known yet (Liu et al., 2018)."""

    def __init__(self, cin: int, cout: int, *, up: bool = False, down: bool = False) -> None:
        super().__init__()
        self.conv = Conv(cin, cout, up=up, down=down)
        self._stride = 2 if down else 1

    def forward(self, x: Tensor, known: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Maps, and where they are known (N,1,h,w): 1 as soon as anything under the kernel is."""
        y: Tensor = self.conv(x)
        if known is None:
            return y, None
        seen = F.conv2d(known, known.new_ones(1, 1, 3, 3), stride=self._stride, padding=1)
        known = seen.clamp(0, 1)
        return y * (9 / (seen + 1e-8) * known), known


class StyledConv(nn.Module):
    """The convolution of `StyleLayer`: a style scales the weights' input channels."""

    def __init__(
        self, cin: int, cout: int, style: int, kernel: int, *, level: bool, up: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, cout, cin, kernel, kernel))
        self.affine = Linear(style, cin)
        self._gain, self._level, self._up = 1 / math.sqrt(cin * kernel**2), level, up

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Maps (1,cin,h,w) and a style (1,S) to maps (1,cout,h',w')."""
        weight = self.weight[0] * self._gain * self.affine(style)[0][:, None, None]
        if self._level:  # outputs of unit variance
            weight = weight * (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        return convolved(x, weight, self._up)


class StyleLayer(nn.Module):
    """Styled convolution, noise, bias and activation."""

    def __init__(
        self, cin: int, cout: int, style: int, *, up: bool = False, noise: bool = False
    ) -> None:
        super().__init__()
        self.conv = StyledConv(cin, cout, style, 3, level=True, up=up)
        self.bias = nn.Parameter(torch.zeros(cout))
        self.noise_strength = nn.Parameter(torch.zeros([])) if noise else None

    def forward(self, x: Tensor, style: Tensor, draws: Generator) -> Tensor:
        """Maps (1,cin,h,w) to (1,cout,h',w'); noise comes from `draws`, on the CPU."""
        x = self.conv(x, style)
        if self.noise_strength is not None:
            noise = torch.randn(1, 1, *x.shape[2:], generator=draws).to(x)
            x = x + noise * self.noise_strength
        return activated(x + self.bias[:, None, None])


class ToRgb(nn.Module):
    """Maps to a picture, added to the one of the coarser level."""

    def __init__(self, cin: int, style: int) -> None:
        super().__init__()
        self.conv = StyledConv(cin, 3, style, 1, level=False)
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, style: Tensor, coarser: Tensor | None) -> Tensor:
        """(1,3,h,w); `coarser` has this or half the size."""
        picture: Tensor = self.conv(x, style) + self.bias[:, None, None]
        if coarser is None:
            return picture
        return picture + (coarser if coarser.shape == picture.shape else doubled(coarser))


def mixed(x: Tensor, other: Tensor, draws: Generator) -> Tensor:
    """Every value of `x` or the one of `other` that lies there, at equal odds."""
    take = torch.rand(x.shape, generator=draws).to(x.device) < 0.5
    return torch.where(take, x, other)
