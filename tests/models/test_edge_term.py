"""The structure loss against plain loops, and what it prefers."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from compose.models.edge_term import EdgeTerm, ink, pyramid

KINDS = pytest.mark.parametrize("kind", ["cosine", "relative"])
Kind = Literal["cosine", "relative"]


def drawing(column: int, height: int = 24, width: int = 40) -> Tensor:
    """A black vertical line on white."""
    x = torch.ones(1, 3, height, width)
    x[..., column] = 0
    return x


def edges(column: int) -> Tensor:
    return ink(drawing(column))[0, 0] > 0.5


def plain_blur(image: np.ndarray) -> np.ndarray:
    taps = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(image, 2)
    out = np.zeros_like(image)
    for dy in range(5):
        for dx in range(5):
            shifted = padded[dy : dy + image.shape[0], dx : dx + image.shape[1]]
            out += taps[dy] * taps[dx] * shifted
    return out


def test_ink_is_one_on_black_and_zero_on_white() -> None:
    assert torch.allclose(ink(torch.zeros(1, 3, 2, 2)), torch.ones(1, 1, 2, 2))
    assert torch.allclose(ink(torch.ones(1, 3, 2, 2)), torch.zeros(1, 1, 2, 2), atol=1e-6)


@KINDS
def test_the_distance_equals_plain_loops(kind: Kind) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 23, 38, generator=generator)
    target = torch.rand(23, 38, generator=generator) > 0.8
    weights = (1.0, 2.0, 0.5)
    found = EdgeTerm(target, weights, kind).distance(x)
    for number in range(2):
        a = (
            1 - (x[number].numpy() * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(0)
        ).astype(np.float64)
        b = target.numpy().astype(np.float64)
        total = 0.0
        for level, weight in enumerate(weights):
            if level:
                h, w = a.shape[0] // 2, a.shape[1] // 2
                a, b = (m[: 2 * h, : 2 * w].reshape(h, 2, w, 2).mean((1, 3)) for m in (a, b))
            a, b = plain_blur(a), plain_blur(b)
            if kind == "relative":
                total += weight * ((a - b) ** 2).mean() / (b**2).mean()
            else:
                total += weight * (1 - (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
        assert float(found[number]) == pytest.approx(total / sum(weights), abs=1e-5)


@KINDS
def test_nearer_ink_is_nearer_even_from_afar(kind: Kind) -> None:
    term = EdgeTerm(edges(20), kind=kind)
    apart = [float(term.distance(drawing(column))) for column in (20, 22, 25, 30)]
    assert apart[0] == pytest.approx(0, abs=1e-4)
    assert apart == sorted(apart)
    assert apart[3] > apart[0] + 0.1


def test_small_maps_leave_levels_out() -> None:
    assert [tuple(m.shape[-2:]) for m in pyramid(torch.rand(1, 1, 16, 40), 5)] == [
        (16, 40),
        (8, 20),
        (4, 10),
    ]


@KINDS
def test_an_empty_target_and_a_blank_sheet_give_finite_gradients(kind: Kind) -> None:
    x = torch.ones(2, 3, 16, 24, requires_grad=True)
    EdgeTerm(torch.zeros(16, 24), kind=kind).distance(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


@KINDS
def test_gradients_agree_with_finite_differences(kind: Kind) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(1, 3, 8, 11, generator=generator, dtype=torch.float64, requires_grad=True)
    term = EdgeTerm(torch.rand(8, 11, generator=generator) > 0.5, (1.0, 1.0), kind)
    assert torch.autograd.gradcheck(term.distance, (x,), fast_mode=True)
