"""Reading SVG as a drawing of strokes: our own files exactly, other people's as far as it goes.

What is stroked is taken, as open cubics with round caps and joins: paths and basic shapes, with
transforms, view boxes, inherited properties, `style` attributes and simple style sheets. A shape
of several segments becomes as many strokes. Fills, text, pictures and clips are left out.

The file is hostile until shown otherwise: it is parsed as a stream, DOCTYPEs (and with them
entities) are refused, `use` and everything external are never followed, and size, depth, strokes
and coordinates are limited.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.parsers import expat

import numpy as np

from ..core.drawing import WHITE, Drawing
from ..core.errors import InputError
from ..core.names import printable
from .svg_path import Point, cubics_of_path
from .svg_shapes import SHAPES, path_data, rectangle
from .svg_style import (
    INHERITED,
    LONGEST_VALUE,
    UNHEEDED,
    Declarations,
    StyleSheet,
    color,
    declarations,
    diagonal,
    length,
    settled,
    share,
)
from .svg_transform import IDENTITY, Matrix, apply, joined, scale_of, transform
from .svg_viewport import canvas_size, viewport

MAX_BYTES = 8 << 20
MAX_STROKES = 20_000
_MAX_DEPTH = 200
_FARTHEST = 1e6  # canvas pixels, of coordinates and widths
_LARGEST_CANVAS = 1e5  # pixels a side
_CONTAINERS = ("svg", "g", "a", "switch")
_DRAWN_ELSEWHERE = ("use", "image", "text", "foreignObject")
_NAMESPACE = "http://www.w3.org/2000/svg "


def read_svg(path: Path) -> Drawing:
    """The strokes of an SVG file; see `read_svg_noting`.

    Raises:
        InputError: the file cannot be read, is no SVG, holds no strokes or too many, or is of a
            kind that is refused (DOCTYPE, excessive size, depth or numbers).
    """
    return read_svg_noting(path)[0]


def read_svg_noting(path: Path) -> tuple[Drawing, tuple[str, ...]]:
    """The strokes of an SVG file, and what had to be left out, say ("fills: 3", "text: 1").

    The canvas is the file's width and height in pixels (of 1/96 inch), or its view box where it
    has none. A plain rectangle over all of the canvas under the strokes is the background.

    Raises:
        InputError: as for `read_svg`.
    """
    path = Path(path)
    name = printable(path)
    data = _bytes_of(path)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    reader = _Reader(name)
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:
        raise InputError(
            f"{name} is no SVG ({printable(str(error))}); give a file saved as plain SVG."
        ) from None
    except ValueError as error:
        line = parser.CurrentLineNumber
        raise InputError(
            f"line {line} of {name} cannot be read ({printable(str(error))}); correct it or "
            "save the file as plain SVG."
        ) from None
    return reader.result()


def _bytes_of(path: Path) -> bytes:
    name = printable(path)
    try:
        if not path.is_file():  # a pipe would be waited for without end
            raise InputError(f"{name} is no file; give the path of an SVG file.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}); check the path.") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES >> 20} MiB; simplify the drawing.")
    return data


@dataclass(frozen=True)
class _Context:
    """What an element's children take over from it."""

    matrix: Matrix = IDENTITY
    view: tuple[float, float] = (0.0, 0.0)
    style: Declarations = field(default_factory=lambda: dict(INHERITED))
    opacity: float = 1.0
    skipped: bool = False
    drawn: list[str] | None = None  # of a switch: what it shows, which is its first drawable child


