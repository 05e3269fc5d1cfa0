"""Training of the network that tells objects among MobileSAM's answers; the trunks stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..core.devices import available_cores
from ..core.errors import DataError
from ..core.seeds import generator
from ..models.object_choice import OBJECTS, ObjectChoiceConfig, chosen
from ..models.object_export import export_objects
from ..models.object_net import ObjectConfig, ObjectNet
from ..models.packing import round_int8
from ..models.small_net import write_small_net
from .object_examples import ObjectExample, compute_examples
from .object_figures import ObjectFigures, object_figures
from .one_cycle import trained
from .outline_sources import open_outline_sources
from .train_metrics import metrics_file

METRICS = "objects_metrics.jsonl"
WEIGHTS = "objects.safetensors"
TRIED = (0.3, 0.35, 0.4, 0.45, 0.5)  # least scores that are measured at the end


@dataclass(frozen=True)
class TrainObjectsConfig:
    """How long and how fast; defaults were chosen on the held-out photographs."""

    steps: int = 1000
    batch: int = 512  # candidates, of all photographs alike
    rate: float = 3e-3  # AdamW's, after a twentieth of the steps, then falling to 0 (one cycle)
    decay: float = 0.05
    clip: float = 1.0  # of the gradient's norm
    average: float = 0.99  # decay of the running mean of weights that is kept in the end
    every: int = 500  # steps between two measurements
    seed: int = 0
    net: ObjectConfig = field(default_factory=ObjectConfig)


def train_objects(
    data: Sequence[Path],
    out: Path,
    sam: Path,
    config: TrainObjectsConfig,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train the network and write its files, whose paths it returns.

    Args:
        data: folders of PASCAL VOC, COCO or salient objects, whose train parts are read.
        out: gets `objects.onnx`, `objects.safetensors` and `objects_metrics.jsonl`.
        sam: MobileSAM's file.
        config: how long and how fast.
        limit: photographs of each folder at most, spread over it.
        cache: candidates are kept here; `out/objects` by default.
        log: is given every line of the metrics.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, MaskError, ModelError: the data are not as needed.
    """
    sources = open_outline_sources(data, limit)
    advance = begin("candidates", len(sources))
    examples = compute_examples(
        sources, sam, cache or out / "objects", threads=available_cores(), advance=advance
    )
    held = [e for e in examples if e.held_out]
    with metrics_file(out / METRICS, log) as keep:
        net = fit(examples, config, keep, begin)
        round_int8(net)
        if held:
            keep(
                {"salient": _plain(object_figures((e.found, e.objects, e.saliency) for e in held))}
            )
        for least in TRIED if held else ():
            keep({"least_score": least, **_plain(measured(net, held, least))})
    write_small_net(out / WEIGHTS, net, config.net)
    export_objects(net, out / OBJECTS)
    return [out / OBJECTS, out / WEIGHTS, out / METRICS]


def fit(
    examples: Sequence[ObjectExample],
    config: TrainObjectsConfig,
    log: Callable[[dict[str, Any]], None],
    begin: Callable[[str, int], Callable[[], object]],
) -> ObjectNet:
    """A network trained by AdamW with one cycle (Smith and Topin, 2018), in evaluation mode.

    Raises:
        DataError: no candidate is left to learn from.
        ModelError: the loss is no number any more.
    """
    torch.manual_seed(config.seed)
    held = [e for e in examples if e.held_out]
    own = [e for e in examples if not e.held_out and len(e.fits)]
    if not own:
        raise DataError(
            "no photograph that is not held out has anything that stands out; give more "
            "photographs with masks."
        )
    forms, looks, fits = (
        torch.from_numpy(np.concatenate([getattr(e, name) for e in own]).astype(np.float32))
        for name in ("forms", "looks", "fits")
    )
    # every photograph counts the same, however many candidates it has
    chances = np.concatenate([np.full(len(e.fits), 1 / len(e.fits)) for e in own])
    chances /= chances.sum()
    net = ObjectNet(config.net)
    for name, values in (("forms", forms), ("looks", looks)):
        getattr(net, f"{name}_mean").copy_(values.mean(0))
        getattr(net, f"{name}_deviation").copy_(values.std(0).clamp(min=1e-4))
    draw = generator(config.seed, "objects")

    def loss() -> Tensor:
        picked = torch.from_numpy(draw.choice(len(fits), config.batch, p=chances))
        return F.binary_cross_entropy_with_logits(net(forms[picked], looks[picked]), fits[picked])

    def figures(mean: ObjectNet) -> dict[str, Any]:
        least = ObjectChoiceConfig().least_score
        return _plain(measured(mean.eval(), held, least)) if held else {}

    return trained(net, config, loss, figures, log, begin)


def measured(net: ObjectNet, examples: Sequence[ObjectExample], least: float) -> ObjectFigures:
    """What is chosen with a least score, against the annotated objects."""
    config = ObjectChoiceConfig(least_score=least)

    def picked(e: ObjectExample) -> NDArray[np.bool_]:
        return e.masks[chosen(e.masks, e.saliency, scored(net, e), config)]

    return object_figures((picked(e), e.objects, e.saliency) for e in examples)


def scored(net: ObjectNet, example: ObjectExample) -> NDArray[np.float32]:
    """The IoU (K,) that is expected of each candidate."""
    with torch.inference_mode():
        looks = torch.from_numpy(example.looks.astype(np.float32))
        logits = net(torch.from_numpy(example.forms), looks)
        return np.asarray(torch.sigmoid(logits).numpy(), np.float32)


def _plain(figures: ObjectFigures) -> dict[str, float]:
    return {**dataclasses.asdict(figures), "f1": figures.f1}
