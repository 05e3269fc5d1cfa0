"""What a sketch is fitted to: a network's features of the target, and the target's edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models.augment import SharedViews
from ..models.edge_term import EdgeTerm
from ..models.encoder import Encoder, Features


@dataclass(frozen=True)
class Losses:
    """Of N sketches, (N,) each; `total` is what is minimised."""

    total: Tensor
    semantic: Tensor
    structure: Tensor


class SketchLoss:
    """The loss of one target.

    Args:
        rgb: HxWx3, the target on its canvas.
        edges: HxW in [0,1], its edges and how much they count.
        encoder: the network.
        semantic, structure: weights of the two terms.
        views: random views beside the identity, shared by sketch and target.
        device: torch's name of a device.
    """

    def __init__(
        self,
        rgb: NDArray[np.uint8],
        edges: NDArray[np.float32],
        encoder: Encoder,
        *,
        semantic: float,
        structure: float,
        views: int,
        device: str = "cpu",
    ) -> None:
        self._encoder, self._views = encoder, views
        self._weights = semantic, structure
        values = torch.tensor(rgb, dtype=torch.float32, device=device)
        self._target = values.permute(2, 0, 1)[None] / 255
        self._edges = EdgeTerm(torch.from_numpy(edges), device=device)
        self._augment = SharedViews()
        with torch.no_grad():
            self._plain = encoder.features(self._target)

    def structure(self, pictures: Tensor) -> Losses:
        """Edges alone: a thousandth of the network's work."""
        structure = self._edges.distance(pictures)
        return Losses(structure, torch.zeros_like(structure), structure)

    def __call__(self, pictures: Tensor, generator: torch.Generator) -> Losses:
        """Both terms, the network's as the mean over the identity and random views."""
        distances = [self._distance(pictures, self._plain)]
        if self._views:
            views = self._augment.draw(generator, self._views)
            with torch.no_grad():
                wanted = self._encoder.features(self._augment.apply(self._target, views))
            seen = self._distance(self._augment.apply(pictures, views), wanted)
            distances += list(seen.view(len(pictures), -1).unbind(1))
        return self._sum(torch.stack(distances).mean(0), pictures)

    @torch.no_grad()
    def judge(self, pictures: Tensor) -> Losses:
        """Both terms of the identity view alone, to choose the best sketch by."""
        return self._sum(self._distance(pictures, self._plain), pictures)

    def _sum(self, semantic: Tensor, pictures: Tensor) -> Losses:
        structure = self._edges.distance(pictures)
        a, b = self._weights
        return Losses(a * semantic + b * structure, semantic, structure)

    def _distance(self, pictures: Tensor, target: Features) -> Tensor:
        found = self._encoder.features(pictures)
        rows = [
            each.repeat(len(mine) // len(each), *(1,) * (each.ndim - 1))
            for each, mine in zip(target, found, strict=True)
        ]
        return self._encoder.distance(found, rows)
