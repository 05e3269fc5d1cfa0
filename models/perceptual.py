"""How feature maps are brought to a common scale and compared, for all encoders."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-8  # keeps gradients finite where a position has no features, as on a blank paper


def unit_channels(maps: Tensor) -> Tensor:
    """Maps (N,C,h,w) with the channels of every position scaled to length 1 (LPIPS, eq. 1)."""
    return maps * torch.rsqrt(maps.square().sum(1, keepdim=True) + EPSILON)


def squared_difference(a: Tensor, b: Tensor) -> Tensor:
    """Mean over everything but the first axis of the squared difference: (N,)."""
    return (a - b).square().flatten(1).mean(1)


def channel_difference(a: Tensor, b: Tensor) -> Tensor:
    """Squared difference of maps summed over channels, averaged over positions: (N,)."""
    return (a - b).square().sum(1).flatten(1).mean(1)


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """1 - cosine of vectors (N,D): (N,)."""
    return 1 - F.cosine_similarity(a, b, dim=1)


def layers_and_embedding(
    sketch: list[Tensor], target: list[Tensor], weights: Sequence[float], embedding: float
) -> Tensor:
    """CLIPasso's loss (N,): weighted squared differences of layers, and 1 - cosine of embeddings.

    Args:
        sketch, target: tensors of the layers, then the embedding.
        weights: of the layers.
        embedding: weight of the embedding's term.
    """
    total = embedding * cosine_distance(sketch[-1], target[-1])
    for weight, a, b in zip(weights, sketch[:-1], target[:-1], strict=True):
        total = total + weight * squared_difference(a, b)
    return total


def resized(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures (N,C,h,w) at `size` (height, width), bilinear; antialiased where they shrink."""
    h, w = pictures.shape[-2:]
    if (h, w) == size:
        return pictures
    shrinks = size[0] < h or size[1] < w
    return F.interpolate(pictures, size, mode="bilinear", align_corners=False, antialias=shrinks)


def frozen(module: nn.Module, device: str, *, channels_last: bool = True) -> None:
    """Put a network in evaluation mode on `device`, without gradients of its weights.

    Convolutions go backward about twice as fast on the CPU with channels last.
    """
    module.eval().requires_grad_(False).to(device)
    if channels_last:
        for parameter in module.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
