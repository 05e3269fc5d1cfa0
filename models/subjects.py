"""What single objects a picture has, of whatever class; run by onnxruntime.

Cells of a grid (`subjects_net.py`) vote for boxes. A subject is what many likely cells agree upon:
their boxes, which overlap, are averaged and taken away, and the rest votes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import areas, iou_matrix
from .crop_builtin import OnnxNetwork, network_file, weights_folder
from .grouping import GROUPING_MAPS
from .saliency_features import SaliencyTrunks

SUBJECTS = "subjects.onnx"
GRID = 16  # cells a side; with 32 it is no better and four times as slow
_MIRRORED = [2, 1, 0, 3]  # the order of x1, y1, x2, y2 in a mirrored picture


@dataclass(frozen=True)
class VoteConfig:
    """How cells' boxes become subjects; chosen on COCO's train pictures by cross-validation."""

    alike: float = 0.6  # IoU from which on two cells vote for the same
    likely: float = 0.15  # of the surest cell of a subject; half of it for a cell to vote
    apart: float = 0.7  # IoU of two subjects at most


@dataclass(frozen=True, eq=False)
class Found:
    """K subjects, the most important first; edges in shares of the picture, within it."""

    boxes: NDArray[np.float64]  # (K,4) x1, y1, x2, y2
    sure: NDArray[np.float64]  # (K,4) boxes that hold the subjects with little doubt
    scores: NDArray[np.float64]  # (K,) in [0, 1]: how sure the surest cell is


class SubjectNetwork:
    """Opened once a process; safe to call from several threads.

    Args:
        threads: of one picture.
        folder: holds `subjects.onnx` of `compose train subjects`; what ships by default.
        trunks: opened before, to share their maps; opened here by default.

    Raises:
        ModelError: a file is missing or damaged.
    """

    def __init__(
        self,
        threads: int = 1,
        folder: Path | None = None,
        trunks: SaliencyTrunks | None = None,
        config: VoteConfig | None = None,
    ) -> None:
        self._net = OnnxNetwork(network_file(SUBJECTS, folder), threads)
        self._trunks = trunks or SaliencyTrunks(threads, weights_folder())
        self._config = config or VoteConfig()

    def read(self, rgb: NDArray[np.uint8], most: int) -> Found:
        """Up to `most` subjects of a picture HxWx3."""
        if min(rgb.shape[:2]) < 2:  # has no quarters
            rgb = np.repeat(np.repeat(rgb, 2, 0), 2, 1)
        maps = self._trunks.maps(rgb)
        one = self._cells({name: maps[name] for name in GROUPING_MAPS})
        other = self._cells({name: maps[name][:, :, ::-1] for name in GROUPING_MAPS})
        mean = (one + unmirrored(other)) / np.float32(2)
        return vote(np.asarray(mean, np.float32), most, self._config)

    def _cells(self, maps: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        inputs = {name: np.ascontiguousarray(values)[None] for name, values in maps.items()}
        (cells,) = self._net.run(**inputs)
        return np.asarray(cells[0], np.float32)


def unmirrored(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the cells (10,n,n) of a mirrored picture say of the picture itself."""
    cells = cells[:, :, ::-1].copy()
    for first in (2, 6):
        edges = cells[first : first + 4][_MIRRORED]
        edges[[0, 2]] = 1 - edges[[0, 2]]
        cells[first : first + 4] = edges
    return np.asarray(cells, np.float32)


def vote(cells: NDArray[np.float32], most: int, config: VoteConfig | None = None) -> Found:
    """Up to `most` subjects out of what the cells say.

    Args:
        cells: (10,n,n): how likely an object is there, the IoU that is expected of the box, its
            edges, and those of the sure box.
        most: how many.
        config: how.
    """
    config = config or VoteConfig()
    flat = cells.reshape(10, -1).astype(np.float64)
    weight = flat[0] * flat[1]
    able = weight > config.likely / 2
    weight, edges = weight[able], np.clip(flat[2:, able].T, 0, 1)
    boxes = edges[:, :4]
    alike = iou_matrix(boxes, boxes) > config.alike
    sides = np.sqrt(np.maximum(areas(boxes), 1e-3))  # or the largest would always come first
    free = np.ones(len(weight), bool)
    found: list[NDArray[np.float64]] = []
    scores: list[float] = []
    while free.any() and len(found) < most:
        votes = (alike * (weight * free)).sum(1) / sides * free
        members = alike[int(np.argmax(votes))] & free
        if not members.any():  # boxes without extent agree with nothing
            break
        free &= ~members
        if weight[members].max() < config.likely:
            continue
        box = np.average(edges[members], axis=0, weights=weight[members])
        known = np.array(found).reshape(-1, 8)[:, :4]
        if (iou_matrix(box[None, :4], known) <= config.apart).all():
            found.append(box)
            scores.append(float(weight[members].max()))
    table = np.array(found).reshape(-1, 8)
    sure = np.concatenate(
        [np.minimum(table[:, 4:6], table[:, :2]), np.maximum(table[:, 6:], table[:, 2:4])], 1
    )
    return Found(table[:, :4], sure, np.array(scores))
