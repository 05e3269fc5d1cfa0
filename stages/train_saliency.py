"""Training of the salient-subject head on masks; the trunks that ship stay as they are."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.devices import available_cores
from ..core.errors import ModelError
from ..data.sod import read_subjects
from ..models.packing import round_int8
from ..models.saliency_builtin import SALIENCY
from ..models.saliency_export import export_saliency
from ..models.saliency_net import SaliencyConfig, SaliencyNet
from ..models.small_net import write_small_net
from .one_cycle import one_cycle
from .saliency_examples import SaliencyExamples, compute_examples
from .train_metrics import metrics_file

WEIGHTS = "saliency.safetensors"
METRICS = "saliency_metrics.jsonl"


@dataclass(frozen=True)
class TrainSaliencyConfig:
    """How long and how fast; defaults were chosen on held-out parts of SOD's train split."""

    epochs: int = 15
    batch: int = 16
    rate: float = 3e-3  # AdamW's, after a tenth of the steps, then falling to 0 (one cycle)
    decay: float = 0.05  # weight decay, of matrices and kernels only
    clip: float = 1.0  # of the gradient's norm
    more_share: float = 0.5  # of a batch from `more`, the data sets of objects
    average: float = 0.95  # decay of the running mean of weights that is kept in the end
    seed: int = 0
    net: SaliencyConfig = field(default_factory=SaliencyConfig)


def train_saliency(
    data: Path,
    out: Path,
    config: TrainSaliencyConfig,
    *,
    more: Sequence[Path] = (),
    cache: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train the head of engine `builtin` and write its files, whose paths it returns.

    Args:
        data: a folder of salient objects; only its train split is read.
        out: gets `saliency.onnx`, `saliency.safetensors` and `saliency_metrics.jsonl`.
        more: folders of objects; see `data.sod`.
        cache: maps are kept here; `out/features` by default.
        log: is given every line of the metrics.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, MaskError, ModelError: the data are not as needed.
    """
    parts = [read_subjects(root, "train") for root in (data, *more)]
    records = [record for part in parts for record in part]
    advance = begin("features", len(records))
    cache = cache or out / "features"
    examples = compute_examples(records, cache, threads=available_cores(), advance=advance)
    with metrics_file(out / METRICS, log) as keep:
        net = fit(examples, len(parts[0]), config, keep, begin)
    round_int8(net)
    write_small_net(out / WEIGHTS, net, config.net)
    export_saliency(net, out / SALIENCY)
    return [out / SALIENCY, out / WEIGHTS, out / METRICS]


def fit(
    examples: SaliencyExamples,
    first: int,
    config: TrainSaliencyConfig,
    log: Callable[[dict[str, Any]], None],
    begin: Callable[[str, int], Callable[[], object]],
) -> SaliencyNet:
    """A head trained by AdamW with one cycle (Smith and Topin, 2018), in evaluation mode.

    Args:
        examples: the first `first` of them are of the main data set; an epoch sees those once.
    """
    torch.manual_seed(config.seed)
    net = SaliencyNet(config.net)
    net.standardise(statistics(examples, config.net.maps))
    matrices = {id(m.weight) for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)}
    groups: list[dict[str, Any]] = [
        {
            "params": [p for p in net.parameters() if id(p) in matrices],
            "weight_decay": config.decay,
        },
        {"params": [p for p in net.parameters() if id(p) not in matrices], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=config.rate)
    others = len(examples) - first
    extra = round(config.batch * config.more_share) if others else 0
    own = min(config.batch - extra, first)
    steps = first // own
    schedule = one_cycle(optimiser, config.rate, config.epochs * steps, rising=0.1)
    mean = copy.deepcopy(net)
    draw = torch.Generator().manual_seed(config.seed)
    advance = begin("steps", config.epochs * steps)
    for epoch in range(config.epochs):
        net.train()
        order, total = torch.randperm(first, generator=draw), 0.0
        for step in range(steps):
            indices = order[step * own : (step + 1) * own]
            if extra:
                added = first + torch.randint(others, (extra,), generator=draw)
                indices = torch.cat([indices, added])
            mirrored = torch.rand(len(indices), generator=draw) < 0.5
            maps, truth, counts = examples.batch(indices, mirrored)
            loss = subject_loss(net(maps), truth, counts)
            if not torch.isfinite(loss):
                raise ModelError(
                    f"the loss became {loss.item()} in epoch {epoch + 1}; lower the rate."
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), config.clip)
            optimiser.step()
            schedule.step()
            _follow(mean, net, config.average)
            total += loss.item()
            advance()
        log({"epoch": epoch + 1, "loss": total / steps})
    return mean.eval()


@torch.no_grad()
def _follow(mean: SaliencyNet, net: SaliencyNet, average: float) -> None:
    for ours, theirs in zip(mean.parameters(), net.parameters(), strict=True):
        ours.lerp_(theirs, 1 - average)


def subject_loss(logits: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
    """Cross-entropy of the cells plus one minus the soft IoU of each photograph.

    Args:
        logits, truth, counts: (N,1,s,s); truth in [0, 1], counts as weights of the cells.
    """
    cells = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    entropy = (cells * counts).sum() / counts.sum().clamp(min=1)
    found, truth = torch.sigmoid(logits) * counts, truth * counts
    common = (found * truth).sum((1, 2, 3))
    either = (found + truth).sum((1, 2, 3)) - common
    return entropy + (1 - (common + 1) / (either + 1)).mean()


def statistics(
    examples: SaliencyExamples, names: Sequence[str]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and standard deviation (C,) of every map over the photographs."""
    found = {}
    for name in names:
        count, total, squares = 0, torch.zeros(()), torch.zeros(())
        for chunk in torch.split(examples.maps[name], 32):
            values = chunk.double()
            count += values.shape[0] * values.shape[2] * values.shape[3]
            total = total + values.sum((0, 2, 3))
            squares = squares + values.square().sum((0, 2, 3))
        mean = total / count
        deviation = (squares / count - mean.square()).clamp(min=0).sqrt()
        found[name] = (mean.float(), deviation.float())
    return found
