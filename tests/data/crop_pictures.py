"""Photographs for the readers of crops: a white rectangle on black, which annotations mark.

The picture is wider than high, and the rectangle lies so that any other order of its four edges
marks other pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from compose.core.boxes import Boxes

WIDTH, HEIGHT = 96, 64
X1, Y1, X2, Y2 = 10, 20, 70, 50  # the rectangle, right and bottom exclusive


def draw(path: Path) -> Path:
    """Write the picture, losslessly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[Y1:Y2, X1:X2] = 255
    Image.fromarray(rgb).save(path, "PNG")  # whatever the name says: what is read is the box
    return path


def marks_rectangle(picture: Path, box: Boxes) -> bool:
    """Whether the box has all of the rectangle's pixels in the picture and no other."""
    grey = np.asarray(Image.open(picture).convert("L"))
    x1, y1, x2, y2 = (int(edge) for edge in box)
    marked = np.zeros(grey.shape, bool)
    marked[y1:y2, x1:x2] = True
    return bool((marked == (grey > 0)).all())
