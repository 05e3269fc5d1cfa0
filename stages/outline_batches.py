"""Batches of windows for the outline network, and how masks vary in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .outline_coarse import made_coarse
from .outline_examples import OutlineExample

_FOUND_AS_IS = 0.75  # of found masks; the others are made coarse from the truth

Batch = tuple[list[Tensor], Tensor, Tensor, Tensor, Tensor]


def stacked(examples: Sequence[OutlineExample], coarse: Sequence[np.ndarray[Any, Any]]) -> Batch:
    """Maps, windows (N,3,h,w), and coarse masks, truths and what counts (N,1,h/2,w/2)."""

    def cells(values: Sequence[np.ndarray[Any, Any]]) -> Tensor:
        return torch.from_numpy(np.stack(values))[:, None].float() / 255

    pictures = torch.from_numpy(np.stack([e.rgb for e in examples])).permute(0, 3, 1, 2)
    maps = [
        torch.from_numpy(np.stack(each)).float()
        for each in zip(*(e.maps for e in examples), strict=True)
    ]
    truth, counts = cells([e.truth for e in examples]), cells([e.counts for e in examples])
    return maps, pictures.float() / 255, cells(coarse), truth, counts


def drawn(examples: Sequence[OutlineExample], chance: np.random.Generator) -> Batch:
    """A batch for training: masks made coarse unless they were found, half of all mirrored."""
    coarse = [
        e.coarse
        if e.found and chance.random() < _FOUND_AS_IS
        else made_coarse((e.truth > 127).astype(np.uint8), chance) * np.uint8(255)
        for e in examples
    ]
    maps, *rest = stacked(examples, coarse)
    if chance.random() < 0.5:  # of the maps too: the trunk learned from mirrored photographs
        maps, rest = [x.flip(-1) for x in maps], [x.flip(-1) for x in rest]
    return maps, rest[0], rest[1], rest[2], rest[3]
