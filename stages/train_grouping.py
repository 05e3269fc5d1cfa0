"""Training of the grouping network on pairs of cells; the trunks that ship stay as they are."""

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
from ..core.errors import ModelError
from ..models.grouping import GROUPING
from ..models.grouping_export import export_grouping
from ..models.grouping_net import GroupingConfig, GroupingNet
from ..models.packing import round_int8
from ..models.small_net import write_small_net
from .grouping_examples import GroupingExample, compute_examples, count_scenes, held_out_parts
from .grouping_figures import TRIED, mean_auc, splitting
from .one_cycle import one_cycle
from .train_metrics import metrics_file

WEIGHTS = "grouping.safetensors"
METRICS = "grouping_metrics.jsonl"


@dataclass(frozen=True)
class TrainGroupingConfig:
    """How long and how fast; defaults were chosen on the held-out photographs."""

    epochs: int = 15
    batch: int = 4  # scenes
    rate: float = 2e-3  # AdamW's, after a tenth of the steps, then falling to 0 (one cycle)
    decay: float = 0.05  # weight decay
    objects: int = 220  # cells of objects that are drawn of a scene at a time
    ground: int = 40  # and of no object
    seed: int = 0
    net: GroupingConfig = field(default_factory=GroupingConfig)


def train_grouping(
    sets: Sequence[Path],
    out: Path,
    config: TrainGroupingConfig,
    *,
    cache: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train the network that takes touching objects apart and write its files.

    Args:
        sets: folders that `compose build-dataset occlusion` wrote.
        out: gets `grouping.onnx`, `grouping.safetensors` and `grouping_metrics.jsonl`, whose
            paths are returned.
        cache: maps are kept here; `out/features` by default.
        log: is given every line of the metrics: of the epochs, and one for each value of
            `most_alike` that is measured at the end, on the rounded weights.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, MaskError, ModelError: the data are not as needed.
    """
    advance = begin("features", count_scenes(sets))
    examples = compute_examples(
        sets, cache or out / "features", threads=available_cores(), advance=advance
    )
    learned, measured = held_out_parts(examples)
    with metrics_file(out / METRICS, log) as keep:
        net = fit(learned, measured, config, keep, begin)
        round_int8(net)
        for most_alike in TRIED:
            keep({"scenes": len(measured), **splitting(net, measured, most_alike)})
    write_small_net(out / WEIGHTS, net, config.net)
    export_grouping(net, out / GROUPING)
    return [out / GROUPING, out / WEIGHTS, out / METRICS]


def fit(
    learned: Sequence[GroupingExample],
    measured: Sequence[GroupingExample],
    config: TrainGroupingConfig,
    log: Callable[[dict[str, Any]], None],
    begin: Callable[[str, int], Callable[[], object]],
) -> GroupingNet:
    """A network trained by AdamW with one cycle, in evaluation mode."""
    torch.manual_seed(config.seed)
    net = GroupingNet(config.net)
    values = torch.cat([example.features[::7].float() for example in learned])
    net.mean.copy_(values.mean(0))
    net.deviation.copy_(values.std(0).clamp(min=1e-5))
    optimiser = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.decay)
    steps = -(-len(learned) // config.batch)
    schedule = one_cycle(optimiser, config.rate, config.epochs * steps, rising=0.1)
    random = np.random.default_rng(config.seed)
    advance = begin("steps", config.epochs * steps)
    for epoch in range(config.epochs):
        net.train()
        order, total = random.permutation(len(learned)), 0.0
        for chosen in np.array_split(order, steps):
            drawn = [_draw(learned[k], config, random) for k in chosen]
            loss = torch.stack([pair_loss(net.logits(x), owners) for x, owners in drawn]).mean()
            if not torch.isfinite(loss):
                raise ModelError(
                    f"the loss became {loss.item()} in epoch {epoch + 1}; lower the rate."
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += loss.item()
            advance()
        net.eval()
        log({"epoch": epoch + 1, "loss": total / steps, "auc": mean_auc(net, measured)})
    return net.eval()


def pair_loss(logits: Tensor, owners: Tensor) -> Tensor:
    """Cross-entropy of the pairs, those of one object and of two counting the same.

    Args:
        logits: (K,K).
        owners: (K,) whose the cells are; pairs of two cells of nobody (0) do not count.
    """
    same = owners[:, None] == owners
    counts = ~((owners[:, None] == 0) & (owners == 0)) & ~torch.eye(len(owners), dtype=torch.bool)
    losses = F.binary_cross_entropy_with_logits(logits, same.float(), reduction="none")
    sums = [
        (losses * kind).sum() / kind.sum().clamp(min=1) for kind in (same & counts, ~same & counts)
    ]
    return (sums[0] + sums[1]) / 2


def _draw(
    example: GroupingExample, config: TrainGroupingConfig, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    objects = random.permutation(np.flatnonzero(example.owners > 0))[: config.objects]
    ground = random.permutation(np.flatnonzero(example.owners == 0))[: config.ground]
    cells = torch.from_numpy(np.concatenate([objects, ground]))
    return example.features[cells].float(), torch.from_numpy(example.owners)[cells]
