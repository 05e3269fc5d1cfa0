"""What a segmenter is: a picture goes in, scored instances come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.instances import Instance
from ..core.masks import Mask


@dataclass(frozen=True, eq=False)
class Prompt:
    """What a user points at, in pixels of the picture: points, a box, a mask or several of them."""

    points: tuple[tuple[float, float, bool], ...] = ()  # x, y, and whether it is on the object
    box: Box | None = None
    mask: Mask | None = field(default=None, repr=False)


class Segmenter(Protocol):
    """Opened once a process; `segment` is called from one thread at a time."""

    @property
    def name(self) -> str:
        """The engine; never "auto"."""
        ...

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """The instances in `rgb` (HxWx3, upright sRGB at any scale), best first.

        Masks have the size of `rgb` and may overlap unless the engine says otherwise; the list
        may be empty.
        """
        ...


class PromptSegmenter(Segmenter, Protocol):
    """A segmenter that can be asked for one object; the picture is looked at once."""

    def prompt(self, rgb: NDArray[np.uint8], prompts: list[Prompt]) -> list[Instance]:
        """One instance for each prompt, in their order; the embedding of `rgb` is kept between
        calls with the same array, so that further prompts are cheap.

        Raises:
            MaskError: nothing is found at a prompt.
        """
        ...
