"""A picture and its parts on a report page: the iterations side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.report import Figure, Report, thumbnail
from .segment_canvas import FullCanvas
from .segment_found import Round
from .segment_inpaint import Parts
from .segment_layers import in_order
from .segment_overlay import Mark, draw_objects, marks_of

_LARGE, _SMALL = 640, 320  # longest sides in pixels
_GREEN = (120, 190, 110)
_BLUE = (110, 150, 200)


@dataclass(frozen=True)
class SegmentEntry:
    """What the page shows of one picture; small, so that it can wait for its turn."""

    facts: Sequence[str]
    main: Figure
    twin: Figure
    figures: Sequence[Figure]

    def add_to(self, report: Report, name: str) -> None:
        """Write it to the page."""
        report.entry(name, self.facts, self.main, self.figures, self.twin)


def segment_entry(parts: Parts, record: dict[str, Any]) -> SegmentEntry:
    """Make the thumbnails of a picture that was taken apart.

    Args:
        parts: of the picture.
        record: as from `segment_into`.
    """
    result, ranked = parts.result, in_order(parts.result)
    shown = result.rounds[0].canvas.rgb if result.rounds else result.clean.rgb
    main = Figure(thumbnail(draw_objects(shown, marks_of(ranked)), _LARGE), "objects")
    twin = Figure(thumbnail(result.clean.rgb, _LARGE), "background", colour=_GREEN)
    hidden = sum(1 for k in ranked if k.iteration > 0)
    facts = [
        f"{record['width']}×{record['height']}",
        f"{len(ranked)} objects, {hidden} found behind others",
        f"segmenter {record['segmenter']}, inpainter {record['inpainter']}",
        *_recomposed(record["recomposition"]),
        f"{record['seconds']:.1f} s",
    ]
    rounds = zip(result.rounds, record["iterations"], strict=True)
    return SegmentEntry(facts, main, twin, [_figure(entry, told) for entry, told in rounds])


def _figure(entry: Round[FullCanvas], told: dict[str, Any]) -> Figure:
    """What one iteration saw, with its detections drawn and what it erased darkened."""
    marks = [Mark(n, str(n), d.mask, d.mask) for n, d in enumerate(entry.detections, 1)]
    drawn = draw_objects(_darkened(entry.picture, entry), marks)
    rejected = ", ".join(f"{count} {reason}" for reason, count in told["rejected"].items())
    lines = [
        f"{len(told['found'])} new, {len(told['extended'])} extended",
        f"{100 * told['erased']:.0f} % erased",
    ]
    if rejected:
        lines.append(f"not taken: {rejected}")
    tag = f"iteration {told['iteration']}"
    return Figure(thumbnail(drawn, _SMALL), lines=lines, tag=tag, colour=_BLUE)


def _darkened(rgb: NDArray[np.uint8], entry: Round[FullCanvas]) -> NDArray[np.uint8]:
    dark = rgb.copy()
    dark[entry.hole] = dark[entry.hole] // 2
    return dark


def _recomposed(error: dict[str, Any] | None) -> list[str]:
    return [] if error is None else [f"layers recompose within {error['mean']:.2f} of 255"]
