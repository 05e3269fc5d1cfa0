"""Training of the crop networks `builtin` and `rank` on drawn crops and voted pairs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..core.errors import ModelError
from ..core.files import atomic_write
from ..models.crop_builtin import HEADS, LITE, RANK, REGIONS, VIT
from ..models.crop_export import export_crop_net, export_rank
from ..models.crop_loss import CropLossConfig
from ..models.crop_net import RANK_MAPS, CropNet, CropNetConfig
from ..models.crop_rank_net import RankConfig, RankHead
from ..models.efficientnet_lite import EfficientNetLite, convert_published
from ..models.hub import resolve
from ..models.packing import fold_batch_norms, pack_state, round_int8
from ..models.vit_weights import load_focus_trunk
from ..models.weights_io import load_pickle_weights_only
from .crop_examples import Examples, read_annotations
from .crop_objectives import (
    Anchors,
    GridObjective,
    Objective,
    Scorer,
    ScorerObjective,
    region_scorers,
)
from .crop_views import compute_views
from .one_cycle import one_cycle
from .train_metrics import metrics_file

Log = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class TrainCropConfig:
    """How long and how fast; defaults were chosen on held-out parts of FCDB's train split."""

    engine: str = "builtin"  # or "rank"
    epochs: int = 8
    batch: int = 32  # photographs a step
    rate: float = 1e-3  # AdamW's, after a tenth of the steps, then falling to 0 (one cycle)
    decay: float = 0.05  # weight decay, of matrices only
    clip: float = 1.0  # of the gradient's norm, for each head
    drawn: int = 128  # crops of the grid a photograph that a scorer learns from in a step
    seed: int = 0
    net: CropNetConfig = field(default_factory=CropNetConfig)
    rank: RankConfig = field(default_factory=RankConfig)
    loss: CropLossConfig = field(default_factory=CropLossConfig)


def load_trunks(net: CropNet) -> None:
    """Load the published ImageNet and DINOv2 weights into the trunks and round them.

    Raises:
        ModelError: they are not on this machine; the sentence says how to get them.
    """
    lite = EfficientNetLite(net.config.lite, classes=1000)
    published = load_pickle_weights_only(resolve(f"efficientnet-{net.config.lite}"))
    try:
        lite.load_state_dict(convert_published(published, lite))
    except (KeyError, ValueError) as error:
        raise ModelError(f"these are no weights of EfficientNet-Lite ({error}).") from None
    wanted = net.lite.state_dict().keys()
    net.lite.load_state_dict({k: v for k, v in lite.state_dict().items() if k in wanted})
    net.vit = load_focus_trunk(resolve("vit-s-focus"), net.config.vit)
    net.eval()
    fold_batch_norms(net.lite)
    for trunk in (net.lite, net.vit):
        round_int8(trunk)
        trunk.requires_grad_(False)


def train_crop(
    data: Path,
    out: Path,
    config: TrainCropConfig,
    *,
    cache: Path | None = None,
    log: Log = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train an engine from published trunks and write its files.

    Args:
        data: FCDB's folder; only its train split and that split's pairs are read.
        out: gets the ONNX files, the heads as safetensors, and `metrics.jsonl`.
        cache: features are kept here; `out/features` by default.
        log: is given every line of the metrics.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, ModelError: the data or the published weights are not as needed.
    """
    torch.manual_seed(config.seed)
    net = CropNet(config.net)
    load_trunks(net)
    annotations = read_annotations(data)
    advance = begin("features", len(annotations.photos))
    views = compute_views(net, annotations.photos, cache or out / "features", advance=advance)
    examples = Examples(annotations, views)
    rank = net.new_scorer(config.rank, RANK_MAPS)  # also a part of `builtin`
    anchored = ScorerObjective([Scorer(rank, RANK_MAPS, Anchors())], config.loss)
    parts: list[tuple[nn.Module, int, Objective]] = [(rank, 1, anchored)]
    if config.engine == "builtin":
        scorers = region_scorers(net, config.drawn, config.seed)
        drawn = ScorerObjective(scorers, config.loss)
        parts.append((net.heads, len(net.heads), GridObjective(net, config.loss)))
        parts.append((net.regions, len(net.regions), drawn))
    with metrics_file(out / "metrics.jsonl", log) as keep:
        for module, members, target in parts:
            torch.manual_seed(config.seed)
            _fit(module, target, examples, config, members, keep, begin)
    text = {"config": json.dumps(dataclasses.asdict(config), sort_keys=True)}
    return [*save_networks(net, rank, out, config.engine, text), out / "metrics.jsonl"]


def save_networks(
    net: CropNet, rank: RankHead, out: Path, engine: str, text: dict[str, str]
) -> list[Path]:
    """Round the trained parts of an engine and write all its files, whose paths it returns.

    Args:
        text: metadata of the safetensors files.
    """
    from safetensors.torch import save

    trained: dict[str, nn.Module] = {"rank": rank}
    if engine == "builtin":
        trained["builtin"] = nn.ModuleDict({"heads": net.heads, "regions": net.regions})
    files = []
    for name, module in trained.items():
        module.eval()
        round_int8(module)
        files.append(out / f"crop_{name}.safetensors")
        with atomic_write(files[-1]) as part:
            part.write_bytes(save(pack_state(module), metadata=text))
    export_rank(net, rank, out / RANK)
    files.append(out / RANK)
    if engine == "builtin":
        onnx = [out / LITE, out / VIT, out / HEADS, out / REGIONS]
        export_crop_net(net, *onnx)
        files += onnx
    return files


def _fit(
    trained: nn.Module,
    objective: Objective,
    examples: Examples,
    config: TrainCropConfig,
    members: int,
    log: Log,
    begin: Callable[[str, int], Callable[[], object]],
) -> None:
    """AdamW with one cycle (Smith and Topin, 2018); matrices decay, everything else does not."""
    parameters = [p for p in trained.parameters() if p.requires_grad]
    matrices = {id(m.weight) for m in trained.modules() if isinstance(m, nn.Linear | nn.Conv2d)}
    groups = [
        {"params": [p for p in parameters if id(p) in matrices], "weight_decay": config.decay},
        {"params": [p for p in parameters if id(p) not in matrices], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=config.rate)
    steps = max(len(examples) // config.batch, 1)
    schedule = one_cycle(optimiser, config.rate, config.epochs * steps, rising=0.1)
    advance = begin("steps", config.epochs * steps)
    draw = torch.Generator().manual_seed(config.seed)
    for epoch in range(config.epochs):
        trained.train()
        order = torch.randperm(len(examples), generator=draw)
        total = 0.0
        for step in range(steps):
            indices = order[step * config.batch : (step + 1) * config.batch]
            mirrored = torch.rand(len(indices), generator=draw) < 0.5
            loss = objective(examples.batch(indices, mirrored))
            if not torch.isfinite(loss):
                raise ModelError(
                    f"the loss became {loss.item()} in epoch {epoch + 1}; lower the rate."
                )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, config.clip * members)
            optimiser.step()
            schedule.step()
            total += loss.item() / members
            advance()
        log({"epoch": epoch + 1, "loss": total / steps})
