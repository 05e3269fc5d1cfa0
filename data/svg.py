"""Writing drawings as SVG 1.1, and reading them: `read_svg` of `svg_read.py` is offered here too.

A file holds one path a stroke in the order of painting, with every property on the path itself,
so that a program that takes one path out of it takes the whole stroke.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from ..core.drawing import Drawing
from ..core.files import atomic_write
from ..core.names import printable
from .svg_read import read_svg, read_svg_noting

__all__ = ["read_svg", "read_svg_noting", "svg_text", "write_svg"]

# Measured on 48 strokes of 1.5 pixels: rounding to 1, 2 and 3 decimals changes the picture by
# 0.17, 0.018 and 0.003 grey levels on average; the third costs four bytes in a hundred.
_DECIMALS = 3
_OPACITY_DECIMALS = 4  # half a unit of the last is 1/80 of a grey level
_INKSCAPE = ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'


def write_svg(
    drawing: Drawing,
    path: Path,
    *,
    title: str | None = None,
    rounds: Sequence[int] | None = None,
) -> None:
    """Write a drawing whole or not at all; see `svg_text`.

    Raises:
        OutputError: the file cannot be written.
    """
    text = svg_text(drawing, title=title, rounds=rounds)
    with atomic_write(path) as part:
        part.write_text(text, "utf-8", newline="\n")


def svg_text(
    drawing: Drawing, *, title: str | None = None, rounds: Sequence[int] | None = None
) -> str:
    """The SVG of a drawing; equal drawings give equal text.

    Coordinates and widths have three decimals, opacities four, colours 8 bits. Reading the text
    gives a drawing whose text is the same again.

    Args:
        drawing: what to write; strokes become `stroke-001`, `stroke-002`, … in order of painting.
        title: the document's title.
        rounds: the round of every stroke, not falling; each becomes a group `round-N`, which
            Inkscape shows as a layer, and round 0 the group `washes`.
    """
    return document(drawing, title=title, rounds=rounds)


def document(
    drawing: Drawing,
    *,
    title: str | None = None,
    rounds: Sequence[int] | None = None,
    style: str = "",
    extra: Sequence[str] | None = None,
) -> str:
    """`svg_text` with a style sheet, and with attributes to add to every path (each " a='b'")."""
    if rounds is not None and len(rounds) != len(drawing):
        raise ValueError(f"{len(rounds)} rounds were given for {len(drawing)} strokes")
    if rounds is not None and any(b < a for a, b in pairwise(rounds)):
        raise ValueError("rounds must not fall, for strokes are grouped in order of painting")
    width, height = (number(v, 6) for v in drawing.size)
    namespaces = ' xmlns="http://www.w3.org/2000/svg"' + (_INKSCAPE if rounds is not None else "")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg{namespaces} version="1.1" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
    ]
    if title:
        lines.append(f"<title>{escape(printable(title))}</title>")
    if style:
        lines.append(f'<style type="text/css">{style}</style>')
    ground = hexadecimal(drawing.background)
    lines.append(f'<rect id="background" width="{width}" height="{height}" fill="{ground}"/>')
    lines += _paths(drawing, rounds, extra)
    lines.append("</svg>\n")
    return "\n".join(lines)


def _paths(
    drawing: Drawing, rounds: Sequence[int] | None, extra: Sequence[str] | None
) -> list[str]:
    lines = []
    digits = max(3, len(str(len(drawing))))
    for i in range(len(drawing)):
        if rounds is not None and (i == 0 or rounds[i] != rounds[i - 1]):
            if i > 0:
                lines.append("</g>")
            label = f"Round {rounds[i]}" if rounds[i] else "Washes"
            layer = label.lower().replace(" ", "-")
            lines.append(f'<g id="{layer}" inkscape:groupmode="layer" inkscape:label="{label}">')
        name = f"stroke-{i + 1:0{digits}d}"
        lines.append(f'<path id="{name}" {_attributes(drawing, i)}{extra[i] if extra else ""}/>')
    if rounds is not None and lines:
        lines.append("</g>")
    return lines


def _attributes(drawing: Drawing, i: int) -> str:
    x = [number(v) for v in drawing.points[i].ravel()]
    opacity = number(drawing.opacity[i], _OPACITY_DECIMALS)
    return (
        f'd="M{x[0]} {x[1]}C{x[2]} {x[3]} {x[4]} {x[5]} {x[6]} {x[7]}" fill="none" '
        f'stroke="{hexadecimal(drawing.color[i])}" stroke-width="{number(drawing.width[i])}" '
        + (f'stroke-opacity="{opacity}" ' if opacity != "1" else "")
        + 'stroke-linecap="round" stroke-linejoin="round"'
    )


def number(value: float, decimals: int = _DECIMALS) -> str:
    """A decimal number in the fewest characters: no exponent, no trailing zeros, no -0."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def hexadecimal(color: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """An sRGB colour in [0, 1] as `#rrggbb`, rounded to 8 bits."""
    return "#" + "".join(f"{int(v * 255 + 0.5):02x}" for v in color)
