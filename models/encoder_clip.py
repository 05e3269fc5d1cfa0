"""Encoder `clip-rn101`: layers 2 and 3 and the embedding of CLIP RN101 (CLIPasso, section 3.2).

Reads OpenAI's own TorchScript file, open_clip's state dicts of the same network, also with other
weights (as published, without importing open_clip), and the sizes of RN50.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.errors import ModelError
from ..core.names import printable
from .cache import UserPaths
from .clip_resnet import ClipResNet, config_of, input_size
from .hub import resolve
from .perceptual import frozen, layers_and_embedding, resized
from .state_file import fill, load_state_file


@dataclass(frozen=True)
class ClipResNetLoss:
    """Weights of the loss's terms; the defaults are CLIPasso's and MROSS's."""

    layers: tuple[float, float, float, float, float] = (0.0, 0.0, 1.0, 1.0, 0.0)  # stem, 1 to 4
    embedding: float = 0.1  # of 1 - cosine


class ClipResNetEncoder:
    """See `encoder.Encoder`.

    Pictures are resized to the training size with their own proportions, sides in whole cells
    of 32 pixels, by antialiased bilinear interpolation.

    Args:
        net: with its weights.
        name: what records call it.
        loss: which layers and how much.
        device: torch's name of a device.
    """

    source = "CLIP's modified ResNet; OpenAI's weights are MIT"

    def __init__(
        self,
        net: ClipResNet,
        name: str = "clip-rn101",
        loss: ClipResNetLoss | None = None,
        device: str = "cpu",
    ) -> None:
        self.name, self.loss, self._net = name, loss or ClipResNetLoss(), net
        frozen(net, device)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Maps of the layers whose weight is not 0, then the embedding."""
        maps = self._net.maps(self._prepared(pictures))
        kept = [m for m, weight in zip(maps, self.loss.layers, strict=True) if weight]
        return [*kept, F.normalize(self._net.attnpool(maps[-1]), dim=1)]

    def distance(self, sketch: list[Tensor], target: list[Tensor]) -> Tensor:
        """Weighted sum of mean squared differences, plus the embedding's term."""
        weights = [weight for weight in self.loss.layers if weight]
        return layers_and_embedding(sketch, target, weights, self.loss.embedding)

    def embedding(self, pictures: Tensor) -> Tensor:
        """CLIP's picture embedding."""
        return F.normalize(self._net(self._prepared(pictures)), dim=1)

    def _prepared(self, pictures: Tensor) -> Tensor:
        size = input_size(pictures.shape[-2], pictures.shape[-1], self._net.config)
        return resized(pictures, size).contiguous(memory_format=torch.channels_last)


def load_clip_resnet(path: Path) -> ClipResNet:
    """A CLIP ResNet of any size from a file of its weights.

    Raises:
        ModelError: the file holds another network.
    """
    state = load_state_file(path)
    state = {n.removeprefix("visual."): v for n, v in state.items() if n.startswith("visual.")}
    try:
        config = config_of(state)
    except (KeyError, ValueError):
        raise ModelError(
            f"{printable(path)} does not hold a CLIP ResNet; give RN101.pt, or open_clip's RN101."
        ) from None
    net = ClipResNet(config)
    fill(net, state, path, "a CLIP ResNet")
    return net


def open_clip_resnet(name: str, device: str, user: UserPaths | None = None) -> ClipResNetEncoder:
    """The encoder with the checkpoint `name` of this machine.

    Raises:
        ModelError: see `hub.resolve` and `load_clip_resnet`.
    """
    return ClipResNetEncoder(load_clip_resnet(resolve(name, user)), name, device=device)
