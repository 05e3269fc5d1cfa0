"""What a crop engine is: it looks at a picture once and says where a photographer would crop."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .crop_belief import CropBelief


class CropEngine(Protocol):
    """Opened once a process and shared by threads, so `read` must be safe to call at once."""

    @property
    def name(self) -> str:
        """What records call it."""
        ...

    @property
    def side(self) -> int:
        """Pixels that both sides of the picture it is given should have, where the file has."""
        ...

    def read(self, rgb: NDArray[np.uint8]) -> CropBelief:
        """The belief about the crop of `rgb`, HxWx3 upright sRGB at any scale."""
        ...


class ConstantCrop:
    """The same crop for every picture; what any other engine has to beat."""

    side = 384  # not looked at; large enough for the thumbnails of a report

    def __init__(self, name: str, box: tuple[float, float, float, float]) -> None:
        """Take the crop as shares of the picture."""
        self.name = name
        self._belief = CropBelief.certain(box)

    def read(self, rgb: NDArray[np.uint8]) -> CropBelief:
        """That crop, for certain."""
        return self._belief
