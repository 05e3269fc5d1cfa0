"""MAT's transformer: attention in shifted windows that leaves out what is not known yet.

W. Li et al., MAT: Mask-Aware Transformer for Large Hole Image Inpainting, CVPR 2022. Maps travel
as tokens (1,h*w,C) with their size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mat_layers import Linear, PartialConv

HEADS = 6
_AWAY = -100.0  # added to the attention of what must not be seen

Size = tuple[int, int]  # height, width


def to_tokens(maps: Tensor) -> Tensor:
    """(N,C,h,w) to (N,h*w,C)."""
    return maps.flatten(2).transpose(1, 2)


def to_maps(tokens: Tensor, size: Size) -> Tensor:
    """(N,h*w,C) to (N,C,h,w)."""
    return tokens.transpose(1, 2).reshape(len(tokens), -1, *size)


def windows_of(x: Tensor, side: int) -> Tensor:
    """(1,h,w,C) to (windows,side*side,C)."""
    _, height, width, channels = x.shape
    x = x.view(height // side, side, width // side, side, channels)
    return x.permute(0, 2, 1, 3, 4).reshape(-1, side * side, channels)


def joined(windows: Tensor, side: int, size: Size) -> Tensor:
    """(windows,side*side,C) back to (1,h,w,C)."""
    height, width = size
    x = windows.view(height // side, width // side, side, side, -1)
    return x.permute(0, 2, 1, 3, 4).reshape(1, height, width, -1)


class Attention(nn.Module):
    """Multi-head attention inside each window."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.q, self.k = Linear(channels, channels), Linear(channels, channels)
        self.v, self.proj = Linear(channels, channels), Linear(channels, channels)
        self._scale = (channels // HEADS) ** -0.5

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Windows (n,L,C) to the same; `bias` broadcasts to (n,heads,L,L)."""
        n, length, channels = x.shape
        unit = F.normalize(x, dim=-1)
        parts = (self.q(unit), self.k(unit), self.v(x))
        q, k, v = (p.view(n, length, HEADS, -1).transpose(1, 2) for p in parts)
        weights = torch.softmax(q @ k.transpose(2, 3) * self._scale + bias, -1)
        found: Tensor = self.proj((weights @ v).transpose(1, 2).reshape(n, length, channels))
        return found


class Mlp(nn.Module):
    """Two layers of every token on its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = Linear(channels, 2 * channels, active=True)
        self.fc2 = Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(…,C) to the same."""
        y: Tensor = self.fc2(self.fc1(x))
        return y


class WindowBlock(nn.Module):
    """Attention and fusion with what went in; there is neither norm nor residual."""

    def __init__(self, channels: int, side: int, shift: int) -> None:
        super().__init__()
        self.attn = Attention(channels)
        self.fuse = Linear(2 * channels, channels, active=True)
        self.mlp = Mlp(channels)
        self._side, self._shift = side, shift

    def forward(self, x: Tensor, size: Size, known: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Tokens, and where they are known (1,h*w,1): after it, all of a window if any of it."""
        seen = x.view(1, *size, -1)
        bias = self._between_sides(size).to(x)
        windows = windows_of(self._rolled(seen), self._side)
        if known is not None:
            there = windows_of(self._rolled(known.view(1, *size, 1)), self._side)
            bias = bias + ((1 - there) * _AWAY).transpose(1, 2)[:, None]
            there = there.amax(1, keepdim=True).expand_as(there)
            known = self._rolled(joined(there, self._side, size), back=True).reshape(1, -1, 1)
        found = self._rolled(joined(self.attn(windows, bias), self._side, size), back=True)
        fused: Tensor = self.mlp(self.fuse(torch.cat([x, found.reshape(x.shape)], -1)))
        return fused, known

    def _rolled(self, x: Tensor, back: bool = False) -> Tensor:
        step = self._shift if back else -self._shift
        return torch.roll(x, (step, step), (1, 2)) if step else x

    def _between_sides(self, size: Size) -> Tensor:
        """Keeps apart what only the roll has brought into one window: (windows,1,L,L)."""
        if self._shift == 0:
            return torch.zeros(1)
        bands = []
        for length in size:
            band = torch.zeros(length)
            band[length - self._side :] = 1
            band[length - self._shift :] = 2
            bands.append(band)
        regions = windows_of((bands[0][:, None] * 3 + bands[1])[None, :, :, None], self._side)
        return ((regions != regions.transpose(1, 2)) * _AWAY)[:, None]


class Resample(nn.Module):
    """Tokens at half or twice the size."""

    def __init__(self, channels: int, factor: float) -> None:
        super().__init__()
        self.conv = PartialConv(channels, channels, up=factor > 1, down=factor < 1)

    def forward(
        self, x: Tensor, size: Size, known: Tensor | None
    ) -> tuple[Tensor, Size, Tensor | None]:
        """Tokens, their size, and where they are known."""
        before = None if known is None else to_maps(known, size)
        maps, after = self.conv(to_maps(x, size), before)
        new = (maps.shape[2], maps.shape[3])
        return to_tokens(maps), new, None if after is None else to_tokens(after)


class Level(nn.Module):
    """Blocks at one size, every other one with its windows shifted by half, and a residual.

    Args:
        channels: of the tokens.
        depth: number of blocks.
        side: of a window.
        shifts: whether windows are shifted; not where one spans the trained size.
        factor: of this level's size to the one before.
    """

    def __init__(self, channels: int, depth: int, side: int, shifts: bool, factor: float) -> None:
        super().__init__()
        self.downsample = None if factor == 1 else Resample(channels, factor)
        self.blocks = nn.ModuleList(
            WindowBlock(channels, side, side // 2 if shifts and number % 2 else 0)
            for number in range(depth)
        )
        self.conv = PartialConv(channels, channels)

    def forward(
        self, x: Tensor, size: Size, known: Tensor | None
    ) -> tuple[Tensor, Size, Tensor | None]:
        """Tokens, their size, and where they are known."""
        if self.downsample is not None:
            x, size, known = self.downsample(x, size, known)
        start = x
        for block in self.blocks:
            x, known = block(x, size, known)
        maps, after = self.conv(to_maps(x, size), None if known is None else to_maps(known, size))
        return to_tokens(maps) + start, size, None if after is None else to_tokens(after)
