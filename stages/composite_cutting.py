"""The segmenter that cuts objects out of plain photographs, opened when the first one comes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..core.instances import Instance
from ..models.segmenter import Segmenter
from ..models.segmenters import SegmenterOptions, open_segmenter


class SharedCutter:
    """One segmenter for several threads.

    Args:
        threads: of one picture, on the CPU.
        tell: is called with the segmenter's name when it is opened.
    """

    def __init__(self, threads: int = 1, tell: Callable[[str], None] = lambda name: None) -> None:
        self._threads, self._tell = threads, tell
        self._lock = threading.Lock()
        self._segmenter: Segmenter | None = None

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """The objects in `rgb` (HxWx3, upright sRGB).

        Raises:
            ModelError: the segmenter's weights are damaged.
        """
        with self._lock:
            if self._segmenter is None:
                self._segmenter = open_segmenter("salient", SegmenterOptions(self._threads))
                self._tell(self._segmenter.name)
            return self._segmenter.segment(rgb)
