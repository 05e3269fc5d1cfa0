"""TinyViT-5M (Wu et al., ECCV 2022), the picture encoder of MobileSAM (Zhang et al., 2023).

Convolutions down to an eighth of the picture, then attention within windows, whose biases depend
on the distance of two places alone. Modules are called as the published file calls its tensors,
so that it is loaded as it is. The last two stages share one resolution, a sixteenth: for masks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .tiny_vit_biases import distances

WIDTHS = (64, 128, 160, 320)  # channels of the stages
_DEPTHS = (2, 2, 6, 2)  # blocks of the stages
_HEADS = (0, 4, 5, 10)  # the first stage has no attention
_WINDOWS = (0, 7, 14, 7)  # cells a side
_STRIDES = (2, 2, 1)  # from each stage to the next
PATCH = 16  # pixels a side of one of the encoder's cells


class _Conv(nn.Module):
    """Convolution without bias, then batch norm."""

    def __init__(self, into: int, out: int, side: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.c = nn.Conv2d(into, out, side, stride, side // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to (N,C',h/stride,w/stride)."""
        result: Tensor = self.bn(self.c(x))
        return result


class _Patches(nn.Module):
    """A quarter of the picture's size by two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        half = WIDTHS[0] // 2
        self.seq = nn.Sequential(_Conv(3, half, 3, 2), nn.GELU(), _Conv(half, WIDTHS[0], 3, 2))

    def forward(self, x: Tensor) -> Tensor:
        """(N,3,H,W) to (N,64,H/4,W/4)."""
        result: Tensor = self.seq(x)
        return result


class _Convolutional(nn.Module):
    """Inverted bottleneck with a shortcut: four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _Conv(width, 4 * width, 1)
        self.conv2 = _Conv(4 * width, 4 * width, 3, groups=4 * width)
        self.conv3 = _Conv(4 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to the same."""
        inner = F.gelu(self.conv2(F.gelu(self.conv1(x))))
        return F.gelu(x + self.conv3(inner))


class _Downsample(nn.Module):
    """To the next stage's width and resolution."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _Conv(into, out, 1)
        self.conv2 = _Conv(out, out, 3, stride, groups=out)
        self.conv3 = _Conv(out, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to (N,C',h/stride,w/stride)."""
        result: Tensor = self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))
        return result


class Attention(nn.Module):
    """Attention of all cells of a window, with a learned bias for each distance."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))
        self.apart: Tensor
        self.register_buffer("apart", torch.from_numpy(distances(window)), persistent=False)

    def spread(self) -> None:
        """Hold a bias for each pair of cells, as `spread_biases` gives them, from now on."""
        with torch.no_grad():
            self.attention_biases = nn.Parameter(self.attention_biases[:, self.apart])

    def forward(self, x: Tensor) -> Tensor:
        """Windows (B,cells,C) to the same."""
        count, cells, width = x.shape
        # the published file holds query, key and value of one head side by side
        qkv = self.qkv(self.norm(x)).view(count, cells, self.heads, 3, -1).permute(3, 0, 2, 1, 4)
        bias: Tensor = self.attention_biases
        if bias.ndim == 2:  # a number for each distance
            bias = bias[:, self.apart]
        mixed = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], attn_mask=bias[None])
        result: Tensor = self.proj(mixed.transpose(1, 2).reshape(count, cells, width))
        return result


class _Perceptron(nn.Module):
    """Normalised, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(...,C) to the same."""
        result: Tensor = self.fc2(F.gelu(self.fc1(self.norm(x))))
        return result


class _Attentive(nn.Module):
    """Attention in windows, a depthwise convolution across them, a perceptron."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = Attention(width, heads, window)
        self.local_conv = _Conv(width, width, 3, groups=width)
        self.mlp = _Perceptron(width)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to the same; what windows have beyond the picture is zero."""
        count, width, height, across = x.shape
        side = self.window
        cells = F.pad(x.permute(0, 2, 3, 1), (0, 0, 0, -across % side, 0, -height % side))
        rows, columns = cells.shape[1] // side, cells.shape[2] // side
        windows = cells.view(count, rows, side, columns, side, width).transpose(2, 3)
        seen = self.attn(windows.reshape(-1, side * side, width))
        seen = seen.view(count, rows, columns, side, side, width).transpose(2, 3)
        seen = seen.reshape(count, rows * side, columns * side, width)[:, :height, :across]
        x = self.local_conv(x + seen.permute(0, 3, 1, 2))
        result: Tensor = x + self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return result


class _Stage(nn.Module):
    """Blocks of one width, then the way to the next."""

    def __init__(self, number: int) -> None:
        super().__init__()
        width, last = WIDTHS[number], number + 1 == len(WIDTHS)
        self.blocks = nn.Sequential(
            *(
                _Attentive(width, _HEADS[number], _WINDOWS[number])
                if number
                else _Convolutional(width)
                for _ in range(_DEPTHS[number])
            )
        )
        self.downsample: nn.Module = (
            nn.Identity() if last else _Downsample(width, WIDTHS[number + 1], _STRIDES[number])
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to (N,C',h/stride,w/stride)."""
        result: Tensor = self.downsample(self.blocks(x))
        return result


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to the same."""
        normed = F.layer_norm(
            x.permute(0, 2, 3, 1), (len(self.weight),), self.weight, self.bias, 1e-6
        )
        return normed.permute(0, 3, 1, 2)


class TinyViT(nn.Module):
    """MobileSAM's picture encoder; the head of classes that its file also has is left out."""

    def __init__(self, out: int = 256) -> None:
        super().__init__()
        self.patch_embed = _Patches()
        self.layers = nn.Sequential(*(_Stage(number) for number in range(len(WIDTHS))))
        self.neck = nn.Sequential(
            nn.Conv2d(WIDTHS[-1], out, 1, bias=False),
            ChannelNorm(out),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            ChannelNorm(out),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N,3,H,W), normalised as for Segment Anything, to (N,256,H/16,W/16)."""
        result: Tensor = self.neck(self.layers(self.patch_embed(x)))
        return result
