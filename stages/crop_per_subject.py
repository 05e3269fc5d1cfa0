"""`compose crop --per-subject`: its own crops for each subject of a picture (see Multi in One)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..core.boxes import Box
from ..core.errors import InputError
from ..core.images import Picture
from ..models.crop_belief import CropBelief
from .crop_centred import Centre, CentredAspect, CentredConfig, CentredFree
from .crop_limits import Limits
from .crop_request import CropRequest
from .crop_search import Choose, Crop, Space, search, search_in

MARGIN = 0.06  # of a subject's sides, that a crop leaves around it where the picture has it


@dataclass(frozen=True)
class Subject:
    """Something that crops can be about."""

    number: int  # from 1, the most important first
    box: Box  # pixels of the upright original
    score: float  # how sure it is that it is one, in [0, 1]
    sure: Box | None = None  # holds all of it with little doubt; None: `box` does

    @property
    def point(self) -> tuple[float, float]:
        """The reference point of its crops, x and y: its middle."""
        return (self.box.x1 + self.box.x2) / 2, (self.box.y1 + self.box.y2) / 2

    def record(self) -> dict[str, Any]:
        """As `--json` prints it: whole pixels around the box, and the point."""
        low, high = np.floor(self.box[:2]), np.ceil(self.box[2:])
        x, y = self.point
        return {
            "subject": self.number,
            "box": [int(edge) for edge in (*low, *high)],
            "point": [round(x, 1), round(y, 1)],
            "score": round(self.score, 4),
        }


class SubjectFinder(Protocol):
    """Opened once a process and shared by threads, so `find` must be safe to call at once."""

    @property
    def name(self) -> str:
        """What records call it."""
        ...

    @property
    def side(self) -> int:
        """Pixels that both sides of the picture it is given should have, where the file has."""
        ...

    def find(self, path: Path, picture: Picture, max_pixels: int) -> Sequence[Subject]:
        """The subjects of a picture, the most important first; none where nothing stands out.

        Args:
            path: its file.
            picture: upright, reduced.
            max_pixels: the limit for masks that are read.
        """
        ...


def about_best(crops: Sequence[Crop]) -> tuple[tuple[Subject, ...], list[Crop]]:
    """For a picture without subjects: one of no certainty, the first crop's box; and the crops."""
    first = Subject(1, Box(*(float(edge) for edge in crops[0].box)), 0.0)
    return (first,), [dataclasses.replace(crop, subject=1) for crop in crops]


def search_subjects(
    belief: CropBelief,
    width: int,
    height: int,
    request: CropRequest,
    subjects: Sequence[Subject],
    config: CentredConfig | None = None,
    choose: Choose | None = None,
) -> list[Crop]:
    """The best crops of each subject, up to `request.topk` of each and for each aspect.

    A crop holds its subject, and is centred on it and not on another. Where what else is asked
    for leaves no such crop, it is centred as it can be; where the subject does not fit either
    (a wide one in a narrow aspect), the best crops centred on it are given, which cut it.

    Args:
        width, height: of the upright picture in pixels.
        config: what "centred" means.
        choose: as for `search`.

    Raises:
        InputError: no crop of this picture satisfies the request.
    """
    crops = []
    for subject in subjects:
        others = np.array([o.point for o in subjects if o is not subject], np.float64)
        centre = Centre(subject.box, others.reshape(-1, 2), config or CentredConfig())
        for shape in request.shapes():
            found = _of_one(belief, width, height, request, shape, centre, subject.sure, choose)
            crops += [dataclasses.replace(crop, subject=subject.number) for crop in found]
    return crops


def _of_one(
    belief: CropBelief,
    width: int,
    height: int,
    request: CropRequest,
    shape: Any,
    centre: Centre,
    sure: Box | None,
    choose: Choose | None,
) -> list[Crop]:
    """Crops of one subject and aspect; the first wish that can be had is."""
    least = (1, 1) if request.size is None or request.upscale else request.size
    box = centre.box
    for keep in (_enlarged(sure or box, width, height), box, None):
        wish = dataclasses.replace(request, keep=_hull(request.keep, keep))
        try:
            limits = Limits.of(width, height, wish)
            space: Space = (
                CentredFree(limits, centre)
                if shape is None
                else CentredAspect(shape, limits, least, centre)
            )
            if len(space.candidates(belief)):
                return search_in(space, belief, limits, wish, shape, choose)
        except InputError:
            continue
    asked = dataclasses.replace(request, aspects=(shape,)) if request.aspects else request
    return search(belief, width, height, asked, choose)


def _enlarged(box: Box, width: int, height: int) -> Box:
    across, down = MARGIN * box.width, MARGIN * box.height
    return Box(
        max(box.x1 - across, 0.0),
        max(box.y1 - down, 0.0),
        min(box.x2 + across, float(width)),
        min(box.y2 + down, float(height)),
    )


def _hull(a: Box | None, b: Box | None) -> Box | None:
    """The least box around both."""
    if a is None or b is None:
        return a or b
    return Box(min(a.x1, b.x1), min(a.y1, b.y1), max(a.x2, b.x2), max(a.y2, b.y2))
