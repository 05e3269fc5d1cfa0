"""Masks of objects, refined: what a coarse mask misses of thin ends; run by onnxruntime.

The network (`outline_net.py`) looks at a window around one object, so that it sees more of its
outline than what found the object in the whole picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask, mask_box
from .crop_builtin import OnnxNetwork, network_file
from .guided_filter import guided_filter
from .mask_parts import without_specks
from .mask_strays import without_strays

OUTLINES = "outlines.onnx"
SIDE = 256  # pixels of a window's side as the network sees it
MARGIN = 0.4  # of the object's longer side, on every side of it

_EDGE_REACH = 0.01  # of a window: how far edges move onto the picture's
_EDGE_SIDE = 512  # pixels of a window's longer side where that is found

Window = tuple[slice, slice]


class OutlineRefiner(Protocol):
    """Opened once a process and shared by threads, so `refine` must be safe to call at once."""

    def refine(self, rgb: NDArray[np.uint8], mask: Mask) -> tuple[Window, NDArray[np.float32]]:
        """The window where it looked, and how likely each pixel of it is the object's."""
        ...


class OutlineNetwork:
    """See `OutlineRefiner`. Opened once a process, safe to call from several threads.

    Args:
        threads: of one window.
        folder: holds `outlines.onnx` of `compose train outlines`; what ships by default.

    Raises:
        ModelError: the file is missing or damaged.
    """

    def __init__(self, threads: int = 1, folder: Path | None = None) -> None:
        self._net = OnnxNetwork(network_file(OUTLINES, folder), threads)

    def refine(self, rgb: NDArray[np.uint8], mask: Mask) -> tuple[Window, NDArray[np.float32]]:
        """Where the network looked, and how likely each pixel there is the object's.

        Args:
            rgb: HxWx3 upright sRGB.
            mask: HxW, the object as it was found; not empty.

        Returns:
            Rows and columns of the window, and its (h,w) in [0, 1].
        """
        window = window_around(mask)
        picture, coarse = small_window(rgb[window], mask[window])
        pixels = picture.astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255)
        (logits,) = self._net.run(picture=pixels, coarse=coarse[None, None])
        shape = mask[window].shape
        wide = cv2.resize(logits[0, 0], shape[::-1], interpolation=cv2.INTER_LINEAR)
        return window, np.asarray(1 / (1 + np.exp(-wide)), np.float32)


def window_around(mask: Mask) -> Window:
    """Rows and columns of a mask with some of its surroundings, within the picture."""
    box = mask_box(mask)
    margin = MARGIN * max(box.width, box.height)
    height, width = mask.shape
    rows = slice(int(max(box.y1 - margin, 0)), int(min(box.y2 + margin, height) + 0.5))
    columns = slice(int(max(box.x1 - margin, 0)), int(min(box.x2 + margin, width) + 0.5))
    return rows, columns


def small_window(
    rgb: NDArray[np.uint8], mask: Mask
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A window of a picture at (SIDE,SIDE,3), and shares of its mask at half of that."""
    way = cv2.INTER_AREA if rgb.shape[0] > SIDE else cv2.INTER_LINEAR
    picture = cv2.resize(rgb, (SIDE, SIDE), interpolation=way)
    return np.asarray(picture, np.uint8), small_shares(mask)


def small_shares(mask: Mask) -> NDArray[np.float32]:
    """Shares of a mask (SIDE/2,SIDE/2) in [0, 1]."""
    size = (SIDE // 2, SIDE // 2)
    shares = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(shares, np.float32)


def refined_masks(
    rgb: NDArray[np.uint8], masks: Sequence[Mask], outlines: OutlineRefiner, least: float
) -> list[Mask]:
    """Masks HxW that do not overlap, each corrected; those that all but vanish are left out.

    What the correction adds apart from an object stays only if it is coloured like it.

    Args:
        rgb: HxWx3 upright sRGB.
        masks: HxW, disjoint, not empty.
        outlines: what corrects.
        least: pixels that a mask has at least.
    """
    most = np.full(rgb.shape[:2], 0.5, np.float32)
    owner = np.full(rgb.shape[:2], -1, np.int32)
    for number, mask in enumerate(masks):
        window, soft = outlines.refine(rgb, mask)
        likely = guided_filter(rgb[window], soft, radius=_EDGE_REACH, side=_EDGE_SIDE)
        better = likely > most[window]
        owner[window][better] = number
        most[window][better] = likely[better]
    found = [owner == number for number in range(len(masks))]
    cleaned = [without_specks(mask, round(least)) for mask in found if mask.sum() >= least]
    coarse = np.any(masks, axis=0)
    cleaned = [without_strays(rgb, mask, coarse) for mask in cleaned]
    return [mask for mask in cleaned if mask.sum() >= least]
