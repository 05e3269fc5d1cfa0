"""Engine `shiftmap`: the hole is put together from large pieces of the picture, maybe mirrored.

K. He and J. Sun, Statistics of Patch Offsets for Image Completion, ECCV 2012. What the picture
repeats most says where pieces may come from (`shift_statistics`); which goes where is decided for
the whole hole at once at a small size (`shift_layout`), seams are cut at the picture's own
(`shift_seams`), and tones evened out across them (`seam_tones`). Pieces keep their own texture and
what lines they hold, where patches that are mixed make swirls. Mixed patches are closer to the
truth in small holes; so another engine fills those, and holes that leave too little to copy, and
everything in the search for objects, where what is near a hole should go on in it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.discs import grown
from ..core.masks import Mask
from ..core.seeds import generator
from .hole_resize import shrunk
from .inpainter import Inpainter, for_plates
from .inpainter_opencv import OpenCvInpainter
from .inpainting import fill_hole
from .seam_tones import evened
from .shift_layout import LayoutCosts, laid_out
from .shift_pieces import joined, pieces
from .shift_seams import recut
from .shift_sources import ShiftSources
from .shift_statistics import SIDE as STATISTICS_SIDE
from .shift_statistics import patch_statistics
from .wide_tones import rounded, wide_tones

# Chosen on photographs of train splits.
_SIDE = 200  # pixels of the long side at which pieces are laid out
_BLOCK, _BLOCKS = 4, 1500  # pixels of a block's side there, at least; blocks, at most
_SHIFTS = 60  # (the paper's)
_LIMIT = 1024  # pixels of the long side that is filled; time grows with it
_TONES = 1 / 16  # of the long side: standard deviation of the Gaussian that tells wide tones
_REACH = 0.06  # of the long side, over which tones that are moved fade
_MARGIN = 0.008  # of the long side, around a hole: what may not be copied either
_LARGE = 0.15  # share of what is seen, from which on a hole is better pieced together than mixed
_MOST_WRONG = 0.1  # share of a hole that pieces may leave open


class ShiftMapInpainter:
    """See `inpainter.Inpainter`.

    Args:
        patches: an engine that mixes patches; it fills small holes, where nothing can be copied,
            and in the search for objects everything. None: there is none here.
        plates: whether fillings are to be looked at, and not searched for objects.
        costs: of the layout.
    """

    name = "shiftmap"
    multiple = 1

    def __init__(
        self,
        patches: Inpainter | None = None,
        *,
        plates: bool = False,
        costs: LayoutCosts | None = None,
    ) -> None:
        self._patches, self._plates, self._costs = patches, plates, costs or LayoutCosts()
        self._smooth = OpenCvInpainter("ns")
        self._rest = self._smooth if patches is None else for_plates(patches)
        # in the search the other engine is given what it was made for
        self.limit = _LIMIT if patches is None or plates else patches.limit

    def fill(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture with the hole filled; equal seeds give equal pixels."""
        if self._patches is not None:
            if not self._plates:
                return self._patches.fill(rgb, hole, seed)
            if hole.mean() < _LARGE:
                return fill_hole(self._rest, rgb, hole, seed=seed)
        return self.pieced(rgb, hole, seed)

    def for_plates(self) -> ShiftMapInpainter:
        """The form whose fillings are to be looked at."""
        if self._plates or self._patches is None:
            return self
        return ShiftMapInpainter(self._patches, plates=True, costs=self._costs)

    def pieced(self, rgb: NDArray[np.uint8], hole: Mask, seed: int) -> NDArray[np.uint8]:
        """The picture HxWx3 with the hole filled by pieces of it."""
        bare = np.where(hole[..., None], np.uint8(0), rgb)
        barred = grown(hole, round(_MARGIN * max(hole.shape)))
        small, small_hole, small_barred = _shrunk(bare, hole, barred)
        random = generator(seed, "shifts")
        statistics = patch_statistics(small, small_barred, _SHIFTS, random)
        if len(statistics.shifts) == 0:
            return fill_hole(self._rest, rgb, hole, seed=seed)
        expected = np.where(
            small_hole[..., None], self._smooth.fill(small, small_hole, seed), small
        )
        tones = wide_tones(expected, _TONES * max(small_hole.shape)) / np.float32(255)
        block = max(_BLOCK, int(np.ceil(np.sqrt(small_hole.sum() / _BLOCKS))))
        layout = laid_out(small, small_hole, small_barred, statistics, tones, block, self._costs)
        sources = ShiftSources.of(bare, barred)
        scale = np.array(hole.shape) / small_hole.shape
        layout = cv2.resize(
            layout.astype(np.float32), hole.shape[::-1], interpolation=cv2.INTER_NEAREST
        ).astype(np.int64)
        layout, shifts = pieces(
            np.where(hole, layout, -1), np.rint(statistics.shifts * [1, *scale]).astype(np.int64)
        )
        shifts = joined(sources, layout, shifts, int(np.ceil(max(hole.shape) / STATISTICS_SIDE)))
        layout = recut(sources, hole, shifts, layout, max(round(block * scale.max()), 2))
        filled, wrong = evened(sources, hole, shifts, layout, _REACH * max(hole.shape))
        if wrong.sum() > _MOST_WRONG * hole.sum():
            return fill_hole(self._rest, rgb, hole, seed=seed)
        result = np.where(hole[..., None], rounded(filled * 255), rgb)
        return fill_hole(self._rest, result, wrong, seed=seed)


def _shrunk(
    rgb: NDArray[np.uint8], hole: Mask, barred: Mask
) -> tuple[NDArray[np.uint8], Mask, Mask]:
    """All three at the size at which pieces are laid out."""
    scale = min(_SIDE / max(hole.shape), 1.0)
    if scale == 1:
        return rgb, hole, barred
    size = max(round(hole.shape[1] * scale), 1), max(round(hole.shape[0] * scale), 1)
    small, small_hole = shrunk(rgb, hole, size)
    return small, small_hole, shrunk(rgb, barred, size)[1] | small_hole
