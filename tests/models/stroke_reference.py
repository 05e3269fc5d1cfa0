"""The definition of a rendered stroke, written plainly: every sample against every segment.

Autograd differentiates it. It shares a few numbers with what it checks, such as the tolerance of
the flattening and the length of segments, and no code.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from compose.models.stroke_cells import TURN
from compose.models.stroke_edge import SHARP, Edge
from compose.models.stroke_segments import LONGEST, TOLERANCE
from compose.models.stroke_tiles import TILE


def reference(
    points: Tensor,
    width: Tensor,
    color: Tensor,
    opacity: Tensor,
    size: tuple[int, int],
    background: Tensor,
    edge: Edge = SHARP,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """Pictures (N,3,H,W) of strokes (N,S,4,2), (N,S), (N,S,3), (N,S) on a background (3,)."""
    samples = edge.samples
    pictures = []
    for n in range(len(points)):
        picture = background[:, None].expand(3, size[0] * samples * size[1] * samples)
        for s in range(points.shape[1]):
            vertices = _vertices(points[n, s], tolerance)
            alpha = _covered(vertices, width[n, s] / 2, size, edge) * opacity[n, s]
            picture = color[n, s][:, None] * alpha + picture * (1 - alpha)
        fine = picture.reshape(3, size[0], samples, size[1], samples)
        pictures.append(fine.mean((2, 4)))
    return torch.stack(pictures)


def _covered(vertices: Tensor, radius: Tensor, size: tuple[int, int], edge: Edge) -> Tensor:
    """Of every sample, row by row; finer in the tiles where the stroke turns or comes back."""
    plain = _band(vertices, radius, size, edge.samples, edge.softness)
    if not edge.refine:
        return plain
    fine = _band(vertices, radius, size, 2 * edge.samples, edge.softness / 2)
    rows, columns = size[0] * edge.samples, size[1] * edge.samples
    four = fine.view(rows, 2, columns, 2).mean((1, 3))
    bent = torch.zeros(rows, columns, dtype=torch.bool)
    side = TILE * edge.samples
    for y in range(0, rows, side):
        for x in range(0, columns, side):
            middle = vertices.new_tensor([x, y]) / edge.samples + TILE / 2
            reach = float(radius.detach() + edge.softness / 2)
            bent[y : y + side, x : x + side] = _bent(vertices.detach(), middle, reach)
    return torch.where(bent.view(-1), four.view(-1), plain)


def _bent(vertices: Tensor, middle: Tensor, reach: float) -> bool:
    """Whether the segments within reach of a tile are not one run in about one direction.

    Reach is judged by the tile's circumcircle and by the boxes around the segments.
    """
    start, end = vertices[:-1], vertices[1:]
    low = torch.minimum(start, end) - reach - TILE / 2
    high = torch.maximum(start, end) + reach + TILE / 2
    near = _gaps(middle[None], vertices)[0] <= (reach + TILE / math.sqrt(2)) ** 2
    inside = (near & (low < middle).all(1) & (middle <= high).all(1)).nonzero()[:, 0]
    if len(inside) < 2:
        return False
    along = (end - start)[inside]
    length = along.norm(dim=1, keepdim=True)
    flat = along.new_tensor([1, 0])
    way = torch.where(length > torch.finfo(along.dtype).eps, along / length, flat)
    turned = bool(((way * way[0]).sum(1) < TURN).any())
    return turned or int(inside[-1] - inside[0]) + 1 > len(inside)


def _band(
    vertices: Tensor, radius: Tensor, size: tuple[int, int], samples: int, softness: float
) -> Tensor:
    distance = _distance(_samples(size, samples, vertices.dtype), vertices)
    return _ramp((radius - distance) / softness) - _ramp((-radius - distance) / softness)


def _samples(size: tuple[int, int], samples: int, dtype: torch.dtype) -> Tensor:
    y = (torch.arange(size[0] * samples, dtype=dtype) + 0.5) / samples
    x = (torch.arange(size[1] * samples, dtype=dtype) + 0.5) / samples
    return torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, len(x))], 2).reshape(-1, 2)


def _vertices(points: Tensor, tolerance: float) -> Tensor:
    """Of as many chords as Wang's bound asks for, set off so that the curve is on both sides."""
    a, b, c, d = points.detach().tolist()
    bend = max(
        math.hypot(*(p - 2 * q + r for p, q, r in zip(*triple, strict=True)))
        for triple in ((a, b, c), (b, c, d))
    )
    length = math.dist(a, b) + math.dist(b, c) + math.dist(c, d)
    least = 2 if 6 / 8 * bend > tolerance else 1  # one chord has no inner vertex to set off
    count = max(math.ceil(max(math.sqrt(25 / 48 * bend / tolerance), length / LONGEST)), least)
    vertices = []
    for k in range(count + 1):
        t = k / count
        b0, b1, b2, b3 = points
        vertex = (1 - t) ** 3 * b0 + 3 * (1 - t) ** 2 * t * b1 + 3 * (1 - t) * t**2 * b2 + t**3 * b3
        if 0 < k < count:
            second = 6 * (1 - t) * (b2 - 2 * b1 + b0) + 6 * t * (b3 - 2 * b2 + b1)
            vertex = vertex - second / (12 * count**2)
        vertices.append(vertex)
    return torch.stack(vertices)


def _distance(where: Tensor, vertices: Tensor) -> Tensor:
    """Of places (P,2) to the polyline."""
    squared = _gaps(where, vertices).amin(1)
    # the root has no derivative at 0, where no sample is on a rim
    return torch.where(squared > 0, torch.where(squared > 0, squared, 1).sqrt(), 0)


def _gaps(where: Tensor, vertices: Tensor) -> Tensor:
    """Squared distances (P,M) of places to each of the segments."""
    start, along = vertices[:-1], vertices[1:] - vertices[:-1]
    gap = where[:, None] - start
    squared_length = (along * along).sum(-1)
    safe = torch.where(squared_length > 0, squared_length, 1)
    share = ((gap * along).sum(-1) / safe).clamp(0, 1)
    return (gap - share[..., None] * along).square().sum(-1)


def _ramp(x: Tensor) -> Tensor:
    return (x + 0.5).clamp(0, 1)
