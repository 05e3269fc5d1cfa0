"""A differentiable renderer of strokes: open cubic Béziers with width, colour and opacity.

What a stroke covers is the union of discs along its curve. Every pixel has a few sample points;
the share of the little square around a point that is covered is taken from its distance d to
the curve as the width of the band |d| <= w/2 within a ramp as wide as the square, which is exact
for straight upright edges of any width and nearly so for others. Strokes are painted in their
order with the `over` operator (Porter and Duff, 1984) in sRGB values, as SVG renderers do.

Gradients are exact for the picture that is drawn: the distance to the nearest point moves with
that point alone (envelope theorem; Milgrom and Segal, 2002), and the share of a pixel that each
stroke has in the final colour follows from the products of what the others let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .stroke_distance import nearest, sample_offsets, tile_corners
from .stroke_scan import affine_before, products_after
from .stroke_segments import flatten
from .stroke_tiles import TILE, Canvas, find_slots


@dataclass(frozen=True)
class Edge:
    """How the edge of a stroke is drawn."""

    samples: int = 2  # points a side of a pixel
    softness: float = 0.5  # pixels over which coverage falls from all to nothing, a ramp

    def __post_init__(self) -> None:
        if self.samples < 1 or not self.softness > 0:
            raise ValueError("an edge needs at least one sample and a softness above 0")


SHARP = Edge()


def soft(softness: float) -> Edge:
    """An edge that is blurred over `softness` pixels, at least 1, for coarse-to-fine fitting."""
    return Edge(samples=1, softness=max(softness, 1.0))


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
        points: (N,S,4,2) control points x, y in pixels, pixel centres at .5; may lie anywhere.
        width: (N,S) full widths in pixels, at least 0.
        color: (N,S,3) sRGB in [0,1].
        opacity: (N,S) in [0,1].
        size: height and width of the canvas in pixels.
        background: (3,) or (N,3) sRGB in [0,1]; white by default.
        edge: how sharp; the default is as sharp as pixels allow.

    Returns:
        Pictures (N,3,H,W) in [0,1], with gradients for the first four and the background.

    Raises:
        ValueError: shapes do not fit, a coordinate or width is not finite, or a width is negative.
    """
    count, strokes = _check(points, width, color, opacity, size)
    if background is None:
        background = points.new_ones(3)
    background = background.expand(count, 3)
    canvas = Canvas(count, *size)
    flat = points.reshape(-1, 4, 2), width.reshape(-1), color.reshape(-1, 3), opacity.reshape(-1)
    picture: Tensor = _Render.apply(*flat, background, strokes, canvas, edge)  # type: ignore[no-untyped-call]
    return picture


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
    if not (torch.isfinite(points).all() and torch.isfinite(width).all()):
        raise ValueError("points and widths must be finite numbers")
    if (width < 0).any():
        raise ValueError("widths must not be negative")
    return count, strokes


