"""Gradients of an encoder's distance, compared with finite differences in random directions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compose.models.encoder import Encoder


def check_gradients(
    encoder: Encoder, x: Tensor, y: Tensor, *, step: float, directions: int, rel: float
) -> None:
    """Both pictures in double precision; `step` is short where the gradient jumps at bends."""
    target = [f.detach() for f in encoder.features(y)]

    def loss(p: Tensor) -> Tensor:
        return encoder.distance(encoder.features(p), target).sum()

    free = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(free), free)
    generator = torch.Generator().manual_seed(4)
    for _ in range(directions):
        along = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        wanted = (loss(x + step * along) - loss(x - step * along)) / (2 * step)
        assert float((gradient * along).sum()) == pytest.approx(float(wanted), rel=rel, abs=1e-7)
