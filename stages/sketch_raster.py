"""A drawing as pixels, by the renderer that sketches are optimised with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.devices import require_torch

if TYPE_CHECKING:
    from ..core.drawing import Drawing


def stretched(drawing: Drawing, size: tuple[int, int]) -> Drawing:
    """The drawing stretched to a canvas of `size`, width and height in pixels.

    Widths grow by the geometric mean of both scales, which are nearly equal where the canvas
    has the drawing's proportions but for rounding.
    """
    scale = np.array([size[0] / drawing.size[0], size[1] / drawing.size[1]])
    return replace(
        drawing,
        points=drawing.points * scale,
        width=drawing.width * float(np.sqrt(scale.prod())),
        size=size,
    )


def raster(drawing: Drawing) -> NDArray[np.uint8]:
    """The drawing on its background: HxWx3, its size rounded to whole pixels.

    Raises:
        UsageError: torch is not installed.
    """
    require_torch("rendering a drawing")
    import torch

    from ..models.stroke_render import FINE, render

    def tensor(values: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32))

    width, height = (max(round(side), 1) for side in drawing.size)
    with torch.inference_mode():
        picture = render(
            tensor(drawing.points)[None],
            tensor(drawing.width)[None],
            tensor(drawing.color)[None],
            tensor(drawing.opacity)[None],
            (height, width),
            tensor(np.asarray(drawing.background, np.float64)),
            FINE,
        )[0]
    values = picture.permute(1, 2, 0).mul(255).round().clamp(0, 255)
    return np.ascontiguousarray(values.to(torch.uint8).numpy())
