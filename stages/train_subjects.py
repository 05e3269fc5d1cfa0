"""Training of the network that finds single objects; the trunks that ship stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.devices import available_cores
from ..core.errors import DataError, ModelError
from ..models.packing import round_int8
from ..models.small_net import write_small_net
from ..models.subjects import SUBJECTS
from ..models.subjects_export import export_subjects
from ..models.subjects_net import Cells, SubjectsConfig, SubjectsNet
from .subject_examples import UNSURE, SubjectExample, compute_examples, open_sources
from .train_metrics import metrics_file

WEIGHTS = "subjects.safetensors"
METRICS = "subjects_metrics.jsonl"


@dataclass(frozen=True)
class TrainSubjectsConfig:
    """How long and how fast; chosen by cross-validation on COCO's train photographs."""

    epochs: int = 30
    batch: int = 8  # photographs
    rate: float = 2e-3  # AdamW's, after 15 % of the steps, then falling to 0 (one cycle)
    decay: float = 0.05  # weight decay
    clip: float = 1.0  # greatest norm of the gradient
    quantile: float = 0.88  # of the sure edges: how often they lie beyond the object
    seed: int = 0
    net: SubjectsConfig = field(default_factory=SubjectsConfig)


def train_subjects(
    data: Path,
    out: Path,
    config: TrainSubjectsConfig,
    *,
    more: Path | None = None,
    cache: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train the network that finds subjects and write its files.

    Args:
        data: COCO's folder.
        out: gets `subjects.onnx`, `subjects.safetensors` and `subjects_metrics.jsonl`, whose
            paths are returned.
        more: PASCAL VOC's folder, to learn from it too.
        cache: maps are kept here; `out/features` by default.
        log: is given every line of the metrics, one an epoch.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, MaskError, ModelError: the data are not as needed.
    """
    photos = open_sources(data, more)
    advance = begin("features", len(photos))
    examples = compute_examples(
        photos, cache or out / "features", threads=available_cores(), advance=advance
    )
    with metrics_file(out / METRICS, log) as keep:
        net = fit(examples, config, keep, begin)
    round_int8(net)
    write_small_net(out / WEIGHTS, net, config.net)
    export_subjects(net, out / SUBJECTS)
    return [out / SUBJECTS, out / WEIGHTS, out / METRICS]


def fit(
    examples: Sequence[SubjectExample],
    config: TrainSubjectsConfig,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> SubjectsNet:
    """A network trained by AdamW with one cycle, in evaluation mode.

    Raises:
        DataError: there are no examples.
        ModelError: the loss is no number any more.
    """
    if not examples:
        raise DataError("there is no photograph to learn from; give a data set's train part.")
    torch.manual_seed(config.seed)
    random = np.random.default_rng(config.seed)
    net = SubjectsNet(config.net)
    values = torch.stack([e.features[:, ::3, ::3].float() for e in examples])
    net.mean.copy_(values.mean((0, 2, 3))[:, None, None])
    net.deviation.copy_(values.std((0, 2, 3)).clamp(min=1e-5)[:, None, None])
    optimiser = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.decay)
    steps = -(-len(examples) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.rate, total_steps=config.epochs * steps, pct_start=0.15
    )
    advance = begin("steps", config.epochs * steps)
    for epoch in range(config.epochs):
        net.train()
        total = 0.0
        for chosen in np.array_split(random.permutation(len(examples)), steps):
            batch = [
                examples[k].mirrored() if random.random() < 0.5 else examples[k] for k in chosen
            ]
            found = net(torch.stack([example.features.float() for example in batch]))
            loss = torch.stack(
                [
                    photo_loss(Cells(*(part[k] for part in found)), example, config.quantile)
                    for k, example in enumerate(batch)
                ]
            ).mean()
            if not torch.isfinite(loss):
                raise ModelError(
                    f"the loss became {loss.item()} in epoch {epoch + 1}; lower the rate."
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip)
            optimiser.step()
            schedule.step()
            total += loss.item()
            advance()
        log({"epoch": epoch + 1, "loss": total / steps})
    return net.eval()


def photo_loss(found: Cells, example: SubjectExample, quantile: float) -> Tensor:
    """What one photograph's cells are wrong by.

    Presence is a cross-entropy over the cells that are sure. Of an object's cells the box has
    1 - GIoU and the distance of its edges, the sure box the quantile's loss, and the overlap that
    they expect a cross-entropy; an object counts by the square root of its cells.

    Args:
        found: of this photograph, without the batch's axis.
        example: the truth.
        quantile: of the sure edges.
    """
    owners = torch.from_numpy(example.owners)
    mine, known = owners >= 0, owners != UNSURE
    presence = F.binary_cross_entropy_with_logits(found.present[known], mine[known].float())
    if not mine.any():
        return presence
    whose = owners[mine]
    truth = torch.from_numpy(example.boxes)[whose]
    weight = torch.bincount(whose, minlength=len(example.boxes))[whose].float().rsqrt()
    weight = weight / weight.sum()
    boxes, sure = (part.permute(1, 2, 0)[mine] for part in (found.boxes, found.sure))
    iou, giou = overlaps(boxes, truth)
    near = F.smooth_l1_loss(boxes, truth, reduction="none", beta=0.05).mean(1)
    beyond = (sure - truth) * torch.tensor([-1.0, -1.0, 1.0, 1.0])
    pinball = torch.maximum((1 - quantile) * beyond, -quantile * beyond).mean(1)
    expected = F.binary_cross_entropy_with_logits(
        found.overlap[mine], iou.detach().clamp(0, 1), reduction="none"
    )
    return presence + ((1 - giou + 2 * near + 2 * pinball + 0.5 * expected) * weight).sum()


def overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and GIoU (K,) of boxes (K,4) with boxes (K,4), of which none is turned inside out."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    common = (high - low).clamp(min=0).prod(1)
    either = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - common
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    around = hull.prod(1).clamp(min=1e-6)
    iou = common / either.clamp(min=1e-6)
    return iou, iou - (around - either) / around
