"""A differentiable renderer of strokes: open cubic Béziers with width, colour and opacity.

What a stroke covers is the union of discs along its curve. Every pixel has a few sample points;
the share of the little square around a point that is covered is taken from its distance d to
the curve as the width of the band |d| <= w/2 within a ramp as wide as the square, which is exact
for straight upright edges of any width and nearly so for others; where a stroke turns or comes
back to itself the squares are four times smaller (`stroke_cells`). Strokes are painted in their
order with the `over` operator (Porter and Duff, 1984) in sRGB values, as SVG renderers do.

Gradients are exact for the picture that is drawn: the distance to the nearest point moves with
that point alone (envelope theorem; Milgrom and Segal, 2002), and the share of a pixel that each
stroke has in the final colour follows from the products of what the others let through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .stroke_cells import make_cells
from .stroke_distance import measure
from .stroke_edge import FINE, SHARP, Edge, coverage, soft
from .stroke_geometry import geometry_gradients, summed
from .stroke_scan import affine_before, links, products_after
from .stroke_segments import flatten
from .stroke_tiles import TILE, Canvas, find_slots

FARTHEST = 1e12  # pixels; squares of what lies farther are too large for single precision

__all__ = ["FINE", "SHARP", "Edge", "render", "soft"]


def render(
    points: Tensor,
    width: Tensor,
    color: Tensor,
    opacity: Tensor,
    size: tuple[int, int],
    background: Tensor | None = None,
    edge: Edge = SHARP,
) -> Tensor:
    """Draw N sketches of S strokes each.

    Args:
        points: (N,S,4,2) control points x, y in pixels, pixel centres at .5; they may lie
                anywhere within 1e12 pixels.
        width: (N,S) full widths in pixels, at least 0.
        color: (N,S,3) sRGB in [0,1].
        opacity: (N,S) in [0,1].
        size: height and width of the canvas in pixels.
        background: (3,) or (N,3) sRGB in [0,1]; white by default.
        edge: how sharp; the default is as sharp as pixels allow.

    Returns:
        Pictures (N,3,H,W) in [0,1], with gradients for the first four and the background.

    Raises:
        ValueError: shapes or types do not fit, or a coordinate or width is out of its range.
    """
    count, strokes = _check(points, width, color, opacity, size)
    if background is None:
        background = points.new_ones(3)
    elif background.shape not in ((3,), (count, 3)):
        raise ValueError(f"background must be (3,) or (N,3), got {tuple(background.shape)}")
    if {x.dtype for x in (width, color, opacity, background)} != {points.dtype}:
        raise ValueError("all tensors must be of one type of number")
    background = background.expand(count, 3)
    canvas = Canvas(count, *size)
    flat = points.reshape(-1, 4, 2), width.reshape(-1), color.reshape(-1, 3), opacity.reshape(-1)
    draw: Callable[..., Tensor] = _Render.apply
    return draw(*flat, background, strokes, canvas, edge)


def _check(
    points: Tensor, width: Tensor, color: Tensor, opacity: Tensor, size: tuple[int, int]
) -> tuple[int, int]:
    if points.ndim != 4 or points.shape[2:] != (4, 2):
        raise ValueError(f"points must be (N,S,4,2), got {tuple(points.shape)}")
    count, strokes = points.shape[:2]
    for name, value, shape in (
        ("width", width, (count, strokes)),
        ("color", color, (count, strokes, 3)),
        ("opacity", opacity, (count, strokes)),
    ):
        if value.shape != shape:
            raise ValueError(f"{name} must be {shape}, got {tuple(value.shape)}")
    if min(size) < 1:
        raise ValueError(f"a canvas of {size} pixels has none")
    if not all((x.abs() <= FARTHEST).all() for x in (points, width)):  # nor if it is no number
        raise ValueError(f"points and widths must be numbers up to {FARTHEST:g}")
    if (width < 0).any():
        raise ValueError("widths must not be negative")
    return count, strokes


class _Render(torch.autograd.Function):
    """All strokes of all canvases at once; see the module's text."""

    @staticmethod
    def forward(
        ctx: Any,
        points: Tensor,
        width: Tensor,
        color: Tensor,
        opacity: Tensor,
        background: Tensor,
        strokes: int,
        canvas: Canvas,
        edge: Edge,
    ) -> Tensor:
        radius = width / 2
        segments = flatten(points)
        reach = radius + edge.softness / 2
        slots = find_slots(segments, reach, strokes, canvas)
        cells = make_cells(segments, slots, reach, canvas, edge)
        nearness = measure(segments, cells)
        distance = nearness.least.sqrt()
        covered = cells.merge(coverage(distance, radius[cells.stroke, None], cells.softness))
        alpha = covered * opacity[slots.stroke, None]
        chain = links(slots.tile)
        through, after = products_after(1 - alpha, chain)
        starts = torch.ones_like(slots.tile, dtype=torch.bool)
        starts[1:] = slots.tile[1:] != slots.tile[:-1]
        first = starts.nonzero()[:, 0]  # the lowest stroke of every touched tile
        touched = slots.tile[first]
        bare = _pixels(through[first])  # what of the background shows there
        shares = _pixels(alpha * after)  # what of each stroke
        tiles = background.new_empty(canvas.count, canvas.rows * canvas.columns, 3, TILE * TILE)
        tiles[:] = background[:, None, :, None]
        tiles = tiles.flatten(0, 1)
        tiles[touched] *= bare[:, None]
        tiles.index_add_(0, slots.tile, shares[:, None] * color[slots.stroke, :, None])
        ctx.save_for_backward(radius, color, opacity, background, distance, alpha, covered, after)
        ctx.rest = (segments, slots, cells, nearness, chain, canvas, edge, touched, bare, shares)
        return canvas.from_tiles(tiles)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        radius, color, opacity, background, distance, alpha, covered, after = ctx.saved_tensors
        segments, slots, cells, nearness, chain, canvas, edge, touched, bare, shares = ctx.rest
        needs = ctx.needs_input_grad
        strokes = len(radius)
        all_tiles = canvas.to_tiles(grad)
        tiles = all_tiles.index_select(0, slots.tile)  # (L,3,TILE*TILE)
        number = torch.div(slots.tile, canvas.rows * canvas.columns, rounding_mode="floor")
        # how the picture's gradient sees each stroke's colour, and the background's
        own = _samples(_seen(tiles, color[slots.stroke]), edge)
        below = _samples(_seen(tiles, background[number]), edge)
        under = affine_before(1 - alpha, alpha * own, below, chain)
        to_alpha = own.sub_(under).mul_(after)
        g_points = g_width = g_color = g_opacity = g_background = None
        if needs[3]:
            g_opacity = summed(slots.stroke, (to_alpha * covered).sum(1), strokes)
        if needs[2]:
            seen = (tiles * shares[:, None]).sum(2)
            g_color = torch.zeros_like(color).index_add_(0, slots.stroke, seen)
        if needs[4]:
            all_tiles[touched] *= bare[:, None]
            g_background = all_tiles.sum(2).view(canvas.count, -1, 3).sum(1)
        if needs[0] or needs[1]:
            to_covered = to_alpha.mul_(opacity[slots.stroke, None])
            g_points, g_width = geometry_gradients(
                cells.spread(to_covered), distance, nearness, radius, segments, cells
            )
        return g_points, g_width, g_color, g_opacity, g_background, None, None, None


def _seen(tiles: Tensor, color: Tensor) -> Tensor:
    """Inner products (L,TILE*TILE) of (L,3,TILE*TILE) with colours (L,3)."""
    return torch.bmm(color[:, None], tiles)[:, 0]


def _pixels(samples: Tensor) -> Tensor:
    """Means (L,TILE*TILE) over the sample points (L,C) of every pixel."""
    each = samples.shape[1] // (TILE * TILE)
    if each == 1:
        return samples
    parts = samples.view(len(samples), TILE * TILE, each).unbind(2)
    total = parts[0] + parts[1]  # for so few, faster than a mean
    for part in parts[2:]:
        total += part
    return total.div_(each)


def _samples(pixels: Tensor, edge: Edge) -> Tensor:
    """The reverse of `_pixels` for gradients: each sample's part of its pixel's."""
    each = edge.samples**2
    if each == 1:
        return pixels
    spread = (pixels / each)[:, :, None].expand(-1, -1, each)
    return spread.reshape(len(pixels), TILE * TILE * each)
