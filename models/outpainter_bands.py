"""Engine `builtin` with an inpainter: surroundings that grow outward in bands.

Inpainters were made for holes that are surrounded. So each band is filled from what is inside it,
the photograph and the bands before, and only the next one sees it.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from ..core.seeds import derive_seed
from .inpainter import Inpainter
from .inpainting import fill_hole
from .outpainter import Expansion

_BAND = 0.12  # of the canvas's longer side
_SIDE = 384  # pixels of the longer side at which is filled


class BandOutpainter:
    """See `outpainter.Outpainter`.

    Args:
        inpainter: fills the bands.
    """

    def __init__(self, inpainter: Inpainter) -> None:
        self._inpainter = inpainter
        self._lock = threading.Lock()  # inpainters serve one thread at a time
        self.name = inpainter.name

    def expand(self, wanted: Expansion, seed: int) -> NDArray[np.uint8]:
        """The full canvas HxWx3."""
        canvas = wanted.canvas()
        for number, (outer, inner) in enumerate(bands(wanted)):
            rows, columns = slice(outer[1], outer[3]), slice(outer[0], outer[2])
            hole = np.ones((outer[3] - outer[1], outer[2] - outer[0]), bool)
            hole[
                inner[1] - outer[1] : inner[3] - outer[1], inner[0] - outer[0] : inner[2] - outer[0]
            ] = False
            with self._lock:
                canvas[rows, columns] = fill_hole(
                    self._inpainter,
                    canvas[rows, columns],
                    hole,
                    seed=derive_seed(seed, "band", str(number)),
                    working=_SIDE,
                )
        return canvas


_Window = tuple[int, int, int, int]


def bands(wanted: Expansion) -> list[tuple[_Window, _Window]]:
    """The windows x1, y1, x2, y2 of every band and of what is known before it; the last window is
    the canvas."""
    high, wide = wanted.photo.shape[:2]
    step = max(round(_BAND * max(wanted.width, wanted.height)), 1)
    inner = (wanted.x, wanted.y, wanted.x + wide, wanted.y + high)
    found = []
    while inner != (0, 0, wanted.width, wanted.height):
        outer = (
            max(inner[0] - step, 0),
            max(inner[1] - step, 0),
            min(inner[2] + step, wanted.width),
            min(inner[3] + step, wanted.height),
        )
        found.append((outer, inner))
        inner = outer
    return found
