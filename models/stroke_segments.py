"""Cubic Béziers as short straight segments, as many as the eye needs.

A cubic cut at even parameters departs from its chords by at most max|B''| / (8 K^2), and |B''| by
at most six times the larger second difference of its control points (Wang, 1984). Vertices are
linear in the control points, so a gradient of the segments is one of the curve that is drawn.
"""

from __future__ import annotations

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
    weights = bernstein(step / count), bernstein((step + 1) / count)
    mine = points[stroke]
    start, end = ((w[:, :, None] * mine).sum(1) for w in weights)
    return Segments(stroke, start, end, weights)


def segment_counts(points: Tensor) -> Tensor:
    """How many segments (G,) each of the cubics (G,4,2) needs, at least 1."""
    bend = (points[:, :-2] - 2 * points[:, 1:-1] + points[:, 2:]).norm(dim=-1).amax(1)
    length = (points[:, 1:] - points[:, :-1]).norm(dim=-1).sum(1)
    needed = torch.maximum((0.75 * bend / TOLERANCE).sqrt(), length / LONGEST)
    return needed.ceil().clamp(1, MOST).long()


def bernstein(t: Tensor) -> Tensor:
    """The cubic Bernstein polynomials (M,4) at t (M,) in [0,1]."""
    s = 1 - t
    return torch.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t], 1)
