"""Pictures of edges and seeds, for people to see where the strokes of a sketch began."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

# Okabe and Ito's colours, told apart by the colour-blind too; sRGB, one a round
ROUND_COLORS: tuple[tuple[int, int, int], ...] = (
    (213, 94, 0),
    (0, 114, 178),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
)
_FRACTION_BITS = 4  # of the coordinates that OpenCV draws at


def edge_picture(edges: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Edges HxW as black on white, HxWx3."""
    grey = np.where(edges, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, -1)


def draw_seeds(
    rgb: NDArray[np.uint8], rounds: Sequence[NDArray[np.floating]], *, scale: int = 3
) -> NDArray[np.uint8]:
    """A picture HxWx3 enlarged `scale` times, with a dot on every seed in its round's colour.

    Args:
        rgb: HxWx3, the target or its `edge_picture`; it is drawn paler.
        rounds: seeds (k,2) of each round, x and y in the picture's pixels.
        scale: how many times wider and higher the result is.
    """
    height, width = rgb.shape[:2]
    pale = (255 - (255 - rgb.astype(np.uint16)) // 2).astype(np.uint8)
    drawn = cv2.resize(pale, (width * scale, height * scale), interpolation=cv2.INTER_NEAREST)
    radius = 1.3 * scale * max(width, height) / 224  # the same share of every canvas
    for number, seeds in enumerate(rounds):
        color = ROUND_COLORS[number % len(ROUND_COLORS)]
        for x, y in np.asarray(seeds, np.float64):
            # OpenCV's integer coordinates are pixel centres, ours are corners
            centre = (_fixed(x * scale - 0.5), _fixed(y * scale - 0.5))
            for size, ink in ((radius + 1, (255, 255, 255)), (radius, color)):
                cv2.circle(drawn, centre, _fixed(size), ink, -1, cv2.LINE_AA, _FRACTION_BITS)
    return np.asarray(drawn)


def _fixed(value: float) -> int:
    return round(value * (1 << _FRACTION_BITS))
