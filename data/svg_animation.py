"""Drawings as SVG that draws itself, stroke by stroke, in browsers and once.

A dash that grows along each path does it, by CSS (SVG 1.1, section 11.4; CSS Animations 1). All
of it stands in keyframes: before and after them a stroke has no dash, so the end is the drawing
itself, and so is all that a program without animations shows, or a reader who wants none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core.drawing import Drawing
from ..core.files import atomic_write
from .svg import document, number

# Gaps longer than the path keep the next dash's round cap away from the path's end.
_STYLE = (
    "@keyframes draw{"
    "from{visibility:hidden;stroke-dasharray:1 3;stroke-dashoffset:1}"
    "to{visibility:visible;stroke-dasharray:1 3;stroke-dashoffset:0}}"
    "@media (prefers-reduced-motion:no-preference){path{animation-name:draw;"
    "animation-timing-function:linear;animation-fill-mode:backwards}}"
)


def animated_svg(
    drawing: Drawing,
    path: Path,
    *,
    seconds: float = 8.0,
    rounds: Sequence[int] | None = None,
    title: str | None = None,
) -> None:
    """Write a drawing that appears stroke by stroke, in the order of painting.

    Args:
        drawing: what to write.
        path: the file, written whole or not at all.
        seconds: until the last stroke is done. Half of it is shared out evenly and half by the
            strokes' lengths, so that short ones are seen to be drawn too.
        rounds: as for `svg_text`.
        title: as for `svg_text`.

    Raises:
        ValueError: `seconds` is not above 0.
        OutputError: the file cannot be written.
    """
    if not 0 < seconds < np.inf:
        raise ValueError(f"seconds must be above 0, not {seconds}")
    lengths = drawing.lengths()
    even = np.full(len(drawing), 1 / max(len(drawing), 1))
    share = (even + lengths / lengths.sum()) / 2 if lengths.sum() > 0 else even
    takes = seconds * share
    begins = np.concatenate([[0.0], np.cumsum(takes)[:-1]]) if len(drawing) else takes
    extra = [
        f' pathLength="1" style="animation-delay:{number(begin)}s;'
        f'animation-duration:{number(take, 4)}s"'
        for begin, take in zip(begins, takes, strict=True)
    ]
    text = document(drawing, title=title, rounds=rounds, style=_STYLE, extra=extra)
    with atomic_write(path) as part:
        part.write_text(text, "utf-8", newline="\n")
