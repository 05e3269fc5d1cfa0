"""A structure loss: the ink of a drawing against the edges of its target, from fine to coarse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .perceptual import EPSILON

_LUMINANCE = (0.299, 0.587, 0.114)  # Rec. 601, on sRGB values
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


class EdgeTerm:
    """Distance of drawings from one target's edge map, over a pyramid of blurred halves.

    The coarse levels pull strokes from afar, the fine ones place them.

    Args:
        edges: (h,w) bool, or float in [0,1]; True on edges.
        weights: of the pyramid's levels, the finest first; level k halves the picture k times.
            Levels that would be smaller than 4 pixels a side are left out.
        kind: "cosine" is 1 - the cosine of ink and edges, blind to how much ink there is;
            "relative" is their squared difference over the edges' mean square.
        device: torch's name of a device.
    """

    def __init__(
        self,
        edges: Tensor,
        weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
        kind: Literal["cosine", "relative"] = "cosine",
        device: str = "cpu",
    ) -> None:
        self.kind = kind
        self._target = pyramid(edges.to(device, torch.float32)[None, None], len(weights))
        kept = weights[: len(self._target)]
        self._weights = [weight / max(sum(kept), 1e-12) for weight in kept]

    def distance(self, pictures: Tensor) -> Tensor:
        """Distance (N,) of pictures (N,3,h,w) in [0,1], of the edge map's size."""
        total = torch.zeros(len(pictures), device=pictures.device, dtype=pictures.dtype)
        levels = pyramid(ink(pictures), len(self._weights))
        for weight, drawn, wanted in zip(self._weights, levels, self._target, strict=True):
            a, b = drawn.flatten(1), wanted.to(drawn.dtype).flatten(1)
            if self.kind == "relative":
                term = (a - b).square().mean(1) / (b.square().mean(1) + EPSILON)
            else:
                norms = (a.square().sum(1) + EPSILON).sqrt() * (b.square().sum(1) + EPSILON).sqrt()
                term = 1 - (a * b).sum(1) / norms
            total = total + weight * term
        return total


def ink(pictures: Tensor) -> Tensor:
    """Darkness (N,1,h,w) in [0,1] of pictures (N,3,h,w): 1 on black, 0 on white."""
    weights = pictures.new_tensor(_LUMINANCE).view(1, 3, 1, 1)
    return 1 - (pictures * weights).sum(1, keepdim=True)


def pyramid(maps: Tensor, levels: int) -> list[Tensor]:
    """Maps (N,1,h,w) blurred by a 5x5 binomial, then halved and blurred, `levels` times at most."""
    kernel = maps.new_tensor(_BINOMIAL)
    found = []
    for level in range(levels):
        if level:
            if min(maps.shape[-2:]) < 8:
                break
            maps = F.avg_pool2d(maps, 2)
        maps = F.conv2d(maps, kernel.view(1, 1, 5, 1), padding=(2, 0))
        maps = F.conv2d(maps, kernel.view(1, 1, 1, 5), padding=(0, 2))
        found.append(maps)
    return found
