"""The state of the loop of segmentation and inpainting: the picture by now, and what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import numpy as np

from ..core.errors import Interrupted
from ..core.instances import Instance
from ..core.masks import Mask
from ..core.seeds import derive_seed
from ..models.mask_parts import joined
from ..models.segmenter import Segmenter
from .segment_accept import iou, judge
from .segment_canvas import Canvas
from .segment_complete import guessed_behind
from .segment_config import SegmentConfig
from .segment_found import Found, LoopResult, Rejected, Round
from .segment_hole import hole_around, widened
from .segment_looks import like_object
from .segment_order import order_pairs, topological
from .segment_plate import plate_hole

AnyCanvas = TypeVar("AnyCanvas", bound=Canvas)

_MOST_ERASED = 0.9  # share of a picture that may be filled at once from the rest


@dataclass(frozen=True)
class LoopHooks:
    """What a long run tells and asks."""

    on_step: Callable[[int, int, str], None] = lambda done, total, what: None
    should_stop: Callable[[], bool] = lambda: False


@dataclass(eq=False)
class LoopState(Generic[AnyCanvas]):
    """What `segment_loop.run_loop` works on, from one round to the next."""

    original: AnyCanvas
    segmenter: Segmenter
    config: SegmentConfig
    seed: int
    hooks: LoopHooks
    known: list[Found] = field(default_factory=list)
    rounds: list[Round[AnyCanvas]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.canvas = self.before = self.original  # by now, and ahead of the latest hole
        self.none: Mask = np.zeros(self.original.rgb.shape[:2], bool)
        self.erased = self.hole = self.claimed = self.none  # all holes, the latest, visible parts
        self.detections: tuple[Instance, ...] = ()
        self.rejected: list[Rejected] = []
        self.fixed = False  # whether the first round's extents are somebody's word

    @property
    def present(self) -> list[Found]:
        """Those that the picture still shows."""
        return [k for k in self.known if k.erased is None]

    def told(self, number: int, what: str) -> None:
        """Say what begins now.

        Raises:
            Interrupted: if that is not wanted any more.
        """
        if self.hooks.should_stop():
            raise Interrupted("interrupted; run the same command again to begin anew.")
        self.hooks.on_step(number, self.config.iterations, what)

    def look(self, number: int, given: Sequence[Instance] | None) -> None:
        """Segment the picture, or take what is given, and take in what is new."""
        self.detections = tuple(self._detect() if given is None else given)
        self.fixed = self.fixed or given is not None
        self.rejected = []
        if number == 0:
            self._begin()
        else:
            for k in self.present:
                self.known[k.number] = replace(k, amodal=k.seen_extent, guessed=None)
            self._take_in(number)
            self._complete()

    def _detect(self) -> list[Instance]:
        pixels, config = self.none.size, self.config
        least, most = config.min_area * pixels, config.max_area * pixels
        found = self.segmenter.segment(self.canvas.rgb)
        good = [d for d in found if d.score >= config.min_score and least <= d.area <= most]
        return good[: config.most]

    def _begin(self) -> None:
        """Take in all of the first round; where masks overlap, what is in front has the pixels."""
        drafts = [
            Found(n, 0, d.label, d.score, self.none, d.mask, 0.0, False, 0)
            for n, d in enumerate(self.detections)
        ]
        for place in topological(range(len(drafts)), order_pairs(drafts)):
            self._add(replace(drafts[place], number=len(self.known)), place)

    def _take_in(self, number: int) -> None:
        views = _SecondViews(self, number)
        for place, d in enumerate(self.detections):
            verdict = judge(d, self.known, self.erased, self.config, views.agree)
            if verdict.reason is not None:
                self.rejected.append(Rejected(place, verdict.reason))
            elif verdict.extends is not None:
                self._extend(verdict.extends, d.mask)
            else:
                new = Found(
                    len(self.known), number, d.label, d.score, self.none, d.mask,
                    verdict.hidden, verdict.speculative, number,
                )  # fmt: skip
                self._add(new, place)

    def _add(self, new: Found, place: int) -> None:
        visible = self.none if new.speculative else new.amodal & ~self.claimed
        if not (new.speculative or visible.any()):
            self.rejected.append(Rejected(place, "covered"))
            return
        self.claimed = self.claimed | visible
        self.known.append(replace(new, visible=visible))

    def _extend(self, number: int, mask: Mask) -> None:
        old = self.known[number]
        part = mask & self.erased & ~old.amodal
        ground = ~(self.claimed | self.erased | mask)
        part = like_object(self.canvas.rgb, part, old.visible & ~self.erased, ground)
        amodal = old.amodal | joined(part, old.amodal)
        visible = old.visible | (amodal & ~self.claimed)
        self.claimed = self.claimed | visible
        self.known[number] = replace(old, amodal=amodal, visible=visible)

    def _complete(self) -> None:
        """Guess what the holes still hide of those that the picture shows."""
        for k in self.present:
            if k.speculative or (self.fixed and k.iteration == 0):
                continue
            others = self.none.copy()
            for other in self.present:
                if other is not k:
                    others |= other.visible
            guess = guessed_behind(k.amodal, self.erased, others)
            if guess.any():
                self.known[k.number] = replace(k, amodal=k.amodal | guess, guessed=guess)

    def erase(self, number: int, gone: Sequence[Found]) -> bool:
        """Close the round and erase instances; False if they cover too much to fill it in."""
        gone, hole = self._hole_of(gone, self.canvas)
        self.close(number, hole)
        if not gone:
            return False
        numbers = {k.number for k in gone}
        for k in self.present:
            left = k.number not in numbers
            self.known[k.number] = (
                replace(k, seen=number + 1) if left else replace(k, erased=number)
            )
        self.before, self.hole = self.canvas, hole
        self.canvas = self.filled(self.canvas, hole, f"round {number}")
        self.erased = self.erased | hole
        return True

    def close(self, number: int, hole: Mask | None = None) -> None:
        """Keep the record of a round, after which `hole` is erased."""
        self.rounds.append(
            Round(
                number, self.canvas, self.detections, tuple(self.rejected), tuple(self.known),
                self.erased, self.none if hole is None else hole,
            )
        )  # fmt: skip

    def filled(self, canvas: AnyCanvas, hole: Mask, purpose: str) -> AnyCanvas:
        """With the hole filled, by draws that belong to the purpose."""
        return canvas.filled(hole, derive_seed(self.seed, purpose))

    def _hole_of(
        self, gone: Sequence[Found], canvas: AnyCanvas, *, plate: bool = False
    ) -> tuple[list[Found], Mask]:
        """Those of `gone` that can be erased together, small ones first, and their hole."""
        taken, union, hole = list[Found](), self.none, self.none
        for k in sorted(gone, key=lambda k: (int(k.amodal.sum()), k.number)):
            more = hole | widened(k.amodal, self.config)
            if _too_much(more):
                break
            taken, union, hole = [*taken, k], union | k.amodal, more
        if taken:
            others = self.none.copy()
            for k in self.known:
                if all(k is not each for each in taken):
                    others |= k.visible
            around = plate_hole if plate else hole_around
            whole = around(canvas.rgb, union, others, self.config)
            hole = hole if _too_much(whole) else whole
        return taken, hole

    def result(self, *, clean: bool) -> LoopResult[AnyCanvas]:
        """Everything; `clean`: with a background out of which all is erased."""
        background, holes = self.canvas, self.erased
        plate = self.original.plate() is not self.original
        if clean and (self.present or len(self.rounds) > 2 or plate):
            background, holes = self._background()
        pairs = order_pairs(self.known)
        order = topological([k.number for k in self.known], pairs)
        rounds = tuple(self.rounds)
        return LoopResult(tuple(self.known), order, pairs, background, holes, rounds)

    def _background(self) -> tuple[AnyCanvas, Mask]:
        """The original with all instances erased at once, and the hole.

        What was filled before may show what was behind then, and is not looked at again.
        """
        gone, hole = self._hole_of(self.known, self.original, plate=True)
        if not gone:
            return self.original, self.none
        self.told(len(self.rounds), "filling the background")
        return self.filled(self.original.plate(), hole, "background"), hole


def _too_much(hole: Mask) -> bool:
    return bool(hole.sum() > _MOST_ERASED * hole.size)


class _SecondViews(Generic[AnyCanvas]):
    """Other looks at the picture of a round, made when they are first asked for."""

    def __init__(self, state: LoopState[AnyCanvas], number: int) -> None:
        self._state, self._number = state, number
        self._masks: dict[str, list[Mask]] = {}

    def agree(self, mask: Mask) -> bool:
        """Whether something like `mask` is found in those that the settings want."""
        wanted = self._state.config.stability
        views = {"both": ["flip", "seed"], "off": []}.get(wanted, [wanted])
        if wanted == "both" and 2 * (mask & self._state.erased).sum() < mask.sum():
            views = ["flip"]  # it is real: another filling tells nothing of it
        return all(self._shows(view, mask) for view in views)

    def _shows(self, view: str, mask: Mask) -> bool:
        if view not in self._masks:
            self._masks[view] = self._flipped() if view == "flip" else self._reseeded()
        least = self._state.config.min_stability
        return any(iou(mask, other) >= least for other in self._masks[view])

    def _flipped(self) -> list[Mask]:
        mirrored = np.ascontiguousarray(self._state.canvas.rgb[:, ::-1])
        return [d.mask[:, ::-1] for d in self._state.segmenter.segment(mirrored)]

    def _reseeded(self) -> list[Mask]:
        state = self._state
        again = state.filled(state.before, state.hole, f"second view {self._number}")
        return [d.mask for d in state.segmenter.segment(again.rgb)]
