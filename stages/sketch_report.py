"""A target and its sketches on a report page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..core.drawing import Drawing
from ..core.errors import DataError, InputError
from ..core.images import load_picture
from ..core.names import printable
from ..core.report import Figure, Report, thumbnail, vector
from ..data.svg import read_svg, svg_text
from .sketch_names import RUN_FILE
from .sketch_target import prepare_target

_LARGE = 640  # pixels of the long side of the target
_SMALL = 224  # of maps
_GREEN = (120, 190, 110)


def add_sketch(report: Report, name: str, folder: Path) -> None:
    """Add one finished run: the target beside its best sketch, the others, rounds and maps.

    Args:
        report: the open page.
        name: of the input, its heading.
        folder: of the run, as `sketch.sketch_into` leaves it.

    Raises:
        InputError: a file of the run has been changed or removed meanwhile.
    """
    path = folder / RUN_FILE
    try:
        record = json.loads(path.read_bytes())
        _add(report, name, folder, record)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise DataError(f"{printable(path)} is not what a run writes; run again.") from None


def _add(report: Report, name: str, folder: Path, record: dict[str, Any]) -> None:
    losses, best = record["losses"], record["best"]
    rounds = ", ".join(f"{entry['region']} {entry['strokes']}" for entry in record["rounds"])
    facts = [
        f"{record['strokes']} strokes: {rounds}",
        f"{len(record['curve'])} iterations with {record['arguments']['encoder']}",
        f"{record['seconds']:.0f} s",
    ]
    final = read_svg(folder / "final.svg")
    several = len(losses) > 1
    twin = _drawn(final, f"seed {best}", _loss(losses[best]), "best" if several else "")
    figures = [
        _drawn(read_svg(folder / "sketches" / f"seed-{k}.svg"), f"seed {k}", _loss(loss))
        for k, loss in enumerate(losses)
        if k != best
    ]
    strokes = 0
    for number, entry in enumerate(record["rounds"][:-1], 1):
        strokes += entry["strokes"]
        drawing = read_svg(folder / "rounds" / f"round-{number}.svg")
        figures.append(_drawn(drawing, f"round {number}", f"{strokes} strokes"))
    for title in ("edges", "seeds"):
        picture = load_picture(folder / f"{title}.png").over()
        figures.append(Figure(thumbnail(picture, _SMALL), title))
    report.entry(name, facts, _target(folder, record), figures, twin)


def _target(folder: Path, record: dict[str, Any]) -> Figure:
    """The target as it lies on the canvas, from the picture itself while that is there."""
    fix_scale = record["arguments"]["fix_scale"] is True
    try:
        rgb = prepare_target(record["target"], canvas=_LARGE, fix_scale=fix_scale).rgb
    except InputError:
        rgb = load_picture(folder / "target.png").over()
    return Figure(thumbnail(rgb, _LARGE), "target")


def _drawn(drawing: Drawing, title: str, line: str, tag: str = "") -> Figure:
    image = vector(svg_text(drawing), *drawing.size)
    return Figure(image, title, (line,), tag, colour=_GREEN)


def _loss(loss: dict[str, float]) -> str:
    return f"loss {loss['total']:.4f}"
