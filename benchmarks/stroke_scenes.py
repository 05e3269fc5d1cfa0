"""Random strokes as sketches have them, for the benchmarks of the renderer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Strokes:
    """S strokes on a square canvas; leaves, of which some want gradients."""

    points: Tensor  # (S,4,2) pixels
    width: Tensor  # (S,) full widths, pixels
    color: Tensor  # (S,3)
    opacity: Tensor  # (S,)
    side: int  # pixels
    pull: Tensor  # (3,side,side), the gradient that the picture gets
    black: bool

    def leaves(self) -> list[Tensor]:
        """What gradients are wanted for."""
        return [self.points] if self.black else [self.points, self.width, self.color, self.opacity]


def strokes(count: int, side: int, *, black: bool, seed: int = 0) -> Strokes:
    """Starts anywhere, three steps of up to 30 of 224 pixels either way.

    Black ones are 3 pixels wide and want gradients for their points alone; the others are 1 to
    4 pixels wide with opacities of .3 to .9 and want gradients for everything.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    steps = (draw(count, 3, 2) - 0.5) * (60 * side / 224)
    start = draw(count, 1, 2) * side
    points = torch.cat([start, start + steps.cumsum(1)], 1)
    width, color, opacity = 1 + 3 * draw(count), draw(count, 3), 0.3 + 0.6 * draw(count)
    if black:
        width, color, opacity = width * 0 + 3, color * 0, opacity * 0 + 1
    made = Strokes(points, width, color, opacity, side, draw(3, side, side) - 0.5, black)
    for leaf in made.leaves():
        leaf.requires_grad_()
    return made
