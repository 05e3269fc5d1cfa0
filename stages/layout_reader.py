"""Reads pictures for their layout: networks that ship say where the subject is.

The trunk's own tokens tell it at once, and the layouts of an index are of these. Where a photograph
is to be followed, the finder of salient subjects is asked, which sees it better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models.composition import CompositionReader, Tokens
from ..models.saliency import SaliencyReader
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
        subjects: what finds the subject; a projection of the trunk's tokens by default.

    Raises:
        ModelError: the weights that ship are missing or damaged.
    """

    def __init__(
        self,
        threads: int = 1,
        trunk: CompositionReader | None = None,
        subjects: SaliencyReader | None = None,
    ) -> None:
        self.trunk, self.subjects = trunk or CompositionReader(threads), subjects

    def read(self, rgb: NDArray[np.uint8], tokens: Tokens | None = None) -> Seen:
        """Measure a picture HxWx3.

        Args:
            rgb: upright sRGB; 256 pixels a side are enough.
            tokens: of the trunk, where a crop engine has run it already.
        """
        if tokens is None:
            tokens = self.trunk.tokens(rgb)
        if self.subjects is not None:
            subject = self.subjects.read(rgb)
        else:
            subject = self.trunk.projections.subject(tokens)
        return Seen(measure(rgb, subject), tokens)
