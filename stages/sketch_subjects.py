"""Regions found by themselves: the salient subjects of a target, the most salient first."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import disc
from .sketch_region_files import holes_filled
from .sketch_regions import Region, region_edges

_LEAST_AREA = 0.01  # of the canvas, a square of 22 pixels at 224
_MOST_AREA = 0.75  # of the canvas; a region that is nearly all of it says nothing
_LEAST_EDGES = 0.02  # of the scene's edge pixels, for a stroke of 48
_CONTRAST = 0.1  # of mean saliency, inside against around
_CORE_SHARE = 0.7  # of a region's area at most, for a core of it to be another region
_CLOSING = 3.0  # canvas pixels at 224 across which parts are one subject
_OUTLINE = 4.0  # canvas pixels at 224 inside a region that its outline's edges take up
_DENSITY = 7.0  # canvas pixels at 224, deviation of the blur that turns edges into detail

Mask = NDArray[np.bool_]


def automatic_regions(
    saliency: NDArray[np.floating], count: int, edges: NDArray[np.bool_]
) -> list[Region]:
    """Up to `count` regions, named auto1, auto2, …; fewer, or none, where there are no more.

    The map is split by Otsu's threshold into connected subjects, which count by the saliency
    they hold in all. When they run out, the core of a region follows, of the newest first: its
    more salient part, or if it is equally salient all over, the part with the most edges that
    are not its outline. A region that would hardly earn a stroke is none.

    Args:
        saliency: HxW in [0,1].
        count: how many are wanted.
        edges: HxW of the target.
    """
    saliency = np.clip(np.asarray(saliency, np.float32), 0, 1)
    masks: list[Mask] = []
    candidates = _subjects(saliency, np.ones(saliency.shape, bool), edges)
    while len(masks) < count and candidates:
        masks.append(candidates.pop(0))
        if not candidates:
            candidates = _core(saliency, masks, edges)
    return [Region(f"auto{k}", mask, "automatic") for k, mask in enumerate(masks, 1)]


def _subjects(values: NDArray[np.float32], within: Mask, edges: Mask) -> list[Mask]:
    """Connected parts of `within` above its Otsu threshold, by their sum of values, falling."""
    high = _above_otsu(values, within)
    if high is None:
        return []
    if float(high.mean()) > _MOST_AREA and within.all():
        return _subjects(values, high, edges)
    closed = cv2.morphologyEx(high.astype(np.uint8), cv2.MORPH_CLOSE, _disc(_CLOSING, high))
    number, labels = cv2.connectedComponents(closed, connectivity=8)
    parts = [holes_filled(np.asarray(labels == label)) & within for label in range(1, number)]
    least = _LEAST_EDGES * np.count_nonzero(edges)
    parts = [
        part
        for part in parts
        if _LEAST_AREA <= part.mean() <= _MOST_AREA
        and np.count_nonzero(region_edges(edges, part)) > least
    ]
    return sorted(parts, key=lambda part: -float(values[part].sum()))


def _core(saliency: NDArray[np.float32], masks: list[Mask], edges: Mask) -> list[Mask]:
    """A core of one of the regions found, as one more region, or none."""
    for mask in reversed(masks):
        for values in (saliency, _detail(mask, edges)):
            for part in _subjects(values, mask, edges):
                known = any((part & other).sum() > 0.9 * other.sum() for other in masks)
                if part.sum() <= _CORE_SHARE * mask.sum() and not known:
                    return [part]
    return []


def _detail(mask: Mask, edges: Mask) -> NDArray[np.float32]:
    """How dense the edges within a region are, in [0,1], its outline apart."""
    inner = cv2.erode(mask.astype(np.uint8), _disc(_OUTLINE, mask)) > 0
    deviation = _DENSITY * max(mask.shape) / 224
    density = cv2.GaussianBlur((edges & inner).astype(np.float32), (0, 0), deviation)
    return np.asarray(density / max(float(density.max()), 1e-6), np.float32)


def _disc(radius: float, like: Mask) -> NDArray[np.uint8]:
    """A disc for morphology, of a radius in pixels at 224, on the canvas of `like`."""
    return disc(max(1, round(radius * max(like.shape) / 224)))


def _above_otsu(values: NDArray[np.float32], within: Mask) -> Mask | None:
    """Where `within` is above its Otsu threshold; None where both sides are much alike."""
    inside = values[within]
    levels = np.rint(inside * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels[None], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    high = levels > threshold
    if high.all() or not high.any():
        return None
    if float(inside[high].mean() - inside[~high].mean()) < _CONTRAST:
        return None
    mask = np.zeros(values.shape, bool)
    mask[within] = high
    return mask
