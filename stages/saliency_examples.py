"""Photographs with masks as the salient-subject head sees them: maps computed once, and truths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from ..core.images import load_picture
from ..data.sod import SubjectRecord, read_truth
from ..models.saliency_features import PICTURE_SIDE, SHAPES
from .trunk_cache import TrunkCache


@dataclass(frozen=True)
class SaliencyExamples:
    """N photographs: `maps[name]` (N,C,n,n) float16, `truth` and `counts` (N,1,s,s) in [0, 1]."""

    maps: dict[str, Tensor]
    truth: Tensor  # share of the cell's counted pixels that are the subject's
    counts: Tensor  # share of the cell's pixels that count

    def __len__(self) -> int:
        return len(self.truth)

    def batch(self, indices: Tensor, mirrored: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Maps, truth and counts of `indices` (B,) in float32, mirrored where (B,) is True.

        The maps are mirrored, not computed anew of the mirrored photograph: the trunks learned
        from mirrored photographs, too, and give nearly the same.
        """
        flip = mirrored.view(-1, 1, 1, 1)

        def take(values: Tensor) -> Tensor:
            chosen = values[indices].float()
            return torch.where(flip, chosen.flip(-1), chosen)

        maps = {name: take(values) for name, values in self.maps.items()}
        return maps, take(self.truth), take(self.counts)


def compute_examples(
    records: Sequence[SubjectRecord],
    cache: Path,
    *,
    threads: int = 1,
    advance: Callable[[], object] = lambda: None,
) -> SaliencyExamples:
    """Maps and truths of `records`; maps are kept in `cache`, a file a photograph.

    Args:
        records: from `data.sod.read_subjects`.
        cache: a folder of our own; other trunks or photographs get other files.
        threads: of one photograph.
        advance: called for every photograph.

    Raises:
        ImageError, MaskError, DataError: a photograph or a mask is not as needed.
    """
    kept = TrunkCache(cache, tuple(SHAPES), threads)
    count, side = len(records), PICTURE_SIDE
    maps = {k: torch.empty(count, c, n, n, dtype=torch.float16) for k, (c, n) in SHAPES.items()}
    truths, weights = torch.empty(count, 1, side, side), torch.empty(count, 1, side, side)
    for index, record in enumerate(records):
        picture = load_picture(record.photo)
        for name, values in kept.maps(picture.over()).items():
            maps[name][index] = torch.from_numpy(values)
        truth, counts = read_truth(record, (picture.width, picture.height))
        shares = [
            cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
            for mask in (truth & counts, counts)
        ]
        weights[index, 0] = torch.from_numpy(shares[1])
        truths[index, 0] = torch.from_numpy(shares[0] / np.maximum(shares[1], 1e-6))
        advance()
    return SaliencyExamples(maps, truths.clamp(0, 1), weights)
