"""Several encoders as one, whose distances are added: MROSS's loss is clip-rn101+vgg16."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .encoder import Encoder, Features, open_encoder

if TYPE_CHECKING:
    from torch import Tensor

    from .cache import UserPaths


class SummedEncoder:
    """See `encoder.Encoder`; distances are added with weight 1 each (MROSS)."""

    def __init__(self, parts: list[Encoder]) -> None:
        self._parts = parts
        self.name = "+".join(part.name for part in parts)
        self.source = "; ".join(part.source for part in parts)
        self._counts: list[int] = []

    def features(self, pictures: Tensor) -> Features:
        """Those of all parts, one after the other."""
        found = [part.features(pictures) for part in self._parts]
        self._counts = [len(each) for each in found]
        return [tensor for each in found for tensor in each]

    def distance(self, sketch: Features, target: Features) -> Tensor:
        """The sum of the parts' distances (N,)."""
        total, start = [], 0
        for part, count in zip(self._parts, self._counts, strict=True):
            end = start + count
            total.append(part.distance(sketch[start:end], target[start:end]))
            start = end
        return torch.stack(total).sum(0)

    def embedding(self, pictures: Tensor) -> Tensor:
        """That of the first part."""
        return self._parts[0].embedding(pictures)


def open_encoders(names: str, device: str = "cpu", user: UserPaths | None = None) -> Encoder:
    """The encoder of one name, or of several joined by `+`.

    Raises:
        UsageError, ModelError: as `open_encoder`.
    """
    parts = [open_encoder(name, device, user) for name in names.split("+")]
    return parts[0] if len(parts) == 1 else SummedEncoder(parts)
