"""The layout class of a picture, one of KU-PCP's nine; None where nothing here can tell it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LAYOUTS = (
    "rule-of-thirds",
    "vertical",
    "horizontal",
    "diagonal",
    "curved",
    "triangle",
    "centre",
    "symmetric",
    "pattern",
)


def layout_of(rgb: NDArray[np.uint8]) -> str | None:
    """The class of a picture HxWx3, one of `LAYOUTS`."""
    return None
