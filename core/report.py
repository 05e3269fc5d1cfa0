"""Reports: one self-contained HTML page of pictures side by side, written as the batch goes.

Pictures are inlined as JPEG, so the page can be moved and mailed; it has no scripts and asks for
nothing over the network. It is written entry by entry, so memory stays flat however long it gets,
and appears under its name only when it is whole.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .files import atomic_write
from .names import printable
from .report_style import STYLE

_QUALITY = 78
_LISTED = 50  # failures that the summary links to
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<header><h1>{title}</h1><p>{lead}</p></header>
"""


@dataclass(frozen=True)
class Thumbnail:
    """A small JPEG, or an SVG."""

    data: bytes
    width: int  # pixels
    height: int
    media: str = "image/jpeg"


@dataclass(frozen=True)
class Shape:
    """A box drawn over a picture."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2 as shares of the picture
    label: str
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Figure:
    """A picture with its caption."""

    image: Thumbnail
    title: str = ""
    lines: Sequence[str] = ()
    tag: str = ""  # a short label on `colour`
    colour: tuple[int, int, int] = (150, 150, 150)
    meter: float | None = None  # 0…1, drawn as a bar
    shapes: Sequence[Shape] = ()
    dim_outside_first: bool = False  # darken what the first shape leaves out


def thumbnail(rgb: NDArray[np.uint8], longest: int) -> Thumbnail:
    """Scale `rgb` (HxWx3) down until its longer side is at most `longest` pixels."""
    image = Image.fromarray(np.ascontiguousarray(rgb))
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return Thumbnail(file.getvalue(), image.width, image.height)


def vector(svg: str, width: float, height: float) -> Thumbnail:
    """An SVG of this size in pixels, as text; browsers run no script in it and load nothing."""
    return Thumbnail(svg.encode(), max(round(width), 1), max(round(height), 1), "image/svg+xml")


class Report:
    """A page that is open for entries, as a context manager.

        with Report(Path("page.html"), "Crops", "the best five") as report:
            report.entry("a.jpg", ["640x480"], Figure(thumbnail(rgb, 640)), [])

    After an exception in the body no page is written, and one that stood is left.

    Raises:
        OutputError: the page cannot be written.
    """

    def __init__(self, path: Path, title: str, lead: str) -> None:
        """Nothing is opened before the context is entered; texts are escaped."""
        self._path, self._title, self._lead = Path(path), title, lead
        self._stack = ExitStack()
        self._file: TextIO
        self._entries = self._remarks = 0
        self._failures: list[str] = []

    def __enter__(self) -> Self:
        part = self._stack.enter_context(atomic_write(self._path))
        self._file = self._stack.enter_context(part.open("w", encoding="utf-8", newline="\n"))
        self._file.write(
            _HEAD.format(title=_text(self._title), lead=_text(self._lead), style=STYLE.strip())
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._file.write(self._summary() + "</main>\n</body>\n</html>\n")
        except BaseException as ours:
            self._stack.__exit__(type(ours), ours, ours.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def entry(
        self,
        name: str,
        facts: Sequence[str],
        main: Figure,
        figures: Sequence[Figure],
        twin: Figure | None = None,
    ) -> None:
        """Add an input: `main`, the input itself, and beside it what was made of it.

        With a `twin`, that stands beside `main`, as large as it, and `figures` stand below.
        """
        self._entries += 1
        shots = f'<div class="shots">{"".join(_figure(each, "shot") for each in figures)}</div>'
        if twin is None:
            shown = f'<div class="pair">{_figure(main, "main")}{shots}</div>'
        else:
            pair = _figure(main, "twin") + _figure(twin, "twin")
            shown = f'<div class="twins">{pair}</div>{shots}'
        facts_line = f'<p class="facts">{_text(" · ".join(facts))}</p>'
        self._file.write(f"<article>\n{_heading(name)}{facts_line}\n{shown}\n</article>\n")

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table; its first column is of words, the others of numbers."""
        heads = "".join(f"<th>{_text(column)}</th>" for column in columns)
        lines = "".join(
            f"<tr>{''.join(f'<td>{_text(str(cell))}</td>' for cell in row)}</tr>" for row in rows
        )
        self._file.write(
            f"<article>{_heading(name)}<table><tr>{heads}</tr>{lines}</table></article>\n"
        )

    def failure(self, name: str, sentence: str) -> None:
        """Add an input that failed."""
        self._failures.append(name)
        self._file.write(
            f'<article class="bad" id="failure-{len(self._failures)}">{_heading(name)}'
            f"<p>{_text(sentence)}</p></article>\n"
        )

    def remark(self, name: str, sentence: str) -> None:
        """Add an input of which there is nothing to show."""
        self._remarks += 1
        self._file.write(
            f'<article class="aside">{_heading(name)}<p>{_text(sentence)}</p></article>\n'
        )

    def _summary(self) -> str:
        failed = len(self._failures)
        parts = [_count(self._entries, "picture")]
        parts += [f"{self._remarks} skipped"] if self._remarks else []
        parts += [f"{failed} failed"] if failed else []
        links = "".join(
            f'<li><a href="#failure-{number}">{_text(name)}</a></li>'
            for number, name in enumerate(self._failures[:_LISTED], 1)
        )
        rest = f"<li>and {failed - _LISTED} more</li>" if failed > _LISTED else ""
        found = f"<ul>{links}{rest}</ul>" if failed else ""
        return f'<section id="summary"><p>{" · ".join(parts)}</p>{found}</section>\n'


