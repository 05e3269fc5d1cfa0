"""What a picture shows: what is salient, with the outlines of objects, and small parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.instances import Instance
from .sketch_target import Target

if TYPE_CHECKING:
    from ..models.segment_parts import Part
    from .sketch_contours import LineFinders

Map = NDArray[np.float32]

_ELSEWHERE = 0.6  # what saliency counts where no object is
_LEAST = 0.5  # what an object counts, and more by how sure it or the map is
_COVERED = 0.5  # of a pixel, from which on it is an object's
_SALIENT = 0.5  # where parts are looked for


@dataclass(frozen=True, eq=False)
class Subjects:
    """What lines are weighed by."""

    saliency: Map = field(repr=False)  # HxW in [0,1]
    shapes: Sequence[Map] = field(default=(), repr=False)  # HxW in [0,1], of objects, one each
    parts: Sequence[Part] = field(default=(), repr=False)  # the most striking first


def read_subjects(target: Target, saliency: Map, finders: LineFinders) -> Subjects:
    """The subjects of a target in whose map HxW in [0,1] something is salient."""
    shapes: Sequence[Map] = ()
    parts: Sequence[Part] = ()
    if finders.objects is not None:
        saliency, shapes = with_objects(saliency, finders.objects.segment(target.large))
    if finders.parts is not None:
        size = target.large.shape[1], target.large.shape[0]
        fitted = cv2.resize(saliency, size, interpolation=cv2.INTER_LINEAR)
        parts = finders.parts.read(target.large, np.asarray(fitted > _SALIENT))
    return Subjects(saliency, shapes, parts)


def covers(objects: Sequence[Instance], shape: tuple[int, int]) -> list[Map]:
    """What share of each pixel each object covers: HxW in [0,1] each."""
    size = shape[1], shape[0]
    return [
        np.asarray(cv2.resize(one.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA))
        for one in objects
    ]


def with_objects(saliency: Map, objects: Sequence[Instance]) -> tuple[Map, list[Map]]:
    """The map HxW in [0,1] with objects in place of what it says there, and their covers.

    Args:
        saliency: HxW in [0,1].
        objects: of the same picture at any size; the surest is on top, and its cover the last.
    """
    ordered = sorted(objects, key=lambda each: each.score)
    shapes = covers(ordered, saliency.shape)
    found = _ELSEWHERE * saliency
    for one, cover in zip(ordered, shapes, strict=True):
        inside = cover > _COVERED
        if inside.any():
            sure = max(one.score, float(saliency[inside].mean()))
            found += cover * (np.float32(_LEAST + (1 - _LEAST) * min(sure, 1.0)) - found)
    return np.asarray(found, np.float32), shapes
