"""Layers of a picture: every object with what of it is hidden, on a clean ground.

Laid over each other from back to front they give the picture back. Layers reach a little under
those in front of them, so that nothing shines through where two soft edges meet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import disc
from ..core.masks import Mask, mask_box
from .matte import matte
from .segment_alpha import clean_colours, inner_colours, over
from .segment_canvas import FullCanvas, enlarged
from .segment_found import Found, LoopResult
from .segment_rim import missed_rims

_OFF = 0.01  # of an object's longer side: where its outline may be off
_BAND = 0.002  # of soft edges on both sides, as a share of the long side
_BAND_LEAST = 1.5  # pixels

Window = tuple[slice, slice]  # rows, columns


@dataclass(frozen=True, eq=False)
class Layer:
    """One object, cut out."""

    found: Found
    rank: int  # from 1, the front-most
    x: int  # of the left edge on the canvas
    y: int  # of the upper edge
    rgba: NDArray[np.uint8] = field(repr=False)  # HxWx4, alpha not multiplied in


@dataclass(frozen=True)
class Recomposition:
    """How far the stack of layers is from the picture it was made of."""

    mean: float  # absolute difference of values 0…255
    largest: int
    changed: float  # share of pixels with a difference above 8

    @classmethod
    def of(cls, picture: NDArray[np.uint8], stack: NDArray[np.uint8]) -> Recomposition:
        """Compare two pictures HxWx3."""
        difference = cv2.absdiff(picture, stack).max(2)
        mean = cv2.mean(cv2.absdiff(picture, stack))[:3]
        return cls(sum(mean) / 3, int(difference.max()), float((difference > 8).mean()))


@dataclass(frozen=True, eq=False)
class _Draft:
    """A layer whose colours are not known yet."""

    found: Found
    window: Window
    extent: Mask  # without what is guessed
    alpha: NDArray[np.uint8]
    covered: Mask  # where something in front of it shows


def paint_layers(
    result: LoopResult[FullCanvas], emit: Callable[[Layer], None]
) -> NDArray[np.uint8]:
    """Make the layers of all instances, from back to front, and the picture they make.

    Args:
        result: of the loop, its background cleaned.
        emit: is given every layer as soon as it is made.

    Returns:
        The layers over the clean ground, HxWx3.
    """
    original = result.rounds[0].canvas.full if result.rounds else result.clean.full
    band = max(_BAND * max(original.shape), _BAND_LEAST)
    drafts = _drafts(result, original.shape[:2], band)
    stack = result.clean.full.copy()
    for rank, draft in reversed(list(enumerate(drafts, 1))):
        rows, columns = draft.window
        shown = _appearance(result, draft, original)
        # where its extent is guessed, the picture shows something else: its own colours go on
        inner = inner_colours(shown, draft.extent & (draft.alpha == 255), band)
        seen = np.where(draft.extent[..., None], shown, np.rint(inner).astype(np.uint8))
        ground = stack[rows, columns]
        # outside of the mask but within its soft edge the picture shows what is to be matched
        edge = (draft.alpha < 255) & ~draft.covered
        target = np.where(edge[..., None], original[rows, columns], seen)
        colours = clean_colours(target, draft.alpha, ground, inner)
        colours[draft.alpha == 0] = 0
        stack[rows, columns] = over(colours, draft.alpha, ground)
        rgba = np.dstack([colours, draft.alpha])
        emit(Layer(draft.found, rank, columns.start, rows.start, rgba))
    return stack


def in_order(result: LoopResult[FullCanvas]) -> list[Found]:
    """The instances from front to back."""
    return [result.instances[number] for number in result.order]


def _drafts(result: LoopResult[FullCanvas], shape: tuple[int, ...], band: float) -> list[_Draft]:
    """Alpha channels from front to back."""
    covered = np.zeros(shape, np.uint8)
    ahead: Mask = np.zeros(shape, bool)
    margin = int(3 * band) + 2
    kernel = disc(int(2 * band))
    drafts, rims = [], missed_rims(result)
    for found in in_order(result):
        amodal, extent = enlarged(found.amodal, shape), enlarged(found.seen_extent, shape)
        if found.number in rims:
            amodal, extent = amodal | rims[found.number], extent | rims[found.number]
        if found.guessed is not None:  # the rims of holes show the ground, and so do the layers
            amodal = amodal & (extent | ahead)
        window = _window(amodal, margin)
        mask = amodal[window]
        wide = np.asarray(cv2.dilate(mask.astype(np.uint8), kernel), bool)
        below = mask | (wide & ahead[window])
        guide = result.rounds[found.seen].canvas.full[window]
        off = max(_OFF * max(mask.shape), 2 * band)
        alpha = np.rint(matte(guide, below, off) * 255).astype(np.uint8)
        drafts.append(_Draft(found, window, extent[window], alpha, covered[window] > 0))
        covered[window] = np.maximum(covered[window], alpha)
        ahead |= amodal
    return drafts


def _appearance(
    result: LoopResult[FullCanvas], draft: _Draft, original: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """What an instance looks like: the original where that shows it, else what was filled in."""
    found, window = draft.found, draft.window
    filled = result.rounds[found.seen].canvas.full[window]
    visible = enlarged(found.visible, original.shape)[window] & ~draft.covered
    return np.where(visible[..., None], original[window], filled)


def _window(mask: Mask, margin: int) -> Window:
    box = mask_box(mask)
    height, width = mask.shape
    top, left = max(int(box.y1) - margin, 0), max(int(box.x1) - margin, 0)
    bottom, right = min(int(box.y2) + margin, height), min(int(box.x2) + margin, width)
    return slice(top, bottom), slice(left, right)
