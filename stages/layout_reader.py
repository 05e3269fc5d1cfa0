"""Reads pictures for their layout: the trunk that ships says where the subject is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models.composition import CompositionReader, Tokens
from .layout_scene import LayoutScene, measure


@dataclass(frozen=True, eq=False)
class Seen:
    """What was measured of a picture."""

    scene: LayoutScene
    tokens: Tokens  # (384,16,16) of the trunk


class LayoutReader:
    """Opened once a process and shared by threads.

    Args:
        threads: of one picture.
        trunk: opened before; what ships by default.

    Raises:
        ModelError: the weights that ship are missing or damaged.
    """

    def __init__(self, threads: int = 1, trunk: CompositionReader | None = None) -> None:
        self.trunk = trunk or CompositionReader(threads)

    def read(self, rgb: NDArray[np.uint8], tokens: Tokens | None = None) -> Seen:
        """Measure a picture HxWx3.

        Args:
            rgb: upright sRGB; 256 pixels a side are enough.
            tokens: of the trunk, where a crop engine has run it already.
        """
        if tokens is None:
            tokens = self.trunk.tokens(rgb)
        return Seen(measure(rgb, self.trunk.projections.subject(tokens)), tokens)
