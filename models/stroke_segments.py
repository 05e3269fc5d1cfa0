"""Cubic Béziers as short straight segments, as many as the eye needs.

A cubic cut at K even parameters departs from its chords by |B''| / (8 K^2), and |B''| is at most
six times the larger second difference of its control points (Wang, 1984). The inner vertices are
set off the curve by B'' / (12 K^2), to its outer side: so it lies on both sides of the segments
as much, and only the first and the last are a little farther off it, by 25/288 of |B''| / K^2.
Vertices are linear in the control points, so a gradient of the segments is one of the curve that
is drawn.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

TOLERANCE = 0.05  # pixels between curve and chord
LONGEST = 12.0  # pixels, on average; longer segments would touch needlessly many tiles
MOST = 4096  # segments of one stroke


@dataclass(frozen=True)
class Segments:
    """M segments of G strokes, in the strokes' order."""

    stroke: Tensor  # (M,) which stroke
    start: Tensor  # (M,2) x, y
    end: Tensor  # (M,2)
    weights: tuple[Tensor, Tensor]  # (M,4) each: start and end as mixtures of control points

    @functools.cached_property
    def direction(self) -> tuple[Tensor, Tensor]:
        """Unit vectors (M,2) and lengths (M,), which are at least as much as can be told from 0.

        A segment without extent gets a direction all the same.
        """
        along = self.end - self.start
        length = along.norm(dim=1)
        least = torch.finfo(length.dtype).eps
        usable = (length > least)[:, None]
        length = length.clamp(min=least)
        return torch.where(usable, along / length[:, None], along.new_tensor([1, 0])), length

    def to_points(self, start: Tensor, end: Tensor, strokes: int) -> Tensor:
        """Gradients (G,4,2) of control points from those of segments, (M,2) each."""
        both = self.weights[0][:, :, None] * start[:, None]
        both = both + self.weights[1][:, :, None] * end[:, None]
        out = both.new_zeros(strokes, 4, 2)
        return out.index_add_(0, self.stroke, both)


def flatten(points: Tensor) -> Segments:
    """Segments of cubics (G,4,2) in pixels."""
    counts = segment_counts(points)
    stroke = torch.repeat_interleave(torch.arange(len(points), device=points.device), counts)
    first = torch.cumsum(counts, 0) - counts
    step = torch.arange(len(stroke), device=points.device) - first[stroke]
    count = counts[stroke].to(points.dtype)
    weights = _vertex(step, count), _vertex(step + 1, count)
    mine = points[stroke]
    start, end = ((w[:, :, None] * mine).sum(1) for w in weights)
    return Segments(stroke, start, end, weights)


def segment_counts(points: Tensor) -> Tensor:
    """How many segments (G,) each of the cubics (G,4,2) needs, at least 1."""
    bend = (points[:, :-2] - 2 * points[:, 1:-1] + points[:, 2:]).norm(dim=-1).amax(1)
    length = (points[:, 1:] - points[:, :-1]).norm(dim=-1).sum(1)
    needed = torch.maximum((25 / 48 * bend / TOLERANCE).sqrt(), length / LONGEST)
    # one segment has no inner vertex to set off, so the curve lies all on one side of it
    needed = torch.where(6 / 8 * bend > TOLERANCE, needed.clamp(min=2), needed)
    return needed.ceil().clamp(1, MOST).long()


def _vertex(number: Tensor, count: Tensor) -> Tensor:
    """The mixtures (M,4) of control points that are the vertices `number` of 0 to `count`."""
    t = number / count
    inner = (number > 0) & (number < count)
    offset = torch.where(inner, 0.5 / (count * count), 0)  # B'' / (12 K^2) in units of B'' / 6
    second = torch.stack([1 - t, 3 * t - 2, 1 - 3 * t, t], 1)  # B'' / 6
    return bernstein(t).addcmul_(second, offset[:, None], value=-1)


def bernstein(t: Tensor) -> Tensor:
    """The cubic Bernstein polynomials (M,4) at t (M,) in [0,1]."""
    s = 1 - t
    return torch.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t], 1)
