"""The engines of one process, which several pictures may use at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError
from ..core.instances import Instance
from ..core.masks import Mask
from ..models.inpainter import Inpainter, for_plates
from ..models.segmenter import Prompt, Segmenter


@dataclass(frozen=True)
class SegmentTools:
    """What is opened once a process."""

    segmenter: Segmenter
    inpainter: Inpainter

    @classmethod
    def shared(cls, segmenter: Segmenter, inpainter: Inpainter) -> SegmentTools:
        """Engines that wait for each other's threads, so that each is used by one at a time."""
        return cls(SharedSegmenter(segmenter), _SharedInpainter(inpainter))


def prompt(segmenter: Segmenter, rgb: NDArray[np.uint8], prompts: list[Prompt]) -> list[Instance]:
    """Ask a segmenter for objects; see `models.segmenter.PromptSegmenter`.

    Raises:
        UsageError: it takes no prompts.
        MaskError: nothing is found at one.
    """
    ask = getattr(segmenter, "prompt", None)
    if ask is None:
        raise UsageError(f"segmenter {segmenter.name} takes no prompts; use sam or salient.")
    found: list[Instance] = ask(rgb, prompts)
    return found


class SharedSegmenter:
    """A segmenter that threads use one at a time."""

    def __init__(self, inner: Segmenter) -> None:
        self._inner, self._lock = inner, threading.Lock()
        self.name = inner.name

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """See `models.segmenter.Segmenter`."""
        with self._lock:
            return self._inner.segment(rgb)

    def prompt(self, rgb: NDArray[np.uint8], prompts: list[Prompt]) -> list[Instance]:
        """See `prompt`."""
        with self._lock:
            return prompt(self._inner, rgb, prompts)


class _SharedInpainter:
    def __init__(self, inner: Inpainter) -> None:
        self._inner, self._lock = inner, threading.Lock()
        self.name, self.multiple, self.limit = inner.name, inner.multiple, inner.limit
        self._plates: Inpainter | None = None

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        with self._lock:
            return self._inner.fill(rgb, hole, seed)

    def for_plates(self) -> Inpainter:
        with self._lock:
            if self._plates is None:
                inner = for_plates(self._inner)
                self._plates = self if inner is self._inner else _SharedInpainter(inner)
            return self._plates
