"""Engine `rank`: grid anchors scored one by one, run by onnxruntime; see `crop_rank_net`."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .crop_belief import CropBelief
from .crop_builtin import LITE, RANK, OnnxNetwork, weights_folder
from .crop_input import squash

BINS = 12


@functools.cache
def anchors(aspect: float) -> NDArray[np.float32]:
    """Grid anchors (M,4) in shares for a picture of width/height `aspect` (Zeng et al., §3).

    Left and top edges on one of the first four of twelve bins, right and bottom on one of the
    last four, taken in the bins' middles; more than half of the picture's area; the crop's own
    aspect between 1/2 and 2 where the picture allows any such.
    """
    bins = np.arange(BINS)
    x1, y1, x2, y2 = np.meshgrid(bins[:4], bins[:4], bins[8:], bins[8:], indexing="ij")
    boxes = (np.stack([x1, y1, x2, y2], -1).reshape(-1, 4) + 0.5) / BINS
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    large = (x2 - x1).ravel() * (y2 - y1).ravel() > 0.4999 * BINS * BINS
    ratio = aspect * width / height
    shaped = large & (ratio >= 0.5) & (ratio <= 2)
    return np.asarray(boxes[shaped if shaped.any() else large], np.float32)


class RankCropper:
    """See `crop_engine.CropEngine`; the belief is the softmax of the anchors' scores."""

    name = "rank"

    def __init__(self, threads: int = 1, folder: Path | None = None) -> None:
        folder = folder or weights_folder()
        self._score = OnnxNetwork(folder / RANK, threads)
        config = self._score.note("config")
        self.side: int = config["side"]
        self._lite = OnnxNetwork(folder / LITE, threads)

    def scores(self, rgb: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores (N,) of crops (N,4) in shares of a picture HxWx3."""
        fine, coarse = self._lite.run(large=squash(rgb, self.side)[None])
        (scores,) = self._score.run(fine=fine, coarse=coarse, boxes=boxes)
        return scores

    def read(self, rgb: NDArray[np.uint8]) -> CropBelief:
        """The belief about the crop of `rgb`, HxWx3 upright sRGB at any scale."""
        boxes = anchors(round(rgb.shape[1] / rgb.shape[0], 3))
        return CropBelief.from_logits(boxes, self.scores(rgb, boxes))
