"""What tells `compose crop --per-subject` the subjects of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, Boxes, clip, iou_matrix
from ..core.devices import available_cores
from ..core.images import Picture
from ..models.crop_builtin import weights_folder
from ..models.grouping import ObjectGrouping
from ..models.saliency import open_saliency
from ..models.saliency_features import SaliencyTrunks
from ..models.segmenter import Segmenter
from ..models.segmenter_salient import SalientSegmenter
from ..models.subjects import SubjectNetwork
from .crop_per_subject import Subject, SubjectFinder
from .crop_subject_masks import BroughtSubjects

MOST_SUBJECTS = 6  # of a picture
_FROM_NETWORK = 5  # of them; what else stands out may take the rest
_SIDE = 448  # pixels: the networks look at quarters at half of this
_ALIKE = 0.7  # IoU from which on two subjects are one
_LEAST = 0.02  # share of the picture of what only stands out
_SPARE = 0.1  # of its sides: how far beyond its box it may reach


@dataclass(frozen=True)
class FoundSubjects:
    """See `crop_per_subject.SubjectFinder`.

    A network says what single objects there are, and what else stands out takes a place that is
    left: in cross-validation on COCO's train photographs (five trainings, 144 answers) both of
    the largest are served in 101; by six of the network's alone in 98.
    """

    network: SubjectNetwork
    segmenter: Segmenter
    side: int = _SIDE

    @classmethod
    def open(cls, threads: int) -> FoundSubjects:
        """With the networks that ship, whose trunks run once a picture.

        Raises:
            ModelError: weights are missing or damaged.
        """
        trunks = SaliencyTrunks(threads, weights_folder())
        reader = open_saliency(threads=threads, trunks=trunks)
        salient = SalientSegmenter(reader, grouping=ObjectGrouping(trunks, threads))
        return cls(SubjectNetwork(threads, trunks=trunks), salient)

    def find(self, path: Path, picture: Picture, max_pixels: int) -> Sequence[Subject]:
        """The subjects, the likeliest first, and then what stands out."""
        rgb = picture.over()
        found = self.network.read(rgb, _FROM_NETWORK)
        boxes, sure, scores = self._with_salient(rgb, found.boxes, found.sure, found.scores)
        width, height = picture.header.width, picture.header.height
        scale = np.array([width, height, width, height], np.float64)
        rows = zip(boxes * scale, sure * scale, scores, strict=True)
        return [
            Subject(number, _box(box), float(score), _box(beyond))
            for number, (box, beyond, score) in enumerate(rows, 1)
        ]

    def _with_salient(
        self, rgb: NDArray[np.uint8], boxes: Boxes, sure: Boxes, scores: NDArray[np.float64]
    ) -> tuple[Boxes, Boxes, NDArray[np.float64]]:
        """All in shares of the picture."""
        height, width = rgb.shape[:2]
        for instance in self.segmenter.segment(rgb):
            box = np.array([instance.box]) / (width, height, width, height)
            alike = iou_matrix(box, boxes).max(initial=0) > _ALIKE
            if len(boxes) >= MOST_SUBJECTS or alike or instance.area < _LEAST * width * height:
                continue
            spare = _SPARE * (box[:, 2:] - box[:, :2])
            beyond = clip(box + np.concatenate([-spare, spare], 1), 1, 1)
            boxes, sure = np.concatenate([boxes, box]), np.concatenate([sure, beyond])
            # behind what the network found, however much it stands out
            scores = np.append(scores, min(instance.score, float(scores.min(initial=1))))
        return boxes, sure, scores


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
    return FoundSubjects.open(max(available_cores() // max(jobs, 1), 1))


def placed(finder: SubjectFinder, relative: Path) -> SubjectFinder:
    """The finder for a picture that lies at `relative` below its input, as its masks may."""
    if isinstance(finder, BroughtSubjects):
        return replace(finder, relative=relative)
    return finder


def _box(edges: NDArray[np.float64]) -> Box:
    return Box(*(float(edge) for edge in edges))
