"""What DETR croppers are to learn: good boxes, soft labels, smoothing (section 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True)
class TargetConfig:
    """Which annotated crops are good, and how good the others are; ProCrop's for GAIC."""

    good: float = 4.0  # scores from 1 to 5; 2 for CPC, 0 for CAD
    most: int = 0  # good boxes at most, the best; 0: all
    apart: float = 0.0  # greatest IoU of two good boxes; 0: whatever it is
    soft: float = 0.5  # greatest label of a query that is not matched; 0: their label is 0
    near: float = 0.85  # IoU from which such a query has a crop's score
    graded: bool = False  # such labels grow with the IoU, from 0 at `near`; ours
    smooth: bool = False  # matched labels are 0.9 where the crop has more than 75 % of the picture


@dataclass(frozen=True)
class CropTarget:
    """Of one picture; boxes x1, y1, x2, y2 in shares of its sides."""

    good: Tensor  # (G,4), at least one
    boxes: Tensor  # (N,4) all annotated crops
    scores: Tensor  # (N,)
    subject: Tensor | None = None  # (4,)


def make_target(
    boxes: Tensor, scores: Tensor, config: TargetConfig, subject: Tensor | None = None
) -> CropTarget:
    """The target of annotated crops (N,4) and their scores (N,), of which there is at least one.

    Where none is good, those are that tie for the best score.
    """
    chosen = scores >= config.good
    if not bool(chosen.any()):
        chosen = scores == scores.max()
    order = torch.sort(scores, descending=True, stable=True).indices
    kept: list[int] = []
    for index in (int(i) for i in order if chosen[i]):
        if config.most and len(kept) == config.most:
            break
        near = config.apart and kept and float(overlaps(boxes[[index]], boxes[kept]).max())
        if not near or near <= config.apart:
            kept.append(index)
    return CropTarget(boxes[kept], boxes, scores, subject)


@dataclass(frozen=True)
class BatchTargets:
    """Of B pictures, padded to as many crops as the one with the most has."""

    good: Tensor  # (B,G,4), at least one each
    counts: tuple[int, ...]  # (B,) of them
    boxes: Tensor  # (B,N,4)
    scores: Tensor  # (B,N)
    padded: Tensor  # (B,N) True where there is no crop
    nothing: Tensor  # (B,G) True where there is no good one


def batch_targets(targets: Sequence[CropTarget]) -> BatchTargets:
    """The targets of a batch in one."""

    def together(parts: list[Tensor]) -> tuple[Tensor, Tensor]:
        missing = [part.new_zeros(len(part)) for part in parts]
        padded = pad_sequence(missing, batch_first=True, padding_value=1.0) > 0
        return pad_sequence(parts, batch_first=True), padded

    good, nothing = together([t.good for t in targets])
    boxes, padded = together([t.boxes for t in targets])
    scores = pad_sequence([t.scores for t in targets], batch_first=True)
    return BatchTargets(good, tuple(len(t.good) for t in targets), boxes, scores, padded, nothing)


def soft_labels(found: Tensor, target: CropTarget, config: TargetConfig) -> Tensor:
    """Labels (Q,) of queries that are not matched, by the crop nearest to each box (Q,4)."""
    return _graded(overlaps(found, target.boxes), target.scores, config)


def batch_soft_labels(found: Tensor, targets: BatchTargets, config: TargetConfig) -> Tensor:
    """Labels (Y,B,Q), as `soft_labels` gives them, of boxes (Y,B,Q,4) of every decoder layer."""
    iou = _shared(found[..., None, :], targets.boxes[:, None])[0]
    return _graded(iou.masked_fill(targets.padded[:, None], -1), targets.scores, config)


def _graded(iou: Tensor, scores: Tensor, config: TargetConfig) -> Tensor:
    """(…,Q) of overlaps (…,Q,N) with crops of scores (…,N)."""
    overlap, which = iou.max(-1)
    if not config.soft:
        return torch.zeros_like(overlap)
    near = torch.take_along_dim(scores.expand(*iou.shape[:-2], -1), which, -1)
    quality = torch.where(overlap >= config.near, near, 0.0)
    labels = (config.soft * (quality - 2) / 1.5).clamp(0, config.soft)
    if config.graded:
        labels = labels * ((overlap - config.near) / (1 - config.near)).clamp(min=0)
    return labels


def matched_labels(good: Tensor, config: TargetConfig) -> Tensor:
    """Labels (…) of queries that are matched with good boxes (…,4)."""
    labels = good.new_ones(good.shape[:-1])
    if config.smooth:
        sides = good[..., 2:] - good[..., :2]
        labels = torch.where(sides.prod(-1) > 0.75, 0.9, labels)
    return labels


def overlaps(a: Tensor, b: Tensor) -> Tensor:
    """IoU (N,M) of boxes (N,4) and (M,4) as corners."""
    return _shared(a[:, None], b[None])[0]


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU (Rezatofighi et al., CVPR 2019) of boxes (…,4) as corners, broadcast: in [-1,1]."""
    iou, union = _shared(a, b)
    sides = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    hull = sides.prod(-1)
    return iou - (hull - union) / hull.clamp(min=1e-9)


def _shared(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    common = sides.clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - common
    return common / union.clamp(min=1e-9), union
