"""What tells `compose crop --per-subject` the subjects of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.devices import available_cores
from ..core.images import Picture
from ..models.subjects import SubjectNetwork
from .crop_per_subject import Subject, SubjectFinder
from .crop_subject_masks import BroughtSubjects

MOST_SUBJECTS = 6  # of a picture
_SIDE = 448  # pixels: the network looks at quarters at half of this


@dataclass(frozen=True)
class FoundSubjects:
    """See `crop_per_subject.SubjectFinder`; the network that ships says what the subjects are."""

    network: SubjectNetwork
    most: int
    side: int = _SIDE

    def find(self, path: Path, picture: Picture, max_pixels: int) -> Sequence[Subject]:
        """The subjects that are likeliest, the first the most."""
        width, height = picture.header.width, picture.header.height
        found = self.network.read(picture.over(), self.most)
        scale = np.array([width, height, width, height], np.float64)
        rows = zip(found.boxes * scale, found.sure * scale, found.scores, strict=True)
        return [
            Subject(number, _box(box), float(score), _box(sure))
            for number, (box, sure, score) in enumerate(rows, 1)
        ]


def _box(edges: NDArray[np.float64]) -> Box:
    return Box(*(float(edge) for edge in edges))


def open_finder(masks: Path | None = None, *, jobs: int = 1, alone: bool = False) -> SubjectFinder:
    """Load what finds subjects, once a process; share it between threads.

    Args:
        masks: of subjects that a user brings; without any they are looked for.
        jobs: how many threads will call it at a time; the cores are divided among them.
        alone: whether no other picture is asked for.

    Raises:
        ModelError: weights are missing or damaged.
    """
    if masks is not None:
        return BroughtSubjects(masks, alone, MOST_SUBJECTS)
    threads = max(available_cores() // max(jobs, 1), 1)
    return FoundSubjects(SubjectNetwork(threads), MOST_SUBJECTS)
