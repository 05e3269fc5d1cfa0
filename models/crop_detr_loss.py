"""Matching and losses of the DETR croppers (sections 1.5 and 3.5 of our notes).

Queries are matched with good boxes by the Hungarian method (Kuhn, 1955), picture by picture and
layer by layer; all queries learn their label by the focal loss (Lin et al., ICCV 2017), matched
ones also their box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .crop_detr import CropAnswer
from .detr_parts import centres, corners
from .detr_targets import (
    BatchTargets,
    CropTarget,
    TargetConfig,
    batch_soft_labels,
    batch_targets,
    generalised_iou,
    matched_labels,
)

_ALPHA, _GAMMA = 0.25, 2.0


@dataclass(frozen=True)
class CropDetrLossConfig:
    """Weights of costs and losses, the same of both papers."""

    label: float = 2.0
    edges: float = 5.0  # L1 of centre and size
    giou: float = 2.0
    subject: float = 0.0  # crops that cut the subject; Multi in One's is 2
    margin: float = 0.025  # around the subject, in shares of its sides
    others: float = 0.0  # boxes of queries that are not matched, to the nearest good one; ours
    auxiliary: bool = True  # whether earlier layers learn too
    targets: TargetConfig = field(default_factory=TargetConfig)


def match(logits: Tensor, boxes: Tensor, good: Tensor, config: CropDetrLossConfig) -> Tensor:
    """(2,min(Q,G)) queries and the good boxes they are matched with, for the least cost in sum.

    Args:
        logits: (Q,) of one picture.
        boxes: (Q,4) as centre and size.
        good: (G,4) as corners.

    Raises:
        ValueError: a cost is no number.
    """
    rows, columns = assigned(costs(logits, boxes, good, config).cpu().numpy())
    return torch.stack([torch.as_tensor(rows), torch.as_tensor(columns)]).to(logits.device)


def costs(logits: Tensor, boxes: Tensor, good: Tensor, config: CropDetrLossConfig) -> Tensor:
    """(…,Q,G) of matching queries with good boxes; see `match`, of any batch of whose pictures."""
    chance = logits.detach().float().sigmoid()
    hit = _ALPHA * (1 - chance) ** _GAMMA * -(chance + 1e-8).log()
    miss = (1 - _ALPHA) * chance**_GAMMA * -(1 - chance + 1e-8).log()
    boxes = boxes.detach().float()
    edges = (boxes[..., None, :] - centres(good)[..., None, :, :]).abs().sum(-1)
    giou = generalised_iou(corners(boxes)[..., None, :], good[..., None, :, :])
    return config.label * (hit - miss)[..., None] + config.edges * edges - config.giou * giou


def assigned(cost: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of a matrix that are matched for the least cost in sum.

    Raises:
        ValueError: a cost is no number.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(cost)
    return rows, columns


def focal(logits: Tensor, labels: Tensor) -> Tensor:
    """The sum of the focal loss of logits (…) for labels (…) in [0,1]."""
    chance = logits.sigmoid()
    right = chance * labels + (1 - chance) * (1 - labels)
    weight = _ALPHA * labels + (1 - _ALPHA) * (1 - labels)
    loss = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (weight * (1 - right) ** _GAMMA * loss).sum()


def subject_loss(boxes: Tensor, subject: Tensor, margin: float) -> Tensor:
    """(…) the mean over crops (…,K,4) of how far they cut into the subject (…,4) with its margin.

    Published with its signs turned, so that crops larger than the subject were punished, and
    under a name that nothing added up (section 1.5). Boxes are corners in shares.
    """
    low, high = subject[..., :2], subject[..., 2:]
    grow = (high - low) * margin
    low, high = ((low - grow).clamp(0, 1), (high + grow).clamp(0, 1))
    cut = F.relu(boxes[..., :2] - low[..., None, :]) + F.relu(high[..., None, :] - boxes[..., 2:])
    return cut.sum(-1).mean(-1)


def crop_losses(
    answer: CropAnswer,
    targets: Sequence[CropTarget],
    config: CropDetrLossConfig,
    boxes_in_all: float | None = None,
    teacher: Tensor | None = None,
) -> dict[str, Tensor]:
    """The weighted losses by name, of which `loss` is the sum.

    Args:
        answer: of B pictures.
        targets: B of them.
        config: weights.
        boxes_in_all: what sums are divided by; the number of good boxes by default. Processes
            that train together give its mean over them.
        teacher: (B,Q) chances of an earlier state of the network, whose labels count for half.
    """
    known = batch_targets(targets)
    count = max(boxes_in_all or float(sum(known.counts)), 1.0)
    layers = slice(None) if config.auxiliary else slice(-1, None)
    logits, boxes = answer.logits[layers].float(), answer.boxes[layers].float()
    edges = corners(boxes)
    which = _matched(costs(logits, boxes, known.good, config), known.counts)
    queries, goods = tuple(which[:3]), (which[1], which[3])
    labels = batch_soft_labels(edges.detach(), known, config.targets)
    labels[queries] = matched_labels(known.good, config.targets)[goods]
    label = focal(logits, labels)
    if teacher is not None:
        label = label + (focal(logits[-1], teacher.float()) - focal(logits[-1], labels[-1])) / 2
    good = known.good[goods]
    sums = {
        "label": label,
        "edges": (boxes[queries] - centres(good)).abs().sum(),
        "giou": (1 - generalised_iou(edges[queries], good)).sum(),
        "subject": logits.sum() * 0,
    }
    goods_of = logits.new_tensor(known.counts)
    if config.others:
        distance, giou = _nearest(boxes, edges, known)
        alone = torch.ones_like(logits)
        alone[queries] = 0
        share = config.others * alone * goods_of[:, None] / logits.shape[-1]
        sums["edges"] = sums["edges"] + (distance * share).sum()
        sums["giou"] = sums["giou"] + ((1 - giou) * share).sum()
    told = [number for number, target in enumerate(targets) if target.subject is not None]
    if config.subject and told:
        subjects = torch.stack([t.subject for t in targets if t.subject is not None])
        cut = subject_loss(edges[:, told], subjects, config.margin)
        # a mean over crops, so it counts as many times as the picture has good boxes
        sums["subject"] = sums["subject"] + (cut * goods_of[told]).sum()
    losses = {name: getattr(config, name) * value / count for name, value in sums.items()}
    return {"loss": torch.stack(list(losses.values())).sum(), **losses}


def _matched(cost: Tensor, counts: Sequence[int]) -> Tensor:
    """(4,K) layers, pictures, queries and good boxes that belong together, of costs (Y,B,Q,G)."""
    table, found = cost.cpu().numpy(), []
    for layer, number in np.ndindex(table.shape[:2]):
        rows, columns = assigned(table[layer, number, :, : counts[number]])
        found.append([np.full_like(rows, layer), np.full_like(rows, number), rows, columns])
    return torch.from_numpy(np.concatenate(found, 1)).to(cost.device)


def _nearest(boxes: Tensor, edges: Tensor, known: BatchTargets) -> tuple[Tensor, Tensor]:
    """L1 and GIoU (Y,B,Q) of all boxes, and as corners, with the good one each is most like."""
    every = generalised_iou(edges[..., None, :], known.good[:, None])
    giou, which = every.masked_fill(known.nothing[:, None], -2).max(-1)
    pictures = torch.arange(len(known.counts), device=which.device)[:, None]
    return (boxes - centres(known.good)[pictures, which]).abs().sum(-1), giou
