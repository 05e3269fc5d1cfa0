"""Other ways to draw strokes with gradients: plain PyTorch, and diffvg where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import torch
from stroke_scenes import Strokes
from torch import Tensor

PIECES = 20  # straight ones of each cubic; ours takes as many on average at 224 pixels
KEPT = 5  # numbers that autograd keeps for each pixel and piece

Render = Callable[[Strokes], Tensor]  # to (3,side,side)


def dense(samples: int) -> list[Render]:
    """Every stroke against every sample, all pieces of a stroke at once, by autograd.

    Returns:
        A function for each of the samples**2 grids with one sample a pixel, whose mean is the
        picture: one by one they take the memory of one.
    """
    inside = [(k + 0.5) / samples for k in range(samples)]
    return [lambda made, x=x, y=y: _grid(made, x, y, 1 / samples) for y in inside for x in inside]


def _grid(made: Strokes, inside_x: float, inside_y: float, softness: float) -> Tensor:
    """Coverage is a ramp of `softness` pixels of the distance to the nearest piece.

    Black strokes are multiplied in one channel.
    """
    side = made.side
    place = torch.arange(side)
    grids = torch.meshgrid(place + inside_y, place + inside_x, indexing="ij")
    y, x = (grid.reshape(1, -1) for grid in grids)
    t = torch.linspace(0, 1, PIECES + 1)[:, None]
    basis = torch.cat([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3], 1)
    picture = torch.ones(1 if made.black else 3, side * side)
    for s in range(len(made.points)):
        vertices = basis @ made.points[s]
        start, along = vertices[:-1], vertices[1:] - vertices[:-1]
        way_x, way_y = along[:, :1], along[:, 1:]
        gap_x, gap_y = x - start[:, :1], y - start[:, 1:]
        length = (along * along).sum(1, keepdim=True).clamp(min=1e-12)
        share = (gap_x * (way_x / length) + gap_y * (way_y / length)).clamp(0, 1)
        squared = (gap_x - share * way_x).square() + (gap_y - share * way_y).square()
        distance = squared.amin(0).clamp(min=1e-12).sqrt()
        covered = ((made.width[s] / 2 - distance) / softness + 0.5).clamp(0, 1)
        if made.black:
            picture = picture * (1 - covered)
        else:
            alpha = covered * made.opacity[s]
            picture = picture * (1 - alpha) + made.color[s][:, None] * alpha
    return picture.view(-1, side, side).expand(3, -1, -1)


def dense_gigabytes(count: int, side: int) -> float:
    """About what `dense` keeps for the way back."""
    return count * PIECES * side * side * 4 * KEPT / 1e9


def diffvg() -> Render | None:
    """diffvg (Li et al., 2020) with 2x2 samples, if `import pydiffvg` works here."""
    if importlib.util.find_spec("pydiffvg") is None:
        return None
    import pydiffvg

    pydiffvg.set_use_gpu(False)

    def render(made: Strokes) -> Tensor:
        shapes: list[Any] = []
        groups: list[Any] = []
        rgba = torch.cat([made.color, made.opacity[:, None]], 1)
        for s in range(len(made.points)):
            shapes.append(
                pydiffvg.Path(
                    num_control_points=torch.tensor([2], dtype=torch.int32),
                    points=made.points[s],
                    stroke_width=made.width[s] / 2,  # it takes half of the width
                    is_closed=False,
                )
            )
            groups.append(
                pydiffvg.ShapeGroup(
                    shape_ids=torch.tensor([s]), fill_color=None, stroke_color=rgba[s]
                )
            )
        scene = pydiffvg.RenderFunction.serialize_scene(made.side, made.side, shapes, groups)
        image = pydiffvg.RenderFunction.apply(made.side, made.side, 2, 2, 0, None, *scene)
        share = image[:, :, 3:]
        return (image[:, :, :3] * share + 1 - share).permute(2, 0, 1)

    return render
