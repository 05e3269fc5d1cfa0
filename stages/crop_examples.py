"""Photographs with drawn crops and voted pairs, as batches of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..core.boxes import Box, clip
from ..core.errors import DataError
from ..data.fcdb import image_path, inside, read_crops, read_pairs
from .crop_views import Views


@dataclass(frozen=True)
class Batch:
    """N photographs, some mirrored, with the P pairs that were voted on them."""

    maps: dict[str, Tensor]  # (N,C,n,n)
    log_aspect: Tensor  # (N,)
    crops: Tensor  # (N,4) drawn crops in shares
    rows: Tensor  # (P,) which photograph a pair belongs to
    first: Tensor  # (P,4) in shares
    second: Tensor  # (P,4)
    share: Tensor  # (P,) of the votes for the first


@dataclass(frozen=True)
class Annotations:
    """What people said of the train photographs, in pixels."""

    photos: list[Path]
    crops: np.ndarray  # (N,4)
    pairs: list[np.ndarray]  # for each photograph (P,9): two boxes and the first one's share


def read_annotations(root: Path, split: str = "train") -> Annotations:
    """Crops of a split and the pairs of exactly its photographs.

    Raises:
        DataError: files are missing, malformed, or the split is empty.
    """
    records = read_crops(root, split)
    if not records:
        raise DataError(f"the split '{split}' names no photograph; choose another one.")
    number = {record.file: index for index, record in enumerate(records)}
    pairs: list[list[list[float]]] = [[] for _ in records]
    for pair in read_pairs(root, only=number.keys()):
        share = pair.votes_a / max(pair.votes_a + pair.votes_b, 1)
        pairs[number[pair.file]].append([*pair.a, *pair.b, share])
    return Annotations(
        [image_path(root, record.file) for record in records],
        np.array([record.box for record in records], np.float64),
        [np.array(rows, np.float64).reshape(-1, 9) for rows in pairs],
    )


class Examples:
    """Batches of `annotations` with the features in `views`."""

    def __init__(self, annotations: Annotations, views: Views) -> None:
        self.maps = {name: torch.from_numpy(array) for name, array in views.maps.items()}
        self.log_aspect = torch.from_numpy(views.log_aspect)
        scale = np.concatenate([views.sizes, views.sizes], 1).astype(np.float64)
        crops = clip(annotations.crops / scale, 1, 1)
        self.crops = torch.from_numpy(crops.astype(np.float32))
        self.pairs: list[Tensor] = []
        for rows, size in zip(annotations.pairs, views.sizes, strict=True):
            width, height = (int(side) for side in size)
            fits = [
                inside(Box(*row[:4]), width, height) and inside(Box(*row[4:8]), width, height)
                for row in rows
            ]
            rows = rows[np.array(fits, bool)] / np.array([*size, *size, *size, *size, 1.0])
            self.pairs.append(torch.from_numpy(rows.astype(np.float32)))

    def __len__(self) -> int:
        return len(self.crops)

    def batch(self, indices: Tensor, mirrored: Tensor) -> Batch:
        """The photographs `indices` (N,), mirrored where `mirrored` (N,) is true."""
        which = mirrored.long()
        rows = torch.cat(
            [torch.full((len(self.pairs[i]),), n) for n, i in enumerate(indices.tolist())]
        )
        pairs = torch.cat([self.pairs[i] for i in indices.tolist()])
        turned = mirrored[rows]
        return Batch(
            {name: maps[which, indices].float() for name, maps in self.maps.items()},
            self.log_aspect[indices],
            mirror(self.crops[indices], mirrored),
            rows,
            mirror(pairs[:, :4], turned),
            mirror(pairs[:, 4:8], turned),
            pairs[:, 8],
        )


def mirror(boxes: Tensor, mirrored: Tensor) -> Tensor:
    """Boxes (N,4) in shares, turned left to right where `mirrored` (N,) is true."""
    x1, y1, x2, y2 = boxes.unbind(1)
    turned = torch.stack([1 - x2, y1, 1 - x1, y2], 1)
    return torch.where(mirrored[:, None], turned, boxes)