def _text(text: str) -> str:
    """Text that is neither markup, nor anything that cannot be encoded or turns it round."""
    return html.escape(printable(text))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _heading(name: str) -> str:
    return f"<h2>{_text(name)}</h2>"


def _figure(figure: Figure, kind: str) -> str:
    image = figure.image
    data = base64.b64encode(image.data).decode("ascii")
    alt = _text(figure.title or "the picture")
    caption = _caption(figure)
    ratio = image.width / image.height
    # results have equal areas: their widths go by the ratio's root
    style = f"--c:{_css(figure.colour)};--r:{ratio:.4f};--q:{ratio**0.5:.4f}"
    return (
        f'<figure class="{kind}" style="{style}">'
        f'<div class="frame"><img src="data:{image.media};base64,{data}" width="{image.width}" '
        f'height="{image.height}" alt="{alt}">{_shapes(figure)}</div>{caption}</figure>\n'
    )


def _shapes(figure: Figure) -> str:
    parts: list[str] = []
    for number, shape in reversed(list(enumerate(figure.shapes))):  # the first on top
        x1, y1, x2, y2 = (100 * edge for edge in shape.box)
        place = f"left:{x1:.3f}%;top:{y1:.3f}%;width:{x2 - x1:.3f}%;height:{y2 - y1:.3f}%"
        first = number == 0
        if first and figure.dim_outside_first:
            parts.insert(0, f'<div class="dim" style="{place}"></div>')
        parts.append(
            f'<div class="box{" first" if first else ""}" style="{place};'
            f'--c:{_css(shape.colour)}"><b style="{_corner(number)}">{_text(shape.label)}</b>'
            "</div>"
        )
    return "".join(parts)


def _corner(number: int) -> str:
    """Where a box has its label: another corner each, so that those of similar boxes part."""
    across, down = (("left", "top"), ("right", "top"), ("right", "bottom"), ("left", "bottom"))[
        number % 4
    ]
    return f"{across}:{26 * (number // 4)}px;{down}:0"


def _caption(figure: Figure) -> str:
    if not (figure.title or figure.lines or figure.tag):
        return ""
    tag = f'<span class="tag">{_text(figure.tag)}</span>' if figure.tag else ""
    title = f"<strong>{_text(figure.title)}</strong>" if figure.title else ""
    meter = ""
    if figure.meter is not None:
        share = 100 * min(max(figure.meter, 0.0), 1.0)
        meter = f'<div class="meter"><i style="width:{share:.1f}%"></i></div>'
    lines = "".join(f"<div>{_text(line)}</div>" for line in figure.lines)
    return f"<figcaption>{tag}{title}{meter}{lines}</figcaption>"


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
