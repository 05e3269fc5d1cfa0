"""ResNet-50 (He et al., CVPR 2016) with frozen batch norms, as detectors of DETR's family have it.

Names are those of the published files (`layer2.0.conv1`, `layer2.0.downsample.1`), so that the
backbones of DETR's family load as they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = (512, 1024, 2048)  # of the maps that `ResNet50` gives
_BLOCKS = (3, 4, 6, 3)


class FrozenBatchNorm(nn.Module):
    """A batch norm whose four vectors (C,) are constants, epsilon 1e-5."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to the same."""
        values = self.running_mean, self.running_var, self.weight, self.bias
        mean, variance, weight, bias = (v[:, None, None] for v in values)  # type: ignore[index]
        scale = weight * (variance + 1e-5).rsqrt()
        return x * scale + (bias - mean * scale)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut; the 3x3 has the stride."""

    def __init__(self, cin: int, width: int, stride: int, dilation: int, shortcut: bool) -> None:
        super().__init__()
        cout = 4 * width
        self.conv1 = nn.Conv2d(cin, width, 1, bias=False)
        self.bn1 = FrozenBatchNorm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = FrozenBatchNorm(width)
        self.conv3 = nn.Conv2d(width, cout, 1, bias=False)
        self.bn3 = FrozenBatchNorm(cout)
        self.downsample: nn.Module = nn.Identity()
        if shortcut:
            self.downsample = nn.Sequential(
                nn.Conv2d(cin, cout, 1, stride, bias=False), FrozenBatchNorm(cout)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to (N,4*width,h/stride,w/stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet50(nn.Module):
    """The network without its classifier.

    Args:
        dilated: DC5: the last stage keeps stride 16, and its 3x3 kernels are spread by 2.
    """

    def __init__(self, dilated: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = FrozenBatchNorm(64)
        self.layer1 = _stage(64, 64, _BLOCKS[0], 1, False)
        self.layer2 = _stage(256, 128, _BLOCKS[1], 2, False)
        self.layer3 = _stage(512, 256, _BLOCKS[2], 2, False)
        self.layer4 = _stage(1024, 512, _BLOCKS[3], 1 if dilated else 2, dilated)

    def freeze_first(self) -> None:
        """Keep the stem and the first stage as they are, as published."""
        for part in (self.conv1, self.layer1):
            part.requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps of strides 8, 16 and 32 (DC5: 16) of normalised pictures (N,3,h,w)."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        maps = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            maps.append(x)
        return maps[1:]


def _stage(cin: int, width: int, blocks: int, stride: int, dilated: bool) -> nn.Sequential:
    # the first block of a dilated stage keeps the dilation of the one before
    first = Bottleneck(cin, width, stride, 1, shortcut=True)
    spread = 2 if dilated else 1
    others = [Bottleneck(4 * width, width, 1, spread, shortcut=False) for _ in range(blocks - 1)]
    return nn.Sequential(first, *others)
