"""What conditional and deformable DETR share: positions as sines, small perceptrons, logits."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_TURN = 2 * math.pi
_TEMPERATURE = 10_000.0


class Mlp(nn.Module):
    """Linear layers with ReLU between; ProCrop has a layer norm after each of those.

    Args:
        cin, hidden, cout: channels.
        depth: layers.
        norm: whether hidden values are normalised after their ReLU.
    """

    def __init__(self, cin: int, hidden: int, cout: int, depth: int, norm: bool = False) -> None:
        super().__init__()
        sizes = [cin, *[hidden] * (depth - 1), cout]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(depth - 1) if norm)

    def forward(self, x: Tensor) -> Tensor:
        """(…,cin) to (…,cout)."""
        last = len(self.layers) - 1
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number < last:
                x = F.relu(x)
                if len(self.norms):
                    x = self.norms[number](x)
        return x


class Feed(nn.Module):
    """What all layers end with, under its published names."""

    linear1: nn.Linear
    linear2: nn.Linear
    dropout: nn.Dropout

    def feed(self, x: Tensor, norm: nn.Module) -> Tensor:
        """(B,N,D) to the same: two linear layers, added and normalised."""
        y = self.linear2(self.dropout(F.relu(self.linear1(x))))
        found: Tensor = norm(x + self.dropout(y))
        return found


def inverse_sigmoid(x: Tensor, least: float = 1e-5) -> Tensor:
    """Logits of x in [0,1], which is kept `least` away from both ends."""
    x = x.clamp(0, 1)
    return torch.log(x.clamp(min=least) / (1 - x).clamp(min=least))


def sine_positions(pad: Tensor, channels: int, *, centred: bool) -> Tensor:
    """Sines and cosines of where each cell is in its picture (Carion et al., 2020, A.4).

    Args:
        pad: (B,h,w) True where a cell holds no picture.
        channels: of which the first half tells the row, and the second the column.
        centred: count cells at their middles (deformable DETR) and not at their ends.

    Returns:
        (B,channels,h,w).
    """
    kept = (~pad).float()
    shift = 0.5 if centred else 0.0
    encoded = []
    for axis in (1, 2):
        places = kept.cumsum(axis)
        whole = places.select(axis, places.shape[axis] - 1).unsqueeze(axis)
        encoded.append(_sines((places - shift) / (whole + 1e-6) * _TURN, channels // 2))
    return torch.cat(encoded, 3).permute(0, 3, 1, 2)


def sine_points(points: Tensor, channels: int) -> Tensor:
    """(…,2) points x, y in [0,1] to (…,channels): the row first, as `sine_positions` has it."""
    x, y = (points * _TURN).unbind(-1)
    return torch.cat([_sines(y, channels // 2), _sines(x, channels // 2)], -1)


def _sines(angles: Tensor, channels: int) -> Tensor:
    """(…) to (…,channels): sines at even places, cosines at odd ones, ever slower."""
    steps = torch.arange(channels // 2, dtype=torch.float32, device=angles.device)
    waves = angles[..., None] / _TEMPERATURE ** (2 * steps / channels)
    return torch.stack([waves.sin(), waves.cos()], -1).flatten(-2)


def corners(boxes: Tensor) -> Tensor:
    """(…,4) centre and size to x1, y1, x2, y2."""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], -1)


def centres(boxes: Tensor) -> Tensor:
    """(…,4) x1, y1, x2, y2 to centre and size."""
    first, last = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(first + last) / 2, last - first], -1)


def pads_of(maps: list[Tensor], pad: Tensor) -> list[Tensor]:
    """`pad` (B,h,w) at each map's size: True where a cell's first pixel holds no picture."""
    return [F.interpolate(pad[:, None].float(), m.shape[-2:])[:, 0] > 0.5 for m in maps]
