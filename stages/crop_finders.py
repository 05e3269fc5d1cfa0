"""What tells `compose crop --per-subject` the subjects of a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, clip, iou_matrix
from ..core.devices import available_cores
from ..core.errors import UsageError
from ..core.images import Picture
from ..core.instances import Instance
from ..models.cache import UserPaths
from ..models.crop_builtin import weights_folder
from ..models.grouping import ObjectGrouping
from ..models.hub import is_here, resolve
from ..models.saliency import open_saliency
from ..models.saliency_features import SaliencyTrunks
from ..models.segmenter import Segmenter
from ..models.segmenter_salient import SalientSegmenter
from ..models.segmenters import MOBILE_SAM, SegmenterOptions, objects_segmenter
from ..models.subjects import Found, SubjectNetwork
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
    name: str = "builtin"

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
        told = self.network.read(rgb, _FROM_NETWORK)
        salient = _seen(self.segmenter.segment(rgb), rgb, _LEAST)
        # behind what the network found, however much it stands out
        scores = np.minimum(salient.scores, told.scores.min(initial=1))
        return _listed(told, replace(salient, scores=scores), picture)


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
    name: str = "objects"

    @classmethod
    def open(cls, threads: int, user: UserPaths | None = None) -> ObjectSubjects:
        """With the networks that ship and MobileSAM.

        Raises:
            ModelError: weights are missing or damaged.
        """
        from ..models.mobile_sam import MobileSamNetwork

        trunks = SaliencyTrunks(threads, weights_folder())  # run once a picture for both
        network = MobileSamNetwork(resolve(MOBILE_SAM, user), threads)
        objects = objects_segmenter(network, SegmenterOptions(threads=threads), trunks)
        return cls(SubjectNetwork(threads, trunks=trunks), objects)

    def find(self, path: Path, picture: Picture, max_pixels: int) -> Sequence[Subject]:
        """The subjects, the most important first."""
        rgb = picture.over()
        objects = self.segmenter.segment(rgb)
        objects = sorted(objects, key=lambda one: -one.score * math.sqrt(one.area))
        told = self.network.read(rgb, MOST_SUBJECTS)
        return _listed(_seen(objects, rgb, _LEAST_OBJECT), told, picture)


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
    return "objects" if is_here(MOBILE_SAM, user) else "builtin"


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


def _seen(instances: Sequence[Instance], rgb: NDArray[np.uint8], least: float) -> Found:
    """Those of a segmenter that cover a share of the picture HxWx3, in their order."""
    height, width = rgb.shape[:2]
    large = [one for one in instances if one.area >= least * width * height]
    boxes = np.array([one.box for one in large], np.float64).reshape(-1, 4)
    boxes /= (width, height, width, height)
    spare = _SPARE * (boxes[:, 2:] - boxes[:, :2])
    sure = clip(boxes + np.concatenate([-spare, spare], 1), 1, 1)
    return Found(boxes, sure, np.array([one.score for one in large], np.float64))


def _listed(first: Found, then: Found, picture: Picture) -> list[Subject]:
    """As many of both as there may be, in their order, each only once."""
    boxes = np.concatenate([first.boxes, then.boxes])
    sure = np.concatenate([first.sure, then.sure])
    scores = np.concatenate([first.scores, then.scores])
    kept: list[int] = []
    for k in range(len(boxes)):
        alike = iou_matrix(boxes[k : k + 1], boxes[kept]).max(initial=0) > _ALIKE
        if len(kept) < MOST_SUBJECTS and not alike:
            kept.append(k)
    width, height = picture.header.width, picture.header.height
    scale = np.array([width, height, width, height], np.float64)
    return [
        Subject(number, _box(boxes[k] * scale), float(scores[k]), _box(sure[k] * scale))
        for number, k in enumerate(kept, 1)
    ]


def _box(edges: NDArray[np.float64]) -> Box:
    return Box(*(float(edge) for edge in edges))
