"""What tells `compose crop --per-subject` the subjects of a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, Boxes, clip, iou_matrix
from ..core.devices import available_cores
from ..core.errors import UsageError
from ..core.images import Picture
from ..models.cache import UserPaths
from ..models.crop_builtin import weights_folder
from ..models.grouping import ObjectGrouping
from ..models.saliency import open_saliency
from ..models.saliency_features import SaliencyTrunks
from ..models.segmenter import Segmenter
from ..models.segmenter_salient import SalientSegmenter
from ..models.segmenters import SegmenterOptions, open_segmenter, segmenters_here
from ..models.subjects import SubjectNetwork
from .crop_per_subject import Subject, SubjectFinder
from .crop_subject_masks import BroughtSubjects

FINDER_NAMES = ("auto", "builtin", "objects")
MOST_SUBJECTS = 6  # of a picture
_FROM_NETWORK = 5  # of them; what else stands out may take the rest
_SIDE = 448  # pixels: the networks look at quarters at half of this
_LARGER = 1024  # pixels: as MobileSAM sees a picture
_ALIKE = 0.7  # IoU from which on two subjects are one
_LEAST = 0.02  # share of the picture of what only stands out
_LEAST_OBJECT = 0.01  # the same of an object of MobileSAM's
_SPARE = 0.1  # of its sides: how far beyond its box it may reach

_Rows = tuple[Boxes, Boxes, NDArray[np.float64]]  # boxes (K,4), those that surely hold it, scores


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
        return _numbered(self._with_salient(rgb, found.boxes, found.sure, found.scores), picture)

    def _with_salient(
        self, rgb: NDArray[np.uint8], boxes: Boxes, sure: Boxes, scores: NDArray[np.float64]
    ) -> _Rows:
        """All in shares of the picture."""
        height, width = rgb.shape[:2]
        for instance in self.segmenter.segment(rgb):
            box = np.array([instance.box]) / (width, height, width, height)
            alike = iou_matrix(box, boxes).max(initial=0) > _ALIKE
            if len(boxes) >= MOST_SUBJECTS or alike or instance.area < _LEAST * width * height:
                continue
            boxes, sure = np.concatenate([boxes, box]), np.concatenate([sure, _beyond(box)])
            # behind what the network found, however much it stands out
            scores = np.append(scores, min(instance.score, float(scores.min(initial=1))))
        return boxes, sure, scores


@dataclass(frozen=True)
class ObjectSubjects:
    """See `crop_per_subject.SubjectFinder`.

    The objects of MobileSAM, those first that are both sure and large, and then what the network
    says: on 110 photographs of VOC's train part both of the largest are served in 92, without
    MobileSAM in 85.
    """

    network: SubjectNetwork
    segmenter: Segmenter  # `objects`
    side: int = _LARGER

    @classmethod
    def open(cls, threads: int, user: UserPaths | None = None) -> ObjectSubjects:
        """With the networks that ship and MobileSAM.

        Raises:
            ModelError: weights are missing or damaged.
        """
        objects = open_segmenter("objects", SegmenterOptions(threads=threads, user=user))
        return cls(SubjectNetwork(threads), objects)

    def find(self, path: Path, picture: Picture, max_pixels: int) -> Sequence[Subject]:
        """The subjects, the most important first."""
        rgb = picture.over()
        height, width = rgb.shape[:2]
        told = self.network.read(rgb, MOST_SUBJECTS)
        least = _LEAST_OBJECT * width * height
        objects = [one for one in self.segmenter.segment(rgb) if one.area >= least]
        objects.sort(key=lambda one: -one.score * math.sqrt(one.area))
        own = np.array([one.box for one in objects], np.float64).reshape(-1, 4)
        own /= (width, height, width, height)
        boxes, sure = np.concatenate([own, told.boxes]), np.concatenate([_beyond(own), told.sure])
        scores = np.concatenate([[one.score for one in objects], told.scores])
        kept: list[int] = []
        for k in range(len(boxes)):
            alike = iou_matrix(boxes[k : k + 1], boxes[kept]).max(initial=0) > _ALIKE
            if len(kept) < MOST_SUBJECTS and not alike:
                kept.append(k)
        return _numbered((boxes[kept], sure[kept], scores[kept]), picture)


def finder_name(name: str, user: UserPaths | None = None) -> str:
    """The finder that a name stands for; `auto` is `objects` where MobileSAM is on this machine.

    Raises:
        UsageError: there is no such finder.
        ModelError: the user named a file that is not there.
    """
    if name not in FINDER_NAMES:
        raise UsageError(f"'{name}' finds no subjects; use {', '.join(FINDER_NAMES)}.")
    if name != "auto":
        return name
    return "objects" if "objects" in segmenters_here(user) else "builtin"


def open_finder(
    masks: Path | None = None,
    *,
    name: str = "auto",
    user: UserPaths | None = None,
    jobs: int = 1,
    alone: bool = False,
) -> SubjectFinder:
    """Load what finds subjects, once a process; share it between threads.

    Args:
        masks: of subjects that a user brings; without any they are looked for.
        name: which finder; see `finder_name`.
        user: checkpoints that the user named; by default what `COMPOSE_MODELS` says.
        jobs: how many threads will call it at a time; the cores are divided among them.
        alone: whether no other picture is asked for.

    Raises:
        UsageError: there is no such finder.
        ModelError: weights are missing or damaged.
    """
    if masks is not None:
        return BroughtSubjects(masks, alone, MOST_SUBJECTS)
    threads = max(available_cores() // max(jobs, 1), 1)
    if finder_name(name, user) == "objects":
        return ObjectSubjects.open(threads, user)
    return FoundSubjects.open(threads)


def placed(finder: SubjectFinder, relative: Path) -> SubjectFinder:
    """The finder for a picture that lies at `relative` below its input, as its masks may."""
    if isinstance(finder, BroughtSubjects):
        return replace(finder, relative=relative)
    return finder


def _beyond(boxes: Boxes) -> Boxes:
    """Boxes (K,4) in shares that hold what is in those given with little doubt."""
    spare = _SPARE * (boxes[:, 2:] - boxes[:, :2])
    return clip(boxes + np.concatenate([-spare, spare], 1), 1, 1)


def _numbered(rows: _Rows, picture: Picture) -> list[Subject]:
    width, height = picture.header.width, picture.header.height
    scale = np.array([width, height, width, height], np.float64)
    boxes, sure, scores = rows
    return [
        Subject(number, _box(box), float(score), _box(beyond))
        for number, (box, beyond, score) in enumerate(
            zip(boxes * scale, sure * scale, scores, strict=True), 1
        )
    ]


def _box(edges: NDArray[np.float64]) -> Box:
    return Box(*(float(edge) for edge in edges))
