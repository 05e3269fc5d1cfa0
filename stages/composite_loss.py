"""What PICS's network is asked in training, and how wrong it is (section 4.4 of our notes)."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from ..models.pics_net import PicsInput


@dataclass(frozen=True, eq=False)
class NoisyBatch:
    """What one forward pass is given."""

    latents: Tensor  # (B,L,h,w) without noise
    noise: Tensor  # (B,L,h,w)
    times: Tensor  # (B,)
    known: PicsInput  # with some samples' objects left out
    dropped: Tensor  # (B,) bool, which


def noise_loss(found: Tensor, batch: NoisyBatch, inside: float = 1.0) -> Tensor:
    """Mean squared error (0-d) of the noise over the whole latents.

    Args:
        found: (B,L,h,w).
        batch: what it was found in.
        inside: weight of the cells in any box, the others having 1.
    """
    error = (found.float() - batch.noise).square()
    if inside == 1:
        return error.mean()
    union = batch.known.masks.amax(1, keepdim=True).float()
    weight = 1 + (inside - 1) * F.interpolate(union, found.shape[-2:], mode="nearest")
    return (error * weight).mean() / weight.mean()
