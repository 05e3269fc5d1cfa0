"""DeepLabV3 (Chen et al., 2017) on a dilated ResNet (He et al., 2016), as torchvision publishes it.

Modules are called as torchvision calls them, so that its file of weights fits without that package.
The last two stages do not shrink their maps but look further apart, so cells are 8 pixels wide.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 8  # pixels of a cell


@dataclass(frozen=True)
class DeepLabConfig:
    """Sizes; the defaults are those of the published ResNet-101."""

    blocks: tuple[int, int, int, int] = (3, 4, 23, 3)
    width: int = 64  # of the first stage; each further one is twice as wide
    head: int = 256
    classes: int = 21
    rates: tuple[int, ...] = (12, 24, 36)  # cells between what a kernel looks at


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut; the output is four times as wide as `width`."""

    def __init__(self, given: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        made = 4 * width
        self.conv1 = nn.Conv2d(given, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(
            width, width, 3, stride, padding=dilation, dilation=dilation, bias=False
        )
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, made, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(made)
        self.downsample: nn.Module | None = None
        if stride != 1 or given != made:
            self.downsample = nn.Sequential(
                nn.Conv2d(given, made, 1, stride, bias=False), nn.BatchNorm2d(made)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N,given,h,w) to (N,4·width,h',w')."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + shortcut)


class DilatedResNet(nn.Module):
    """A ResNet without its classifier, its last two stages dilated by 2 and 4."""

    def __init__(self, config: DeepLabConfig) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, config.width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.width)
        given, before = config.width, 1
        for stage, (count, stride, dilation) in enumerate(
            zip(config.blocks, (1, 2, 1, 1), (1, 1, 2, 4), strict=True)
        ):
            width = config.width * 2**stage
            layers = []
            for block in range(count):  # the first block of a stage looks as far as the last stage
                apart = before if block == 0 else dilation
                layers.append(Bottleneck(given, width, stride if block == 0 else 1, apart))
                given = 4 * width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
            before = dilation
        self.channels = given

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N,3,h,w) to (N,channels,h/8,w/8)."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in (1, 2, 3, 4):
            x = self.get_submodule(f"layer{stage}")(x)
        return x


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling (Chen et al., figure 5) with the picture's mean."""

    def __init__(self, given: int, config: DeepLabConfig) -> None:
        super().__init__()
        made = config.head
        pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_unit(given, made, 1, 1))
        self.convs = nn.ModuleList(
            [
                nn.Sequential(*_unit(given, made, 1, 1)),
                *(nn.Sequential(*_unit(given, made, 3, rate)) for rate in config.rates),
                pooled,
            ]
        )
        self.project = nn.Sequential(*_unit(made * len(self.convs), made, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N,given,h,w) to (N,head,h,w)."""
        *near, mean = (conv(x) for conv in self.convs)
        projected: Tensor = self.project(torch.cat([*near, mean.expand_as(near[0])], 1))
        return projected


class DeepLab(nn.Module):
    """The network; its weights are those under `backbone.` and `classifier.` of the file."""

    def __init__(self, config: DeepLabConfig | None = None) -> None:
        super().__init__()
        config = config or DeepLabConfig()
        self.backbone = DilatedResNet(config)
        self.classifier = nn.Sequential(
            Pyramid(self.backbone.channels, config),
            *_unit(config.head, config.head, 3, 1),
            nn.Conv2d(config.head, config.classes, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (N,3,h,w) to logits (N,classes,h/8,w/8)."""
        logits: Tensor = self.classifier(self.backbone(x))
        return logits


def deeplab_config(state: dict[str, Tensor]) -> DeepLabConfig:
    """Sizes of the network whose state dict this is; the pyramid's rates are the published ones.

    Raises:
        KeyError: it is another network's.
    """
    blocks = []
    for stage in (1, 2, 3, 4):
        prefix = f"backbone.layer{stage}."
        numbers = {
            int(rest.partition(".")[0])
            for name in state
            if name.startswith(prefix) and (rest := name.removeprefix(prefix))[:1].isdigit()
        }
        blocks.append(max(numbers) + 1 if numbers else 0)
    if 0 in blocks:
        raise KeyError(f"backbone.layer{blocks.index(0) + 1}")
    return DeepLabConfig(
        blocks=(blocks[0], blocks[1], blocks[2], blocks[3]),
        width=len(state["backbone.conv1.weight"]),
        head=len(state["classifier.1.weight"]),
        classes=len(state["classifier.4.weight"]),
    )


def _unit(given: int, made: int, side: int, dilation: int) -> list[nn.Module]:
    """A convolution, its norm and ReLU."""
    padding = dilation if side == 3 else 0
    convolution = nn.Conv2d(given, made, side, padding=padding, dilation=dilation, bias=False)
    return [convolution, nn.BatchNorm2d(made), nn.ReLU()]
