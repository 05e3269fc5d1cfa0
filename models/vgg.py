"""VGG-16's convolutions (Simonyan & Zisserman, 2015), with the last map of each of five blocks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCKS = (2, 2, 3, 3, 3)  # convolutions a block
WIDTHS = (64, 128, 256, 512, 512)  # channels a block


class Vgg(nn.Module):
    """Thirteen 3x3 convolutions.

    Args:
        mean, std: of the three channels, red first, for pictures in [0,255].
        ceil: whether a pool keeps the odd last row and column.
        widths: channels of each block.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        *,
        ceil: bool = False,
        widths: Sequence[int] = WIDTHS,
    ) -> None:
        super().__init__()
        self.ceil = ceil
        self.blocks = nn.ModuleList()
        cin = 3
        for count, width in zip(BLOCKS, widths, strict=True):
            convolutions = nn.ModuleList()
            for _ in range(count):
                convolutions.append(nn.Conv2d(cin, width, 3, padding=1))
                cin = width
            self.blocks.append(convolutions)
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Last map of each block before its ReLU (conv1_2, …, conv5_3), strides 1 to 16.

        Pictures are (N,3,h,w) in [0,1]; blocks whose map would be empty are left out.
        """
        x = (pictures * 255 - self.mean) / self.std
        taps: list[Tensor] = []
        for block in self.blocks:
            assert isinstance(block, nn.ModuleList)
            if taps:
                if min(x.shape[-2:]) < 2 and not self.ceil:
                    break
                x = F.max_pool2d(x, 2, ceil_mode=self.ceil)
            for convolution in block:
                tap = convolution(x)
                x = F.relu(tap)
            taps.append(tap)
        return taps
