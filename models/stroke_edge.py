"""How the edge of a stroke is drawn: sample points in a pixel, and a ramp of coverage."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Edge:
    """How the edge of a stroke is drawn."""

    samples: int = 2  # points a side of a pixel
    softness: float = 0.5  # pixels over which coverage falls from all to nothing, a ramp
    refine: bool = True  # twice as finely where a stroke turns back on itself, see `Cells`

    def __post_init__(self) -> None:
        if self.samples < 1 or not self.softness > 0:
            raise ValueError("an edge needs at least one sample and a softness above 0")


def coverage(distance: Tensor, radius: Tensor, softness: Tensor) -> Tensor:
    """What strokes of `radius` (K,1) cover at `distance` (K,C) from their centre lines.

    The band |d| <= r seen through a ramp of `softness` (K,1): rising at -r and falling at r.
    """
    outer = ((radius - distance) / softness).add_(0.5).clamp_(0, 1)
    if (radius < softness / 2).any():  # else the other ramp is out of reach
        outer -= ((radius + distance).neg_() / softness).add_(0.5).clamp_(0, 1)
    return outer


SHARP = Edge()
"""For fitting; of a pixel, coverage is wrong by .1 at most."""

FINE = Edge(samples=4, softness=0.25)
"""For pictures to look at and to measure, at about twice the time."""


def soft(softness: float) -> Edge:
    """An edge that is blurred over `softness` pixels, at least 1, for coarse-to-fine fitting."""
    return Edge(samples=1, softness=max(softness, 1.0), refine=False)
