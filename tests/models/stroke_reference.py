"""The definition of a rendered stroke, written plainly: every sample against every segment.

Autograd differentiates it. It shares two numbers with what it checks, the tolerance of the
flattening and the length of segments, and no code.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from compose.models.stroke_segments import LONGEST, TOLERANCE


def reference(
    points: Tensor,
    width: Tensor,
    color: Tensor,
    opacity: Tensor,
    size: tuple[int, int],
    background: Tensor,
    samples: int = 2,
    softness: float = 0.5,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """Pictures (N,3,H,W) of strokes (N,S,4,2), (N,S), (N,S,3), (N,S) on a background (3,)."""
    where = _samples(size, samples, points.dtype)
    pictures = []
    for n in range(len(points)):
        picture = background[:, None].expand(3, len(where))
        for s in range(points.shape[1]):
            distance = _distance(where, _vertices(points[n, s], tolerance))
            radius = width[n, s] / 2
            covered = _ramp((radius - distance) / softness) - _ramp((-radius - distance) / softness)
            alpha = covered * opacity[n, s]
            picture = color[n, s][:, None] * alpha + picture * (1 - alpha)
        fine = picture.reshape(3, size[0], samples, size[1], samples)
        pictures.append(fine.mean((2, 4)))
    return torch.stack(pictures)


def _samples(size: tuple[int, int], samples: int, dtype: torch.dtype) -> Tensor:
    y = (torch.arange(size[0] * samples, dtype=dtype) + 0.5) / samples
    x = (torch.arange(size[1] * samples, dtype=dtype) + 0.5) / samples
    return torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, len(x))], 2).reshape(-1, 2)


def _vertices(points: Tensor, tolerance: float) -> Tensor:
    """The curve at even parameters, as many as Wang's bound asks for."""
    a, b, c, d = points.detach().tolist()
    bend = max(
        math.hypot(*(p - 2 * q + r for p, q, r in zip(*triple, strict=True)))
        for triple in ((a, b, c), (b, c, d))
    )
    length = math.dist(a, b) + math.dist(b, c) + math.dist(c, d)
    count = max(math.ceil(max(math.sqrt(0.75 * bend / tolerance), length / LONGEST)), 1)
    t = torch.linspace(0, 1, count + 1, dtype=points.dtype)[:, None]
    return (
        (1 - t) ** 3 * points[0]
        + 3 * (1 - t) ** 2 * t * points[1]
        + 3 * (1 - t) * t**2 * points[2]
        + t**3 * points[3]
    )


def _distance(where: Tensor, vertices: Tensor) -> Tensor:
    start, along = vertices[:-1], vertices[1:] - vertices[:-1]
    gap = where[:, None] - start
    squared_length = (along * along).sum(-1)
    safe = torch.where(squared_length > 0, squared_length, 1)
    share = ((gap * along).sum(-1) / safe).clamp(0, 1)
    squared = (gap - share[..., None] * along).square().sum(-1).amin(1)
    # the root has no derivative at 0, where no sample is on a rim
    return torch.where(squared > 0, torch.where(squared > 0, squared, 1).sqrt(), 0)


def _ramp(x: Tensor) -> Tensor:
    return (x + 0.5).clamp(0, 1)
