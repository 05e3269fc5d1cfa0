"""A target and its sketches on a report page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.images import load_picture
from ..core.report import Figure, Report, thumbnail
from ..data.svg import read_svg
from .sketch_raster import raster


def add_sketch(report: Report, record: dict[str, Any], side: int) -> None:
    """Add one finished run: the target, its sketches with their losses, the seeds.

    Args:
        report: the open page.
        record: as `sketch.sketch_into` returns it.
        side: pixels of a sketch's long side.

    Raises:
        InputError: a file of the run has been changed or removed meanwhile.
    """
    folder = Path(record["files"][0]["file"]).parent
    scale = side / max(record["width"], record["height"])
    size = record["width"] * scale, record["height"] * scale
    figures = []
    for number, loss in enumerate(record["losses"]):
        path = folder / ("final.svg" if number == record["best"] else f"sketches/seed-{number}.svg")
        picture = raster(read_svg(path).fitted(size))
        tag = "best" if number == record["best"] else ""
        figures.append(
            Figure(thumbnail(picture, side), f"seed {number}", (f"loss {loss['total']:.4f}",), tag)
        )
    figures.sort(key=lambda figure: figure.tag != "best")
    seeds = load_picture(folder / "seeds.png").over()
    figures.append(Figure(thumbnail(seeds, side), "seeds"))
    rounds = ", ".join(f"{entry['region']} {entry['strokes']}" for entry in record["rounds"])
    facts = [f"{record['strokes']} strokes: {rounds}", f"{record['seconds']:.0f} s"]
    target = load_picture(folder / "target.png").over()
    report.entry(record["input"], facts, Figure(thumbnail(target, side)), figures)
