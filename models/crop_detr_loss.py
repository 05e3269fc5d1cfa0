"""Matching and losses of the DETR croppers (sections 1.5 and 3.5 of our notes).

Queries are matched with good boxes by the Hungarian method (Kuhn, 1955), picture by picture and
layer by layer; all queries learn their label by the focal loss (Lin et al., ICCV 2017), matched
ones also their box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from .crop_detr import CropAnswer
from .detr_parts import centres, corners
from .detr_targets import (
    CropTarget,
    TargetConfig,
    generalised_iou,
    matched_labels,
    soft_labels,
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
    from scipy.optimize import linear_sum_assignment

    chance = logits.detach().float().sigmoid()
    hit = _ALPHA * (1 - chance) ** _GAMMA * -(chance + 1e-8).log()
    miss = (1 - _ALPHA) * chance**_GAMMA * -(1 - chance + 1e-8).log()
    boxes = boxes.detach().float()
    edges = torch.cdist(boxes, centres(good), p=1)
    giou = generalised_iou(corners(boxes)[:, None], good[None])
    cost = config.label * (hit - miss)[:, None] + config.edges * edges - config.giou * giou
    rows, columns = linear_sum_assignment(cost.cpu().numpy())
    return torch.stack([torch.as_tensor(rows), torch.as_tensor(columns)]).to(logits.device)


def focal(logits: Tensor, labels: Tensor) -> Tensor:
    """The sum of the focal loss of logits (…) for labels (…) in [0,1]."""
    chance = logits.sigmoid()
    right = chance * labels + (1 - chance) * (1 - labels)
    weight = _ALPHA * labels + (1 - _ALPHA) * (1 - labels)
    loss = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (weight * (1 - right) ** _GAMMA * loss).sum()


def subject_loss(boxes: Tensor, subject: Tensor, margin: float) -> Tensor:
    """The mean over crops (K,4) of how far they cut into the subject grown by its margin.

    Published with its signs turned, so that crops larger than the subject were punished, and
    under a name that nothing added up (section 1.5). Boxes are corners in shares.
    """
    grow = (subject[2:] - subject[:2]) * margin
    safe = torch.cat([subject[:2] - grow, subject[2:] + grow]).clamp(0, 1)
    cut = F.relu(boxes[:, :2] - safe[:2]) + F.relu(safe[2:] - boxes[:, 2:])
    return cut.sum(1).mean()


def _nearest(boxes: Tensor, good: Tensor) -> tuple[Tensor, Tensor]:
    """L1 and GIoU (Q,) of boxes (Q,4) with the good one that each is most like."""
    every = generalised_iou(corners(boxes)[:, None], good[None])
    giou, which = every.max(1)
    return (boxes - centres(good)[which]).abs().sum(1), giou


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
    count = max(boxes_in_all or float(sum(len(t.good) for t in targets)), 1.0)
    layers = range(len(answer.logits)) if config.auxiliary else [len(answer.logits) - 1]
    zero = answer.logits.sum() * 0
    sums = dict.fromkeys(("label", "edges", "giou", "subject"), zero)
    for layer in layers:
        last = layer == len(answer.logits) - 1
        for number, target in enumerate(targets):
            logits, boxes = (
                answer.logits[layer, number].float(),
                answer.boxes[layer, number].float(),
            )
            rows, columns = match(logits, boxes, target.good, config)
            labels = soft_labels(corners(boxes.detach()), target, config.targets)
            labels[rows] = matched_labels(target.good, config.targets)[columns]
            loss = focal(logits, labels)
            if teacher is not None and last:
                loss = (loss + focal(logits, teacher[number].float())) / 2
            good = target.good[columns]
            sums["label"] = sums["label"] + loss
            sums["edges"] = sums["edges"] + (boxes[rows] - centres(good)).abs().sum()
            giou = generalised_iou(corners(boxes[rows]), good)
            sums["giou"] = sums["giou"] + (1 - giou).sum()
            if config.others:
                edges, giou = _nearest(boxes, target.good)
                alone = torch.ones_like(logits).index_fill(0, rows, 0) * config.others
                share = alone * len(target.good) / len(logits)
                sums["edges"] = sums["edges"] + (edges * share).sum()
                sums["giou"] = sums["giou"] + ((1 - giou) * share).sum()
            if config.subject and target.subject is not None:
                cut = subject_loss(corners(boxes), target.subject, config.margin)
                # a mean over crops, so it counts as many times as the picture has good boxes
                sums["subject"] = sums["subject"] + cut * len(target.good)
    losses = {name: getattr(config, name) * value / count for name, value in sums.items()}
    return {"loss": torch.stack(list(losses.values())).sum(), **losses}
