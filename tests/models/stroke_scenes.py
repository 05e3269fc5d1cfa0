"""Random strokes of every kind, for the tests of the renderer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# kinds whose strokes have two places equally near to one point, beyond chance
RETRACED = ("dot", "straight", "doubled", "closed")
PLAIN = ("curve", "walk", "cusp", "loop", "leaving", "outside")


@dataclass(frozen=True)
class Scene:
    """What `render` takes, in its order."""

    points: Tensor  # (N,S,4,2)
    width: Tensor  # (N,S)
    color: Tensor  # (N,S,3)
    opacity: Tensor  # (N,S)
    background: Tensor  # (3,)
    size: tuple[int, int]  # height, width

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Leaves of their own that want gradients."""
        all_five = (self.points, self.width, self.color, self.opacity, self.background)
        a, b, c, d, e = (x.clone().requires_grad_() for x in all_five)
        return a, b, c, d, e


def scene(
    seed: int,
    kinds: Sequence[str],
    size: tuple[int, int],
    *,
    count: int = 1,
    widths: tuple[float, float] = (0.6, 6),
    opaque: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Scene:
    """One stroke of each kind, in this order, on each of `count` canvases."""
    draw = np.random.default_rng(seed)
    strokes = len(kinds)
    points = np.array([[_stroke(kind, draw, size) for kind in kinds] for _ in range(count)])
    points = points.reshape(count, strokes, 4, 2)
    return Scene(
        torch.tensor(points, dtype=dtype),
        torch.tensor(draw.uniform(*widths, (count, strokes)), dtype=dtype),
        torch.tensor(draw.random((count, strokes, 3)), dtype=dtype),
        torch.tensor(np.ones((count, strokes)) if opaque else draw.random((count, strokes)))
        .reshape(count, strokes)
        .to(dtype),
        torch.tensor(draw.random(3), dtype=dtype),
        size,
    )


def _stroke(kind: str, draw: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    extent = np.array(size[::-1], float)
    points = draw.uniform(0.1, 0.9, (4, 2)) * extent
    if kind == "curve":
        return points
    if kind == "dot":
        points[1:] = points[0]
    elif kind == "straight":  # controls in order between the ends
        points[1:3] = points[0] + np.sort(draw.random((2, 1)), 0) * (points[3] - points[0])
    elif kind == "doubled":  # there and back on one line
        points[2], points[3] = points[1], points[0]
    elif kind == "closed":
        points[3] = points[0]
    elif kind in ("cusp", "loop"):  # an arch that comes to a point, or crosses itself
        over = {"cusp": 1.0, "loop": draw.uniform(1.1, 2)}[kind]
        arch = np.array([[0, 0], [0.5 + over / 2, 1], [0.5 - over / 2, 1], [1, 0]])
        angle = draw.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        stretch = draw.uniform(0.3, 0.7, 2) * extent.min()
        points = (arch - 0.5) * stretch @ turn + draw.uniform(0.3, 0.7, 2) * extent
    elif kind == "walk":  # as long as a sketch's strokes are
        steps = draw.uniform(-0.13, 0.13, (4, 2)) * extent.max()
        points = draw.random(2) * extent + np.cumsum(steps, 0)
    elif kind == "leaving":
        points = draw.uniform(-0.6, 1.6, (4, 2)) * extent
    elif kind == "outside":
        points = points + extent * draw.choice([-3, 3], 2)
    else:
        raise ValueError(kind)
    return points
