"""CLIP's modified ResNet (Radford et al., 2021, section 2.4).

Three differences from a ResNet: a stem of three convolutions with an average pool; an average
pool before every convolution that would have a stride ("anti-aliased" strides, Zhang 2019; the
shortcut as in ResNet-D, He et al. 2019); and attention in place of the last average pool, whose
query is the mean of all positions. Modules carry the names of the published state dicts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PIXEL_MEAN = (0.48145466, 0.4578275, 0.40821073)  # CLIP's own, for pictures in [0,1]
PIXEL_STD = (0.26862954, 0.26130258, 0.27577711)
_EXPANSION = 4
_STRIDE = 32  # pixels a cell of the last map


@dataclass(frozen=True)
class ClipResNetConfig:
    """Sizes; the defaults are RN101's."""

    layers: tuple[int, int, int, int] = (3, 4, 23, 3)  # blocks; RN50: 3, 4, 6, 3
    width: int = 64  # channels after the stem
    dimensions: int = 512  # of the embedding; RN50: 1024
    cells: int = 7  # a side of the last map at the training size

    @property
    def heads(self) -> int:
        """Of the attention pool: 64 channels each."""
        return self.width * 32 // 64


class Bottleneck(nn.Module):
    """1x1, 3x3, an average pool where the map shrinks, 1x1; and a shortcut."""

    def __init__(self, cin: int, planes: int, stride: int) -> None:
        super().__init__()
        cout = planes * _EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(cin, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, cout, 1, bias=False), nn.BatchNorm2d(cout)
        self.pool: nn.Module = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.downsample: nn.ModuleDict | None = None
        if stride > 1 or cin != cout:
            self.downsample = nn.ModuleDict(
                {"0": nn.Conv2d(cin, cout, 1, bias=False), "1": nn.BatchNorm2d(cout)}
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to (N,4·planes,h/stride,w/stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(self.pool(y)))
        if self.downsample is not None:
            x = self.downsample["1"](self.downsample["0"](self.pool(x)))
        return F.relu(y + x)


class AttentionPool(nn.Module):
    """Attention of the mean position on all positions: a map to one vector."""

    def __init__(self, cells: int, width: int, heads: int, dimensions: int) -> None:
        super().__init__()
        self.cells, self.heads = cells, heads
        self.positional_embedding = nn.Parameter(torch.zeros(cells**2 + 1, width))
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.c_proj = nn.Linear(width, width), nn.Linear(width, dimensions)

    def forward(self, x: Tensor) -> Tensor:
        """(N,width,h,w) to (N,dimensions); positions are interpolated to other sizes."""
        n, width, h, w = x.shape
        position: Tensor = self.positional_embedding
        if (h, w) != (self.cells, self.cells):
            grid = position[1:].T.reshape(1, width, self.cells, self.cells)
            grid = F.interpolate(grid, (h, w), mode="bicubic", align_corners=False)
            position = torch.cat([position[:1], grid[0].flatten(1).T])
        tokens = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1) + position

        def split(t: Tensor) -> Tensor:
            return t.view(n, -1, self.heads, width // self.heads).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(
            split(self.q_proj(tokens[:, :1])),
            split(self.k_proj(tokens)),
            split(self.v_proj(tokens)),
        )
        answers: Tensor = self.c_proj(mixed.transpose(1, 2).reshape(n, width))
        return answers


class ClipResNet(nn.Module):
    """The picture half of CLIP, ResNet variants."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: ClipResNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ClipResNetConfig()
        half, width = config.width // 2, config.width
        self.conv1 = nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        cin = width
        for number, repeats in enumerate(config.layers):
            planes = width * 2**number
            blocks = []
            for index in range(repeats):
                blocks.append(Bottleneck(cin, planes, 2 if number and index == 0 else 1))
                cin = planes * _EXPANSION
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
        self.attnpool = AttentionPool(config.cells, cin, config.heads, config.dimensions)
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(3, 1, 1), persistent=False)

    def maps(self, x: Tensor) -> list[Tensor]:
        """Stem and the four layers, strides 4, 4, 8, 16, 32, of pictures (N,3,h,w) in [0,1].

        Both sides must be multiples of 32.
        """
        x = (x - self.mean) / self.std
        for number in (1, 2, 3):
            conv, norm = getattr(self, f"conv{number}"), getattr(self, f"bn{number}")
            x = F.relu(norm(conv(x)))
        found = [F.avg_pool2d(x, 2)]
        for number in range(1, 5):
            found.append(getattr(self, f"layer{number}")(found[-1]))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings (N,dimensions), not scaled, of pictures as in `maps`."""
        answers: Tensor = self.attnpool(self.maps(x)[-1])
        return answers


def input_size(height: int, width: int, config: ClipResNetConfig) -> tuple[int, int]:
    """Multiples of 32 nearest to the picture's proportions, the long side as in training."""
    side = config.cells * _STRIDE
    share = config.cells / max(height, width)
    rows, columns = (max(round(s * share), 1) * _STRIDE for s in (height, width))
    return min(rows, side), min(columns, side)


def config_of(state: dict[str, Tensor]) -> ClipResNetConfig:
    """The sizes that a state dict's names and shapes tell.

    Raises:
        KeyError: it is not of such a network.
    """
    counts = [
        1 + max((int(n.split(".")[1]) for n in state if n.startswith(f"layer{k}.")), default=-1)
        for k in (1, 2, 3, 4)
    ]
    cells = round((len(state["attnpool.positional_embedding"]) - 1) ** 0.5)
    return ClipResNetConfig(
        layers=(counts[0], counts[1], counts[2], counts[3]),
        width=len(state["conv3.weight"]),
        dimensions=len(state["attnpool.c_proj.weight"]),
        cells=cells,
    )
