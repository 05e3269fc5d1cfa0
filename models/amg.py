"""Automatic masks: a model that answers at points is asked on a grid, and the good answers stay.

Kirillov et al., Segment Anything (ICCV 2023), section 5 and appendix B; settings have the names of
the authors' amg.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, Boxes, nms
from ..core.errors import UsageError
from ..core.instances import Instance
from ..core.masks import Mask, mask_box
from .mask_parts import without_specks

_NEAR = 20.0  # pixels from a crop's edge at which a mask counts as cut off by it


@dataclass(frozen=True)
class AutomaticMasks:
    """What a user can set; the defaults are the authors', chosen for ViT-H."""

    points_per_side: int = 32  # of the grid, over the whole picture
    points_per_batch: int = 64  # asked at once
    pred_iou_thresh: float = 0.88  # masks of which the model expects less are dropped
    stability_score_thresh: float = 0.95  # so are masks that a shifted cut-off changes more
    stability_score_offset: float = 1.0  # the shift, in logits
    box_nms_thresh: float = 0.7  # IoU of boxes from which on two masks are one
    crop_n_layers: int = 0  # further looks at 2^i times 2^i crops each
    crop_nms_thresh: float = 0.7  # as box_nms_thresh, between crops
    crop_overlap_ratio: float = 512 / 1500  # of crops, as a share of the shorter side
    crop_n_points_downscale_factor: int = 1  # the grid is this much coarser in each layer
    min_mask_region_area: int = 0  # pixels; smaller parts and holes are removed

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: a setting is out of its range.
        """
        counts = (self.points_per_side, self.points_per_batch, self.crop_n_points_downscale_factor)
        if min(counts) < 1 or self.crop_n_layers < 0 or self.min_mask_region_area < 0:
            raise UsageError("counts of automatic masks must be positive; correct them.")
        if not 0 <= self.crop_overlap_ratio < 1:
            raise UsageError("crop_overlap_ratio must lie between 0 and 1; correct it.")


class PointPredictor(Protocol):
    """What answers at points of one picture at a time."""

    def look(self, rgb: NDArray[np.uint8]) -> None:
        """Take in a picture HxWx3, about which the other two are asked."""
        ...

    def at_points(
        self, points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Answers at points (N,2), x and y in pixels, each taken for itself.

        Returns:
            Logits (N,K,h,w) at the model's own resolution, and the IoU (N,K) that it expects.
        """
        ...

    def enlarged(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (h,w) at the picture's size HxW."""
        ...


@dataclass(frozen=True, eq=False)
class _Candidate:
    bits: NDArray[np.uint8]  # the mask, eight pixels a byte: there may be thousands of them
    box: Box
    predicted_iou: float
    stability: float


def automatic_masks(
    predictor: PointPredictor, rgb: NDArray[np.uint8], settings: AutomaticMasks | None = None
) -> list[Instance]:
    """All masks that the model is sure of, best first; they may overlap.

    Args:
        predictor: the model.
        rgb: HxWx3.
        settings: see `AutomaticMasks`.

    Returns:
        Instances whose score is the IoU that the model expects.
    """
    settings = settings or AutomaticMasks()
    height, width = rgb.shape[:2]
    found: list[_Candidate] = []
    crop_areas: list[float] = []
    for box, layer in crop_boxes(width, height, settings):
        kept = list(_in_crop(predictor, rgb, box, layer, settings))
        kept = [kept[i] for i in _nms(kept, [c.predicted_iou for c in kept], settings)]
        found += kept
        crop_areas += [(box[2] - box[0]) * (box[3] - box[1])] * len(kept)
    if settings.crop_n_layers:  # what a smaller crop shows is finer
        order = nms(_boxes(found), -np.array(crop_areas), settings.crop_nms_thresh)
        found = [found[i] for i in order]
    instances = [_instance(c, width, height) for c in found]
    if settings.min_mask_region_area:
        instances = _cleaned(instances, settings)
    return sorted(instances, key=lambda i: -i.score)


def point_grid(side: int) -> NDArray[np.float64]:
    """Points (side², 2) in [0, 1], each in the middle of its cell, row by row."""
    middles = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(middles, middles)
    return np.stack([x.ravel(), y.ravel()], -1)


def crop_boxes(
    width: int, height: int, settings: AutomaticMasks
) -> list[tuple[tuple[int, int, int, int], int]]:
    """The picture as x1 y1 x2 y2 in layer 0, then the crops of layers 1, 2, …"""
    boxes = [((0, 0, width, height), 0)]
    for layer in range(1, settings.crop_n_layers + 1):
        count = 2**layer
        overlap = int(settings.crop_overlap_ratio * min(width, height) * 2 / count)
        w, h = (-(-(overlap * (count - 1) + side) // count) for side in (width, height))
        for column in range(count):
            for row in range(count):
                x, y = column * (w - overlap), row * (h - overlap)
                right, below = min(x + w, width), min(y + h, height)
                if x < right and y < below:  # a tiny picture has fewer pixels than crops
                    boxes.append(((x, y, right, below), layer))
    return boxes


def _in_crop(
    predictor: PointPredictor,
    rgb: NDArray[np.uint8],
    crop: tuple[int, int, int, int],
    layer: int,
    settings: AutomaticMasks,
) -> Iterator[_Candidate]:
    x1, y1, x2, y2 = crop
    predictor.look(np.ascontiguousarray(rgb[y1:y2, x1:x2]))
    side = max(settings.points_per_side // settings.crop_n_points_downscale_factor**layer, 1)
    points = point_grid(side) * (x2 - x1, y2 - y1)
    for start in range(0, len(points), settings.points_per_batch):
        logits, expected = predictor.at_points(points[start : start + settings.points_per_batch])
        for point, answer in zip(*np.nonzero(expected > settings.pred_iou_thresh), strict=True):
            values = predictor.enlarged(logits[point, answer])
            stability = stability_score(values, settings.stability_score_offset)
            inside = values > 0
            if stability < settings.stability_score_thresh or not inside.any():
                continue
            if _cut_off(mask_box(inside), crop, rgb.shape):
                continue
            mask = np.zeros(rgb.shape[:2], bool)
            mask[y1:y2, x1:x2] = inside
            iou = min(float(expected[point, answer]), 1.0)
            yield _Candidate(np.packbits(mask), mask_box(mask), iou, stability)


def stability_score(logits: NDArray[np.float32], offset: float) -> float:
    """IoU of the masks at the cut-offs +offset and -offset; 0 where the larger one is empty."""
    larger = int((logits > -offset).sum())
    return int((logits > offset).sum()) / larger if larger else 0.0


def _cut_off(box: Box, crop: tuple[int, int, int, int], shape: tuple[int, ...]) -> bool:
    """Whether a box of a crop ends near an edge that is the crop's and not the picture's."""
    left, top = crop[:2]
    ends = np.array([box.x1 + left, box.y1 + top, box.x2 + left - 1, box.y2 + top - 1])
    at_crop = np.abs(ends - crop) <= _NEAR
    at_picture = np.abs(ends - (0, 0, shape[1], shape[0])) <= _NEAR
    return bool((at_crop & ~at_picture).any())


def _boxes(found: list[_Candidate]) -> Boxes:
    return np.array([c.box for c in found], np.float64).reshape(-1, 4)


def _nms(found: list[_Candidate], scores: list[float], settings: AutomaticMasks) -> list[int]:
    return [int(i) for i in nms(_boxes(found), np.array(scores), settings.box_nms_thresh)]


def _instance(candidate: _Candidate, width: int, height: int) -> Instance:
    mask: Mask = np.unpackbits(candidate.bits, count=width * height).reshape(height, width) > 0
    iou = candidate.predicted_iou
    return Instance(mask, iou, None, iou, candidate.stability)


def _cleaned(instances: list[Instance], settings: AutomaticMasks) -> list[Instance]:
    """Without specks; of masks that became alike, those that needed no cleaning stay."""
    clean, untouched = [], []
    for old in instances:
        mask = without_specks(old.mask, settings.min_mask_region_area)
        untouched.append(float((mask == old.mask).all()))
        clean.append(Instance(mask, old.score, None, old.predicted_iou, old.stability))
    boxes = np.array([i.box for i in clean], np.float64).reshape(-1, 4)
    threshold = max(settings.box_nms_thresh, settings.crop_nms_thresh)
    return [clean[i] for i in nms(boxes, np.array(untouched), threshold)]