class _Reader:
    """Takes the parser's events and gathers strokes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stack = [_Context()]
        self._sheet = StyleSheet()
        self._css: list[str] | None = None  # the text of a style element while inside of it
        self._size: tuple[float, float] | None = None
        self._background: tuple[float, float, float] | None = None
        self._points: list[tuple[Point, ...]] = []
        self._pens: list[tuple[float, ...]] = []  # width, red, green, blue, opacity
        self._ignored: Counter[str] = Counter()

    def refuse_doctype(self, *_: object) -> None:
        raise InputError(
            f"{self._name} has a DOCTYPE, which is not read for safety; remove it or save the "
            "file as plain SVG."
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._stack) > _MAX_DEPTH:
            raise InputError(
                f"{self._name} is nested deeper than {_MAX_DEPTH}; ungroup the drawing."
            )
        outer = self._stack[-1]
        tag = tag.removeprefix(_NAMESPACE)
        if len(self._stack) == 1 and tag != "svg":
            raise InputError(f"{self._name} is XML but no SVG; give a file saved as plain SVG.")
        if outer.skipped or tag not in (*_CONTAINERS, *SHAPES):
            if tag == "style":
                self._css = []
            if not outer.skipped and tag in _DRAWN_ELSEWHERE:
                self._ignored[tag] += 1
            self._stack.append(_Context(skipped=True))
            return
        if outer.drawn is not None:
            if outer.drawn:
                self._stack.append(_Context(skipped=True))
                return
            outer.drawn.append(tag)
        own = attributes | self._sheet.style_of(tag, attributes)
        own = settled(own | declarations(attributes.get("style", "")))
        context = self._context(tag, outer, own)
        if tag in SHAPES and not context.skipped:
            if tag == "rect" and not self._points and self._is_ground(own, context):
                self._take_ground(context)
            else:
                self._take_strokes(tag, own, context)
        self._stack.append(context)

    def end(self, tag: str) -> None:
        self._stack.pop()
        if self._css is not None and tag.removeprefix(_NAMESPACE) == "style":
            self._sheet.add("".join(self._css))
            self._css = None

    def text(self, data: str) -> None:
        if self._css is not None:
            self._css.append(data)

    def result(self) -> tuple[Drawing, tuple[str, ...]]:
        notes = tuple(f"{what}: {count}" for what, count in sorted(self._ignored.items()))
        if not self._points or self._size is None:
            left_out = f" (left out were {', '.join(notes)})" if notes else ""
            raise InputError(
                f"{self._name} holds no strokes{left_out}; give lines a stroke colour."
            )
        pens = np.array(self._pens, np.float64)
        points = np.array(self._points, np.float64)
        if not (np.abs(points) <= _FARTHEST).all() or not (pens[:, 0] <= _FARTHEST).all():
            raise InputError(
                f"{self._name} has strokes more than {_FARTHEST:.0f} pixels wide or away; "
                "remove them."
            )
        ground = self._background or WHITE
        drawing = Drawing(points, pens[:, 0], pens[:, 1:4], pens[:, 4], self._size, ground)
        return drawing, notes

    def _context(self, tag: str, outer: _Context, own: dict[str, str]) -> _Context:
        style = outer.style | {k: own[k] for k in INHERITED if k in own}
        if any(len(value) > LONGEST_VALUE for value in style.values()):
            raise ValueError("a property's value is too long")
        matrix = outer.matrix
        if "transform" in own:
            matrix = joined(matrix, transform(own["transform"]))
        context = _Context(
            matrix,
            outer.view,
            style,
            outer.opacity * share(own.get("opacity", "1")),
            own.get("display", "").strip() == "none",
        )
        self._ignored.update(name for name in UNHEEDED if own.get(name, "none") != "none")
        if tag != "svg":
            return replace(context, drawn=[] if tag == "switch" else None)
        return self._nested(own, context) if len(self._stack) > 1 else self._root(own, context)

    def _root(self, own: dict[str, str], context: _Context) -> _Context:
        size = canvas_size(own)
        if size is None:
            raise InputError(f"{self._name} tells no size; give it a viewBox.")
        if max(size) > _LARGEST_CANVAS:
            raise InputError(
                f"{self._name} is larger than {_LARGEST_CANVAS:.0f} pixels; give it a smaller "
                "width and height."
            )
        self._size = size
        return _inside(context, own, size)

    def _nested(self, own: dict[str, str], context: _Context) -> _Context:
        full = {"width": "100%", "height": "100%"} | own
        x, y, width, height = rectangle(full, context.view)
        if width <= 0 or height <= 0:
            return replace(context, skipped=True)
        place: Matrix = (1.0, 0.0, 0.0, 1.0, x, y)
        context = replace(context, matrix=joined(context.matrix, place))
        return _inside(context, own, (width, height))

    def _is_ground(self, own: dict[str, str], context: _Context) -> bool:
        style = context.style
        if color(style["stroke"], style["color"]) or not color(style["fill"], style["color"]):
            return False
        a, b, c, d, _, _ = context.matrix
        x, y, width, height = rectangle(own, context.view)
        corners = [apply(context.matrix, p) for p in ((x, y), (x + width, y + height))]
        reach = zip(*corners, self._size or (0.0, 0.0), strict=True)
        straight = b == c == 0 or a == d == 0
        return straight and all(min(p, q) < 0.01 and max(p, q) > s - 0.01 for p, q, s in reach)

    def _take_ground(self, context: _Context) -> None:
        style = context.style
        *rgb, alpha = color(style["fill"], style["color"]) or (*WHITE, 0.0)
        alpha *= share(style["fill-opacity"]) * context.opacity
        below = self._background or WHITE
        red, green, blue = (v * alpha + w * (1 - alpha) for v, w in zip(rgb, below, strict=True))
        self._background = (red, green, blue)

    def _take_strokes(self, tag: str, own: dict[str, str], context: _Context) -> None:
        style = context.style
        if style["visibility"] != "visible":
            return
        if tag != "line" and style["fill"].strip() != "none":
            self._ignored["fills"] += 1
        paint = color(style["stroke"], style["color"])
        if paint is None:
            if style["stroke"].strip() != "none":
                self._ignored["strokes without a plain colour"] += 1
            return
        if style["stroke-dasharray"].strip() not in ("none", ""):
            self._ignored["dashes"] += 1
        *rgb, alpha = paint
        width = length(style["stroke-width"], diagonal(*context.view))
        if own.get("vector-effect") != "non-scaling-stroke":
            width *= scale_of(context.matrix)
        if width < 0:
            raise ValueError(f"the width {style['stroke-width'][:20]} is negative")
        pen = (width, *rgb, alpha * share(style["stroke-opacity"]) * context.opacity)
        for cubic in cubics_of_path(path_data(tag, own, context.view)):
            if len(self._points) == MAX_STROKES:
                raise InputError(
                    f"{self._name} has more than {MAX_STROKES:,} strokes; simplify the drawing."
                )
            self._points.append(tuple(apply(context.matrix, point) for point in cubic))
            self._pens.append(pen)


def _inside(context: _Context, own: dict[str, str], size: tuple[float, float]) -> _Context:
    """The context within an `svg` element of that size."""
    matrix, view = viewport(own, size)
    return replace(context, matrix=joined(context.matrix, matrix), view=view)
