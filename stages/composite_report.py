"""A composite on a report page: the background with its boxes, the picture, and other samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.report import Figure, Report, Shape, thumbnail
from .composite import Loaded
from .composite_engine import Composed

_LARGE, _SMALL = 640, 320  # longest sides in pixels
_GREEN = (120, 190, 110)
_COLOURS = ((230, 140, 60), (90, 150, 220), (190, 110, 200), (90, 190, 160))


@dataclass(frozen=True)
class CompositeEntry:
    """What the page shows of one composite; small, so that it can wait for its turn."""

    facts: Sequence[str]
    main: Figure
    twin: Figure
    figures: Sequence[Figure]

    def add_to(self, report: Report, name: str) -> None:
        """Write it to the page."""
        report.entry(name, self.facts, self.main, self.figures, self.twin)


def composite_entry(
    loaded: Loaded, made: Sequence[Composed], record: dict[str, Any]
) -> CompositeEntry:
    """Make the thumbnails of a composite.

    Args:
        loaded: the scene.
        made: its samples.
        record: as from `composite_into`.
    """
    width, height = record["width"], record["height"]
    shapes = []
    for number, told in enumerate(record["objects"]):
        x1, y1, x2, y2 = told["box"]
        share = (x1 / width, y1 / height, x2 / width, y2 / height)
        shapes.append(Shape(share, str(number), _COLOURS[number % len(_COLOURS)]))
    background = thumbnail(loaded.scene.background, _LARGE)
    facts = [
        f"{width}×{height}",
        f"in front first: {', '.join(map(str, record['order']))}",
        f"cut out by {', '.join(told['cut'] for told in record['objects'])}",
        f"{100 * record['zone_share']:.0f} % blended",
        f"largest difference outside {record['outside_difference']}",
        f"{record['seconds']:.1f} s",
    ]
    others = [
        Figure(thumbnail(each.rgb, _SMALL), tag=f"sample {k}", colour=_GREEN)
        for k, each in enumerate(made[1:], 2)
    ]
    return CompositeEntry(
        facts,
        Figure(background, "background", shapes=shapes),
        Figure(thumbnail(made[0].rgb, _LARGE), "composite", colour=_GREEN),
        others,
    )
