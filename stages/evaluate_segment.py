"""Running the loop of segmentation and inpainting over annotated pictures, by the clock.

A picture is run once with the greatest number of iterations; what fewer would have found, and
what other rules of merging make of it, is read from the record of that run.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.bootstrap import Interval
from ..core.instances import Instance
from ..core.metrics import Difference
from ..core.seeds import derive_seed
from ..models.inpainter import Inpainter
from ..models.segmenter import Segmenter
from .segment_canvas import Filling, FullCanvas
from .segment_config import SegmentConfig
from .segment_found import LoopResult
from .segment_loop import LoopHooks, run_loop_on


@dataclass(frozen=True, eq=False)
class Engines:
    """What is measured."""

    segmenter: Segmenter
    inpainter: Inpainter
    config: SegmentConfig
    seed: int = 0

    def run(
        self,
        rgb: NDArray[np.uint8],
        name: str,
        seconds: Seconds,
        *,
        first: Sequence[Instance] | None = None,
    ) -> LoopResult[FullCanvas]:
        """The loop on one picture, without the clean plate that comes after it.

        Args:
            rgb: HxWx3.
            name: of the picture, from which its random draws come.
            seconds: takes in how long the iterations took.
            first: what the first iteration finds in place of the segmenter.
        """
        config = self.config
        filling = Filling(self.inpainter, config.working, config.feather)
        canvas = FullCanvas.of(rgb, config.working, filling)
        hooks = LoopHooks(on_step=seconds.step)
        seed = derive_seed(self.seed, "segment-inpaint", name)
        result = run_loop_on(canvas, self.segmenter, config, seed, hooks, first=first, clean=False)
        seconds.stop()
        return result


@dataclass
class Seconds:
    """How long each iteration took, its filling included, over all pictures."""

    of: dict[int, list[float]] = field(default_factory=dict)  # by iteration from 0
    _running: tuple[int, float] | None = None

    def step(self, number: int, total: int, what: str) -> None:
        """A step of the loop begins; see `LoopHooks.on_step`."""
        if self._running is None or self._running[0] != number:
            self.stop()
            self._running = number, time.perf_counter()

    def stop(self) -> None:
        """The loop has ended."""
        if self._running is not None:
            number, began = self._running
            self.of.setdefault(number, []).append(time.perf_counter() - began)
            self._running = None

    def means(self) -> list[float]:
        """Mean seconds of every iteration, over the pictures that came so far."""
        return [sum(taken) / len(taken) for _, taken in sorted(self.of.items())]

    def total(self) -> float:
        """Seconds of everything."""
        return sum(map(sum, self.of.values()))


def interval_row(value: Interval) -> dict[str, float | None]:
    """A figure for JSON, in which NaN becomes null."""
    return {"value": known(value.value), "low": known(value.low), "high": known(value.high)}


def difference_row(value: Difference) -> dict[str, float | None]:
    """A difference for JSON, likewise."""
    return {
        "difference": known(value.mean),
        "low": known(value.low),
        "high": known(value.high),
        "p": known(value.p_value),
    }


def known(value: float) -> float | None:
    """The number itself, or None for NaN."""
    return None if np.isnan(value) else float(value)
