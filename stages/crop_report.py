"""The report of `compose crop`: every picture with its crops drawn, and the crops beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.report import Figure, Report, Shape, thumbnail
from .crop import CropResult
from .crop_marks import marks_of
from .crop_request import CropRequest

_MAIN, _CROP = 640, 270  # longest sides in pixels


@dataclass(frozen=True)
class CropEntry:
    """What the page shows of one picture; small, so that it can wait for its turn."""

    facts: Sequence[str]
    main: Figure
    crops: Sequence[Figure]

    def add_to(self, report: Report, name: str) -> None:
        """Write it to the page."""
        report.entry(name, self.facts, self.main, self.crops)


def crop_entry(result: CropResult) -> CropEntry:
    """Make the thumbnails of a picture and its crops from what was analysed of it."""
    rgb = result.picture.over()
    high, wide = rgb.shape[:2]
    shapes, figures = [], []
    for crop, mark in zip(result.crops, marks_of(result.crops), strict=True):
        shares = np.array(crop.box) / (result.width, result.height, result.width, result.height)
        x1, y1 = (int(edge) for edge in np.floor(shares[:2] * (wide, high)))
        x2, y2 = (int(edge) for edge in np.ceil(shares[2:] * (wide, high)))
        left, top, right, bottom = (float(share) for share in shares)
        shapes.append(Shape((left, top, right, bottom), mark.label, mark.colour))
        width, height = crop.box[2] - crop.box[0], crop.box[3] - crop.box[1]
        figures.append(
            Figure(
                thumbnail(rgb[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)], _CROP),
                f"{crop.score:.3f}",
                (f"{crop.aspect} · {width}×{height}", f"from {crop.box[0]}, {crop.box[1]}"),
                tag=mark.label,
                colour=mark.colour,
                meter=crop.score,
            )
        )
    main = Figure(thumbnail(rgb, _MAIN), shapes=shapes, dim_outside_first=True)
    size = f"{result.width}×{result.height}"
    return CropEntry((size, f"engine {result.engine}"), main, figures)


def describe_request(request: CropRequest, engine: str) -> str:
    """What was asked for, as the line under the page's title."""
    crops = "best crop" if request.topk == 1 else f"best {request.topk} crops"
    parts = [f"The {crops} of every picture by engine {engine}"]
    if request.size:
        parts.append("{}×{} pixels".format(*request.size))
    if request.aspects:
        parts.append("aspect " + ", ".join(aspect.label for aspect in request.aspects))
    if request.min_area:
        parts.append(f"at least {request.min_area:g} of the area")
    if request.diverse is not None:
        parts.append(f"overlapping by IoU {request.diverse:g} at most")
    return ", ".join(parts) + ". The score is the expected overlap with a photographer's crop."
