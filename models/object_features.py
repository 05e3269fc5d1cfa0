"""What tells an object from a part of one or from ground, of a candidate mask.

Numbers of its form, its saliency and how candidates agree; and the trunks' maps in it, which know
what things look like.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from .proposals import KINDS, Proposals
from .saliency_features import SHAPES

LOOKS = ("near_tokens", "coarse")  # maps whose mean in the mask is given
LOOKS_LENGTH = sum(SHAPES[name][0] for name in LOOKS)
FORMS = 37  # numbers of `forms`

_AGREE = 0.8  # IoU from which on two candidates are the same
_RING = 9  # pixels: a mask is widened by half of that to see what is around it
_RIM = 5  # pixels: twice the width of the rim inside
_WITHIN = 0.9  # share of a candidate that makes it a part of another


def overlaps(masks: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pixels (K,L) that masks (K,h,w) and others (L,h,w) share."""
    pixels = masks.shape[1] * masks.shape[2]
    flat = masks.reshape(len(masks), pixels).astype(np.float32)
    other = others.reshape(len(others), pixels).astype(np.float32)
    return np.asarray(flat @ other.T, np.float32)


def ious(masks: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.float32]:
    """IoU (K,L) of masks (K,h,w) and others (L,h,w); 0 of two empty ones."""
    both = overlaps(masks, others)
    areas, other = (m.sum((1, 2)).astype(np.float32) for m in (masks, others))
    return np.asarray(both / np.maximum(areas[:, None] + other - both, 1), np.float32)


def forms(proposals: Proposals) -> NDArray[np.float32]:
    """Numbers (K, FORMS) of each candidate."""
    p = proposals
    if not len(p):
        return np.zeros((0, FORMS), np.float32)
    height, width = p.saliency.shape
    shared = overlaps(p.masks, p.masks)
    areas = np.diagonal(shared)
    alike = shared / (areas[:, None] + areas - shared)
    found = np.asarray(p.found.any(0)).reshape(1, height, width)
    with_found = ious(p.masks, p.found).max(1) if len(p.found) else np.zeros(len(p))
    salient = p.saliency > 0.5
    answers = np.stack(
        [
            p.expected,
            p.stability,
            *(p.kinds == kind for kind in range(len(KINDS))),
            *(p.answers == number for number in range(3)),
            np.log(areas / (height * width)),
            areas / (height * width),
            overlaps(p.masks, salient[None])[:, 0] / max(salient.sum(), 1),
            overlaps(p.masks, salient[None])[:, 0] / areas,
            *_votes(p, alike),
            with_found,
            overlaps(p.masks, found)[:, 0] / areas,
            (alike > _AGREE).mean(1),
            (shared / areas > _WITHIN).mean(1),  # the share of candidates that are parts of it
            (shared / areas[:, None] > _WITHIN).mean(1),  # and of those it is a part of
        ],
        1,
    )
    own = np.array([_own(mask, p.saliency) for mask in p.masks])
    return np.concatenate([answers, own], 1).astype(np.float32)


def looks(proposals: Proposals, maps: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Means (K, LOOKS_LENGTH) of the trunks' maps in each candidate.

    Args:
        proposals: K candidates.
        maps: of `SaliencyTrunks.maps`, of the same picture.
    """
    parts = []
    for name in LOOKS:
        channels, side = SHAPES[name]
        shares = np.array(
            [
                cv2.resize(m.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
                for m in proposals.masks
            ],
            np.float32,
        ).reshape(len(proposals), side * side)
        shares /= np.maximum(shares.sum(1, keepdims=True), 1e-6)
        parts.append(shares @ maps[name].reshape(channels, -1).T)
    return np.concatenate(parts, 1)


def _votes(
    p: Proposals, alike: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of the points in each candidate, and beside it, the share with an answer like it.

    And the logarithm of one more than the points in it.
    """
    count, points = len(p), len(p.points)
    if not points:
        nothing = np.zeros(count)
        return nothing, nothing, nothing
    best = np.zeros((count, points))
    for point in range(points):
        mine = p.asked == point
        if mine.any():
            best[:, point] = alike[:, mine].max(1)
    answered = np.isin(np.arange(points), p.asked)
    inside = p.masks[:, p.points[:, 0], p.points[:, 1]] & answered
    outside = ~inside & answered
    agree = best > _AGREE
    shares = [(agree & where).sum(1) / np.maximum(where.sum(1), 1) for where in (inside, outside)]
    return shares[0], shares[1], np.log1p(inside.sum(1))


def _own(mask: NDArray[np.bool_], saliency: NDArray[np.float32]) -> list[float]:
    """Numbers of one mask (h,w) alone."""
    height, width = mask.shape
    bits = mask.astype(np.uint8)
    ring = cv2.dilate(bits, np.ones((_RING, _RING), np.uint8)).astype(bool) & ~mask
    rim = mask & (cv2.erode(bits, np.ones((_RIM, _RIM), np.uint8)) == 0)
    outlines, _ = cv2.findContours(bits, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(outlines, key=cv2.contourArea)
    _, _, across, down = cv2.boundingRect(bits)
    area = float(mask.sum())
    edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return [
        float(saliency[mask].mean()),
        float(saliency[mask].std()),
        float(saliency[ring].mean()) if ring.any() else 0.0,
        float(saliency[rim].mean()) if rim.any() else 0.0,
        area / max(cv2.contourArea(cv2.convexHull(largest)), 1.0),
        sum(cv2.arcLength(outline, True) for outline in outlines) / area**0.5 / 10,
        len(outlines) / 5,
        cv2.contourArea(largest) / area,
        area / (across * down),
        sum(int(edge.sum()) for edge in edges) / (2 * (height + width)),
        across / width,
        down / height,
        float(edges[2].any()),
        float(edges[3].any()),
        float(edges[0].any()),
        float(edges[1].any()),
    ]
