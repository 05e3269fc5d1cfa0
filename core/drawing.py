"""Drawings: strokes in the order of painting, each an open cubic Bézier, on a plain ground."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .curves import cubic_points

Floats = NDArray[np.float64]

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Drawing:
    """Strokes with round caps, composited by source-over on plain sRGB values, as SVG is.

    Arrays are converted to float64. Everything is finite; control points may lie anywhere.

    Raises:
        ValueError: shapes that do not fit, or values out of their ranges.
    """

    points: Floats  # (S, 4, 2), x and y in canvas pixels, y downwards
    width: Floats  # (S,), full widths in canvas pixels, 0 or more
    color: Floats  # (S, 3), sRGB in [0, 1]
    opacity: Floats  # (S,), in [0, 1]
    size: tuple[float, float]  # width and height of the canvas in pixels
    background: tuple[float, float, float] = WHITE  # sRGB in [0, 1], opaque

    def __post_init__(self) -> None:
        count = len(self.points)
        shapes = {"points": (count, 4, 2), "width": (count,), "color": (count, 3)}
        for name, shape in (shapes | {"opacity": (count,)}).items():
            array = np.asarray(getattr(self, name), np.float64)
            if array.shape != shape:
                raise ValueError(f"{name} must have the shape {shape}, not {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite")
            if name != "points" and (array < 0).any():
                raise ValueError(f"{name} must not be negative")
            if name in ("color", "opacity") and (array > 1).any():
                raise ValueError(f"{name} must not exceed 1")
            object.__setattr__(self, name, array)
        if len(self.size) != 2 or not all(np.isfinite(v) and v > 0 for v in self.size):
            raise ValueError(f"size must be a width and a height above 0, not {self.size}")
        if len(self.background) != 3 or not all(0 <= v <= 1 for v in self.background):
            raise ValueError(f"background must be three values in [0, 1], not {self.background}")

    def __len__(self) -> int:
        """The number of strokes."""
        return len(self.points)

    def lengths(self) -> Floats:
        """The length (S,) of every stroke's centre line in canvas pixels.

        By Gauss-Legendre quadrature of the speed over 16 pieces with 8 nodes each: for strokes
        without a cusp exact to about 1e-6 of the length, for those with one to about 1e-3.
        """
        nodes, weights = np.polynomial.legendre.leggauss(8)
        t = ((nodes + 1) / 2 + np.arange(16)[:, None]).ravel() / 16
        basis = np.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2], -1)
        velocity = 3 * np.einsum("tk,skd->std", basis, np.diff(self.points, axis=1))
        speed = np.hypot(velocity[..., 0], velocity[..., 1])
        return np.asarray(speed @ np.tile(weights / 32, 16))

    def sampled(self, count: int) -> Floats:
        """Points (S,count,2) on the strokes, at even parameters from start to end."""
        return cubic_points(self.points, np.linspace(0, 1, count))

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Drawing:
        """Some of the strokes, on the same canvas."""
        return replace(
            self,
            points=self.points[which],
            width=self.width[which],
            color=self.color[which],
            opacity=self.opacity[which],
        )

    def painted_over(self, below: Drawing) -> Drawing:
        """The strokes of another drawing with these over them, on this one's ground."""
        return replace(
            self,
            points=np.concatenate([below.points, self.points]),
            width=np.concatenate([below.width, self.width]),
            color=np.concatenate([below.color, self.color]),
            opacity=np.concatenate([below.opacity, self.opacity]),
        )

    def fitted(self, size: tuple[float, float]) -> Drawing:
        """The drawing scaled to another canvas, proportions kept, in its middle; widths too."""
        scale = min(size[0] / self.size[0], size[1] / self.size[1])
        margin = (np.asarray(size, np.float64) - scale * np.asarray(self.size)) / 2
        return replace(
            self, points=self.points * scale + margin, width=self.width * scale, size=size
        )