class _Render(torch.autograd.Function):
    """All strokes of all canvases at once; see the module's text."""

    @staticmethod
    def forward(  # type: ignore[override]
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
        slots = find_slots(segments, radius + edge.softness / 2, strokes, canvas)
        squared, which = nearest(segments, slots, canvas, edge.samples)
        distance = squared.sqrt_()
        mine = radius[slots.stroke, None]
        outer = ((mine - distance) / edge.softness).add_(0.5).clamp_(0, 1)
        inner = ((mine + distance).neg_() / edge.softness).add_(0.5).clamp_(0, 1)
        covered = outer.sub_(inner)
        alpha = covered * opacity[slots.stroke, None]
        through, after = products_after(1 - alpha, slots.tile)
        share = alpha * after
        tiles = background.new_empty(canvas.count * canvas.rows * canvas.columns, 3, TILE * TILE)
        per_canvas = canvas.rows * canvas.columns
        tiles.view(canvas.count, per_canvas, 3, -1)[:] = background[:, None, :, None]
        first = torch.ones_like(slots.tile, dtype=torch.bool)
        first[1:] = slots.tile[1:] != slots.tile[:-1]
        tiles[slots.tile[first]] *= _pixels(through)[first, None]
        tiles.index_add_(0, slots.tile, _pixels(share)[:, None] * color[slots.stroke, :, None])
        ctx.save_for_backward(
            radius, color, opacity, background, distance, which, covered, after, through
        )
        ctx.rest = (segments, slots, canvas, edge, first)
        return canvas.from_tiles(tiles)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        radius, color, opacity, background, distance, which, covered, after, through = (
            ctx.saved_tensors
        )
        segments, slots, canvas, edge, first = ctx.rest
        all_tiles = canvas.to_tiles(grad)
        tiles = all_tiles[slots.tile]  # (L,3,C)
        mine = opacity[slots.stroke, None]
        alpha = covered * mine
        below = background[torch.div(
            slots.tile, canvas.rows * canvas.columns, rounding_mode="floor"
        )]  # fmt: skip
        samples = edge.samples**2
        own = (tiles * color[slots.stroke, :, None]).sum(1).repeat_interleave(samples, 1)
        begin = (tiles * below[:, :, None]).sum(1).repeat_interleave(samples, 1)
        under = affine_before(1 - alpha, alpha * own, begin, slots.tile)
        to_alpha = own.sub_(under).mul_(after).div_(samples)
        g_opacity = _sum(slots.stroke, (to_alpha * covered).sum(1), len(radius))
        g_color = None
        if ctx.needs_input_grad[2]:
            shares = (tiles * _pixels(alpha * after)[:, None]).sum(2)
            g_color = torch.zeros_like(color).index_add_(0, slots.stroke, shares)
        g_background = None
        if ctx.needs_input_grad[4]:
            g_background = _background(all_tiles, through, slots.tile[first], first, canvas)
        g_points = g_width = None
        if ctx.needs_input_grad[0] or ctx.needs_input_grad[1]:
            to_covered = to_alpha * (mine / edge.softness)
            g_points, g_width = _geometry(
                to_covered, distance, which, radius, segments, slots, canvas, edge
            )
        return g_points, g_width, g_color, g_opacity, g_background, None, None, None


def _geometry(
    to_covered: Tensor,
    distance: Tensor,
    which: Tensor,
    radius: Tensor,
    segments: Any,
    slots: Any,
    canvas: Canvas,
    edge: Edge,
) -> tuple[Tensor, Tensor]:
    """Gradients of control points (G,4,2) and widths (G,) through the distances."""
    half = edge.softness / 2
    mine = radius[slots.stroke, None]
    rim = (mine - distance).abs_() < half
    index = rim.view(-1).nonzero()[:, 0]
    samples = distance.shape[1]
    slot = torch.div(index, samples, rounding_mode="floor")
    sample = index - slot * samples
    pull = to_covered.view(-1)[index]
    gap, thick = distance.view(-1)[index], radius[slots.stroke[slot]]
    both = (thick + gap) < half  # a stroke so thin that both of its edges are within the ramp
    segment = which.view(-1)[index].long()
    offsets = sample_offsets(edge.samples, distance.dtype, distance.device)
    place = tile_corners(slots.tile, canvas, distance.dtype)[slot] + offsets.T[sample]
    start = segments.start[segment]
    along = segments.end[segment] - start
    tiny = torch.finfo(distance.dtype).tiny
    away = place - start
    share = ((away * along).sum(1) / (along * along).sum(1).clamp(min=tiny)).clamp(0, 1)
    normal = (away - share[:, None] * along) / gap.clamp(min=1e-12)[:, None]
    force = normal * torch.where(both, 0, pull)[:, None]  # of the nearest point, -dd/dq = normal
    ends = [
        _sum2(segment, force * part[:, None], len(segments.start)) for part in (1 - share, share)
    ]
    g_points = segments.to_points(ends[0], ends[1], len(radius))
    g_radius = _sum(slots.stroke[slot], torch.where(both, 2 * pull, pull), len(radius))
    return g_points, g_radius / 2


def _pixels(samples: Tensor) -> Tensor:
    """Means (L,TILE*TILE) over the sample points (L,C) of every pixel."""
    each = samples.shape[1] // (TILE * TILE)
    return samples.view(len(samples), TILE * TILE, each).mean(2)


def _sum(index: Tensor, values: Tensor, count: int) -> Tensor:
    return torch.bincount(index, values, minlength=count).to(values.dtype)


def _sum2(index: Tensor, values: Tensor, count: int) -> Tensor:
    return torch.stack([_sum(index, values[:, axis], count) for axis in (0, 1)], 1)


def _background(
    tiles: Tensor, through: Tensor, touched: Tensor, first: Tensor, canvas: Canvas
) -> Tensor:
    """Gradients (N,3): what of the background shows everywhere."""
    shown = tiles.clone()
    shown[touched] *= _pixels(through)[first, None]
    return shown.sum(2).view(canvas.count, -1, 3).sum(1)
