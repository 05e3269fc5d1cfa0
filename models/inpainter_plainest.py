"""Engine `plainest`: a hole filled twice, of which the fill that stands out less is kept.

`shiftmap` copies what is there and fails where nothing fits; `migan` paints what could be there and
now and then invents a thing. Either failure is salient, and a clean plate shows nothing that is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from .inpainter import Inpainter, for_plates
from .saliency import SaliencyReader

_BETTER = 0.01  # mean saliency by which the second has to be plainer: the first copies true texture
# Mean saliency of the first above which nothing is said: where a picture shows nothing else, what
# was filled is its subject, however well it fits.
_SUBJECT = 0.5


class PlainestInpainter:
    """See `inpainter.Inpainter`; in the search for objects it is the first engine.

    Args:
        first: the engine whose fill is kept where both are as plain.
        second: the other.
        reader: gives the map of what stands out.
    """

    name = "plainest"
    multiple = 1

    def __init__(self, first: Inpainter, second: Inpainter, reader: SaliencyReader) -> None:
        self._first, self._second, self._reader = first, second, reader
        self.limit = first.limit

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture as the first engine fills it."""
        return self._first.fill(rgb, hole, seed)

    def for_plates(self) -> Inpainter:
        """The engine that fills twice."""
        return _Plates(for_plates(self._first), for_plates(self._second), self._reader)


class _Plates:
    name = "plainest"
    multiple = 1

    def __init__(self, first: Inpainter, second: Inpainter, reader: SaliencyReader) -> None:
        self._first, self._second, self._reader = first, second, reader
        self.limit = first.limit

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture filled by the engine whose fill stands out less."""
        from .inpainting import fill_hole

        # each at the size that it was made for
        fills = [fill_hole(engine, rgb, hole, seed=seed) for engine in (self._first, self._second)]
        first, second = (float(self._reader.read(fill)[hole].mean()) for fill in fills)
        return fills[1] if second < first - _BETTER and first < _SUBJECT else fills[0]
