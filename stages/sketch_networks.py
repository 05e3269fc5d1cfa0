"""The networks that judge a sketch, and which of them are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.devices import require_torch
from ..core.errors import ComposeError

if TYPE_CHECKING:
    from torch import Tensor

    from ..models.cache import UserPaths
    from ..models.encoder import Encoder

# best first: LPIPS is defined on VGG-16's taps, and CLIP's cosine is what this field reports
PERCEPTUAL = ("vgg16", "vgg16-hed", "builtin")
EMBEDDING = ("clip-rn101", "clip-vit-b32", "builtin")


@dataclass(frozen=True)
class Networks:
    """Two networks with their weights; they may be the same one."""

    perceptual: Encoder
    embedding: Encoder
    device: str = "cpu"

    def compare(self, sketch: NDArray[np.uint8], photo: NDArray[np.uint8]) -> tuple[float, float]:
        """The perceptual distance of two HxWx3 pictures, and the cosine of their embeddings."""
        import torch

        x, y = (_tensor(picture, self.device) for picture in (sketch, photo))
        with torch.inference_mode():
            near = self.perceptual
            distance = near.distance(near.features(x), near.features(y))
            cosine = (self.embedding.embedding(x) * self.embedding.embedding(y)).sum(-1)
        return float(distance[0]), float(cosine[0])


def open_networks(
    perceptual: str = "auto",
    embedding: str = "auto",
    *,
    device: str = "cpu",
    user: UserPaths | None = None,
) -> tuple[Networks, list[str]]:
    """Open the networks of these names; `auto` takes the best whose weights are here.

    Returns:
        The networks, and a sentence for each better one that `auto` had to do without.

    Raises:
        UsageError: no network is called so, or torch is not installed.
        ModelError: the weights of a network that was asked for by name are not here.
    """
    require_torch("compose evaluate sketch")
    missed: list[str] = []
    opened: dict[str, Encoder] = {}

    def choose(name: str, best: Sequence[str]) -> Encoder:
        wanted = best if name == "auto" else (name,)
        for candidate in wanted:
            try:
                if candidate not in opened:
                    opened[candidate] = _open(candidate, device, user)
                return opened[candidate]
            except ComposeError as error:
                if candidate == wanted[-1]:
                    raise
                if candidate == wanted[0]:  # the one that others are compared by
                    missed.append(str(error))
        raise AssertionError("no candidates")

    networks = Networks(choose(perceptual, PERCEPTUAL), choose(embedding, EMBEDDING), device)
    return networks, missed


def _open(name: str, device: str, user: UserPaths | None) -> Encoder:
    from ..models.encoder import open_encoder

    return open_encoder(name, device, user)


def _tensor(picture: NDArray[np.uint8], device: str) -> Tensor:
    import torch

    values = torch.tensor(picture, dtype=torch.float32, device=device)
    return values.permute(2, 0, 1)[None].div(255)
