"""The page of a set of expanded pictures: what was kept, what was dropped, and why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.images import load_picture
from ..core.report import Figure, Report, Shape, thumbnail
from ..data import cad_files as cad
from .cad_tables import Counts

_MAIN, _OTHER = 560, 260  # longest sides in pixels
_COLOURS = ((230, 60, 50), (40, 120, 220), (30, 150, 80), (200, 130, 20), (130, 70, 190))


def write_report(path: Path, root: Path, counts: Counts, samples: int) -> None:
    """Write the page of a set.

    Args:
        path: of the page; it is replaced.
        root: the set.
        counts: of it.
        samples: photographs to show, evenly spread over the set.

    Raises:
        OutputError: it cannot be written.
        ImageError, DataError: a file of the set is damaged.
    """
    with Report(path, "Expanded pictures", lead_of(counts)) as report:
        report.table("Kept, by layout and source", *counts.table())
        for record in _spread(root, counts.photographs, samples):
            _add(report, root, record)


def lead_of(counts: Counts) -> str:
    """The line under the title: how many pictures, and what the filter did."""
    dropped = ", ".join(f"{rule} {count}" for rule, count in sorted(counts.dropped.items()))
    values = counts.record()
    bad = ""
    if values["bad_before"] is not None and values["bad_after"] is not None:
        bad = (
            f" Mean probability of a bad picture: {values['bad_before']:.3f} of all, "
            f"{values['bad_after']:.3f} of those kept."
        )
    labels = ", ".join(f"{name} {count}" for name, count in values["labels"].items())
    return (
        f"{counts.total} of {counts.made} pictures of {counts.photographs} photographs kept. "
        f"Dropped: {dropped or 'none'}.{bad} Labels: {labels or 'none'}."
    )


def _spread(root: Path, count: int, samples: int) -> Iterator[dict[str, Any]]:
    step = max(count / samples, 1.0)
    wanted = {int(number * step) for number in range(samples)}
    found = (record for n, record in enumerate(cad.read_records(root)) if n in wanted)
    yield from islice(found, samples)


def _add(report: Report, root: Path, record: dict[str, Any]) -> None:
    kept = [entry for entry in record["pictures"] if entry["dropped"] is None]
    lost = [entry for entry in record["pictures"] if entry["dropped"] is not None]
    facts = [record["source"], f"{len(kept)} of {len(record['pictures'])} kept"]
    if record["prompt"]:
        facts.append(record["prompt"])
    figures = [_kept(root, entry, _OTHER) for entry in kept[1:]]
    figures += [_dropped(root, entry) for entry in lost]
    if kept:
        report.entry(record["name"], facts, _kept(root, kept[0], _MAIN), figures)
    elif figures:
        report.entry(record["name"], facts, figures[0], figures[1:])


def _kept(root: Path, entry: dict[str, Any], side: int) -> Figure:
    picture = entry["picture"]
    rgb = load_picture(cad.image_file(root, picture)).over()
    return Figure(
        thumbnail(rgb, side),
        picture.rsplit("/", 1)[-1],
        _lines(entry),
        shapes=_shapes(cad.read_labels(cad.beside_file(root, picture)), rgb),
    )


def _dropped(root: Path, entry: dict[str, Any]) -> Figure:
    rgb = load_picture(cad.dropped_file(root, entry["picture"])).over()
    region = np.array(entry["region"]) / np.tile([entry["width"], entry["height"]], 2)
    x1, y1, x2, y2 = (float(edge) for edge in region)
    return Figure(
        thumbnail(rgb, _OTHER),
        f"dropped: {entry['dropped']}",
        _lines(entry),
        tag="×",
        colour=_COLOURS[0],
        shapes=[Shape((x1, y1, x2, y2), "photograph", (120, 120, 120))],
    )


def _lines(entry: dict[str, Any]) -> tuple[str, ...]:
    lines = [f"{entry['width']}×{entry['height']}"]
    if entry.get("bad") is not None:
        lines.append(f"bad {entry['bad']:.2f}")
    if entry.get("again") is not None:
        lines.append(f"subject found again {entry['again']:.2f}")
    if entry["layout"]:
        lines.append(entry["layout"])
    return tuple(lines)


def _shapes(labels: list[cad.TextLabel], rgb: NDArray[np.uint8]) -> list[Shape]:
    height, width = rgb.shape[:2]
    found = []
    for number, ((x1, y1, x2, y2), score) in enumerate(labels):
        text = "original" if number == 0 else f"{score:.1f}"
        box = (x1 / width, y1 / height, x2 / width, y2 / height)
        found.append(Shape(box, text, _COLOURS[number % len(_COLOURS)]))
    return found
