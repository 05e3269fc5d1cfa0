"""What a user points at, without a network made for it: saliency in a window, then GrabCut."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box, clip
from ..core.instances import Instance
from ..core.masks import Mask
from .grab_cut import grab_cut, small_size
from .guided_filter import guided_filter
from .mask_parts import connected_parts, without_specks
from .outlines import OutlineRefiner, refined_masks
from .saliency import SaliencyReader
from .segmenter import Prompt

_MARGIN = 0.25  # of a box's sides, added around it, so that there is something to stand out from
_REACH = 0.25  # of the longer side, around points; smaller and larger ones find fewer objects
_DOT = 0.01  # of a window's longer side: the radius around a point that is surely meant
_SPECK = 0.01  # of the window


def prompted(
    reader: SaliencyReader,
    rgb: NDArray[np.uint8],
    prompt: Prompt,
    outlines: OutlineRefiner | None = None,
) -> Instance | None:
    """The object that a prompt means, or None if nothing is found.

    A mask is taken as it is. A box says how large the object is. Points alone do not, and give
    less: what stands out around them and has a point in it. `outlines` correct what is found.
    """
    found = _found(reader, rgb, prompt)
    if found is None or outlines is None or prompt.mask is not None:
        return found
    return _corrected(found, rgb, prompt, outlines)


def _corrected(
    found: Instance, rgb: NDArray[np.uint8], prompt: Prompt, outlines: OutlineRefiner
) -> Instance:
    """With its outline moved onto the object's, as far as the prompt allows."""
    whole = (0, 0, rgb.shape[1], rgb.shape[0])
    allowed = np.ones_like(found.mask)
    if prompt.box is not None:
        allowed = _box_mask(prompt.box, whole, (rgb.shape[1], rgb.shape[0]), np.ones(2))
    mask = found.mask & allowed
    if not mask.any():
        return found
    masks = refined_masks(rgb, [mask], outlines, _SPECK * int(mask.sum()))
    better = _meant(masks[0] & allowed, prompt, whole) if masks else None
    if better is None:
        return found
    for x, y, meant in prompt.points:
        row, column = int(np.clip(y, 0, whole[3] - 1)), int(np.clip(x, 0, whole[2] - 1))
        if not meant and better[row, column]:  # what is not meant has come back
            return found
    return replace(found, mask=better)


def _found(reader: SaliencyReader, rgb: NDArray[np.uint8], prompt: Prompt) -> Instance | None:
    if prompt.mask is not None:
        return Instance(prompt.mask, 1.0) if prompt.mask.any() else None
    if prompt.box is not None:
        return _in_window(reader, rgb, _enlarged(prompt.box, rgb.shape), prompt)
    wanted = [(x, y) for x, y, meant in prompt.points if meant]
    if not wanted:
        return None
    window = _around(wanted, _REACH * max(rgb.shape[:2]), rgb.shape)
    return _in_window(reader, rgb, window, prompt)


def _in_window(
    reader: SaliencyReader,
    rgb: NDArray[np.uint8],
    window: tuple[int, int, int, int],
    prompt: Prompt,
) -> Instance | None:
    x1, y1, x2, y2 = window
    part = np.ascontiguousarray(rgb[y1:y2, x1:x2])
    saliency = reader.read(part)
    size = small_size(x2 - x1, y2 - y1)
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    soft = np.asarray(cv2.resize(saliency, size, interpolation=cv2.INTER_AREA), np.float32)
    scale = np.array(size) / (x2 - x1, y2 - y1)
    inside, outside = _dots(prompt, window, size, scale)
    if prompt.box is not None:
        outside |= ~_box_mask(prompt.box, window, size, scale)
    if not ((soft > 0.5) & ~outside).any():  # nothing stands out: colours alone decide
        soft = np.full_like(soft, 0.5)
    cut = grab_cut(
        small, np.where(outside, 0, soft).astype(np.float32), inside=inside, outside=outside
    )
    mask = _meant(guided_filter(part, cut, radius=0.01, side=max(cut.shape)) > 0.5, prompt, window)
    if mask is None:
        return None
    whole = np.zeros(rgb.shape[:2], bool)
    whole[y1:y2, x1:x2] = without_specks(mask, round(_SPECK * mask.sum()))
    return Instance(whole, _standing_out(saliency, mask))


def _meant(mask: Mask, prompt: Prompt, window: tuple[int, int, int, int]) -> Mask | None:
    """Of a mask in a window the parts with points in them or, without points, all of it."""
    if not mask.any():
        return None
    wanted = [(x, y) for x, y, meant in prompt.points if meant]
    if not wanted:
        return mask
    parts = connected_parts(mask)
    chosen = np.zeros_like(mask)
    for x, y in wanted:
        column = int(np.clip(x - window[0], 0, mask.shape[1] - 1))
        row = int(np.clip(y - window[1], 0, mask.shape[0] - 1))
        for part in parts:
            if part[row, column]:
                chosen |= part
    return chosen if chosen.any() else None


def _standing_out(saliency: NDArray[np.float32], mask: Mask) -> float:
    """How much more salient a mask is than the rest of its window, in [0, 1]."""
    rest = saliency[~mask].mean() if not mask.all() else 1.0
    return float(np.clip(saliency[mask].mean() - rest, 0, 1))


def _dots(
    prompt: Prompt,
    window: tuple[int, int, int, int],
    size: tuple[int, int],
    scale: NDArray[np.float64],
) -> tuple[Mask, Mask]:
    """Small masks of what the points say is the object, and is not."""
    inside, outside = (np.zeros((size[1], size[0]), np.uint8) for _ in range(2))
    radius = max(round(_DOT * max(size)), 1)
    for x, y, meant in prompt.points:
        column, row = np.floor((np.array([x, y]) - window[:2]) * scale).astype(int)
        cv2.circle(inside if meant else outside, (int(column), int(row)), radius, 1, -1)
    return inside > 0, (outside > 0) & (inside == 0)


def _box_mask(
    box: Box, window: tuple[int, int, int, int], size: tuple[int, int], scale: NDArray[np.float64]
) -> Mask:
    low = np.floor((np.array([box.x1, box.y1]) - window[:2]) * scale).astype(int)
    high = np.ceil((np.array([box.x2, box.y2]) - window[:2]) * scale).astype(int)
    mask = np.zeros((size[1], size[0]), bool)
    mask[max(low[1], 0) : high[1], max(low[0], 0) : high[0]] = True
    return mask


def _enlarged(box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    across, down = max(_MARGIN * box.width, 8), max(_MARGIN * box.height, 8)
    edges = np.array([box.x1 - across, box.y1 - down, box.x2 + across, box.y2 + down])
    return _whole(edges, shape)


def _around(
    points: list[tuple[float, float]], reach: float, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    xy = np.array(points)
    return _whole(np.concatenate([xy.min(0) - reach, xy.max(0) + reach]), shape)


def _whole(edges: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = clip(edges, shape[1], shape[0])
    left, top = int(np.floor(x1)), int(np.floor(y1))
    left, top = min(left, shape[1] - 1), min(top, shape[0] - 1)
    return left, top, max(int(np.ceil(x2)), left + 1), max(int(np.ceil(y2)), top + 1)
