"""What the loop of segmentation and inpainting finds, and its record of every iteration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..core.instances import Instance
from ..core.masks import Mask
from .segment_canvas import Canvas

AnyCanvas = TypeVar("AnyCanvas", bound=Canvas, covariant=True)


@dataclass(frozen=True, eq=False)
class Found:
    """One object. Masks have the size at which the loop ran."""

    number: int  # from 0, in the order of finding
    iteration: int  # from 0, in which it was found first
    label: str | None
    score: float  # of the segmenter, in [0, 1]
    visible: Mask = field(repr=False)  # where the original picture shows it; disjoint from others
    amodal: Mask = field(repr=False)  # its whole extent as far as it is known, hidden parts too
    hidden: float  # share of `amodal` behind what was erased when it was found
    speculative: bool  # hardly any of it is real pixels: the inpainter may have invented it
    seen: int  # the last iteration whose picture shows it; its colours are there
    erased: int | None = None  # after which iteration it was erased; None: not within the loop
    # the part of `amodal` that no picture shows; see `segment_complete`; None: nothing
    guessed: Mask | None = field(default=None, repr=False)

    @property
    def seen_extent(self) -> Mask:
        """`amodal` without what is guessed."""
        return self.amodal if self.guessed is None else self.amodal & ~self.guessed


@dataclass(frozen=True)
class Rejected:
    """Why a detection was not taken."""

    detection: int  # its place in `Round.detections`
    reason: str  # "repeated", "known", "merged", "not hidden", "ground", "unstable" or "covered"


@dataclass(frozen=True, eq=False)
class Round(Generic[AnyCanvas]):
    """One iteration: the picture it looked at, what it found there, and what it erased."""

    number: int  # from 0
    canvas: AnyCanvas = field(repr=False)  # what was searched
    detections: tuple[Instance, ...]  # of sufficient area and score, best first
    rejected: tuple[Rejected, ...]
    instances: tuple[Found, ...]  # all that are known after it, as they were known then
    erased: Mask = field(repr=False)  # the union of all holes that are filled in it
    hole: Mask = field(repr=False)  # what was erased after it, dilated; empty in the last one

    @property
    def picture(self) -> NDArray[np.uint8]:
        """HxWx3, in which was searched."""
        return self.canvas.rgb


@dataclass(frozen=True, eq=False)
class LoopResult(Generic[AnyCanvas]):
    """Everything the loop found."""

    instances: tuple[Found, ...]  # by number
    order: tuple[int, ...]  # their numbers from front to back, a topological order of `before`
    before: frozenset[tuple[int, int]]  # pairs (front, behind) of which there is evidence
    clean: AnyCanvas = field(repr=False)  # all instances erased, if that was wanted
    holes: Mask = field(repr=False)  # outside of it `clean` is the original picture
    rounds: tuple[Round[AnyCanvas], ...]

    @property
    def background(self) -> NDArray[np.uint8]:
        """HxWx3, the clean plate at the size of the search."""
        return self.clean.rgb

    def after(self, iterations: int) -> tuple[Found, ...]:
        """The instances as a run of fewer iterations would have given them."""
        if iterations < 1 or not self.rounds:
            return ()
        return self.rounds[min(iterations, len(self.rounds)) - 1].instances
