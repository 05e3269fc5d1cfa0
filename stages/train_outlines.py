"""Training of the outline network on masks of objects; the trunk that ships stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.errors import DataError
from ..core.seeds import generator
from ..models.crop_builtin import LITE, VIT, network_file, weights_folder
from ..models.grouping import GROUPING, ObjectGrouping
from ..models.outline_net import OutlineConfig, OutlineNet
from ..models.outlines import OUTLINES
from ..models.outlines_export import export_outlines
from ..models.packing import round_int8
from ..models.saliency import open_saliency
from ..models.saliency_builtin import SALIENCY
from ..models.saliency_features import SaliencyTrunks
from ..models.segmenter import Segmenter
from ..models.segmenter_salient import SalientSegmenter
from ..models.small_net import write_small_net
from .one_cycle import trained
from .outline_batches import drawn, stacked
from .outline_examples import OutlineExample, compute_examples
from .outline_figures import OutlineScores, compared
from .outline_sources import open_outline_sources
from .train_metrics import metrics_file

METRICS = "outlines_metrics.jsonl"
WEIGHTS = "outlines.safetensors"
_BAND = 4  # cells on both sides of an outline that count more


@dataclass(frozen=True)
class TrainOutlinesConfig:
    """How long and how fast."""

    steps: int = 1000
    batch: int = 8
    rate: float = 3e-3  # AdamW's, after a twentieth of the steps, then falling to 0 (one cycle)
    decay: float = 0.01
    clip: float = 1.0  # of the gradient's norm
    average: float = 0.99  # decay of the running mean of weights that is kept in the end
    every: int = 125  # steps between two measurements
    found: float = 2.0  # how often a found mask is drawn for one that was made coarse
    band: float = 3.0  # by how much more cells near the outline count
    seed: int = 0
    net: OutlineConfig = field(default_factory=OutlineConfig)


def train_outlines(
    data: Sequence[Path],
    out: Path,
    config: TrainOutlinesConfig,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train the network and write its files, whose paths it returns.

    Args:
        data: folders of PASCAL VOC, COCO or salient objects, whose train parts are read.
        out: gets `outlines.onnx`, `outlines.safetensors` and `outlines_metrics.jsonl`.
        config: how long and how fast.
        limit: photographs of each folder at most, spread over it.
        cache: windows and maps are kept here; `out/outlines` by default.
        log: is given every line of the metrics.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, MaskError, ModelError: the data are not as needed.
    """
    sources = open_outline_sources(data, limit)
    advance = begin("windows", len(sources))
    examples = compute_examples(
        sources, _segmenter, cache or out / "outlines", weights=_weights(), advance=advance
    )
    with metrics_file(out / METRICS, log) as keep:
        net = fit(examples, config, keep, begin)
    round_int8(net)
    write_small_net(out / WEIGHTS, net, config.net)
    export_outlines(net, out / OUTLINES)
    return [out / OUTLINES, out / WEIGHTS, out / METRICS]


def _weights() -> list[Path]:
    """The files that `_segmenter` opens."""
    return [network_file(name) for name in (SALIENCY, GROUPING, LITE, VIT)]


def _segmenter() -> Segmenter:
    """What makes the coarse masks: `salient` as it is before its masks are refined."""
    trunks = SaliencyTrunks(1, weights_folder())
    reader = open_saliency(trunks=trunks)
    return SalientSegmenter(reader, grouping=ObjectGrouping(trunks))


def fit(
    examples: Sequence[OutlineExample],
    config: TrainOutlinesConfig,
    log: Callable[[dict[str, Any]], None],
    begin: Callable[[str, int], Callable[[], object]],
) -> OutlineNet:
    """A network trained by AdamW with one cycle (Smith and Topin, 2018), in evaluation mode.

    Raises:
        DataError: no object is left to learn from.
        ModelError: the loss is no number any more.
    """
    torch.manual_seed(config.seed)
    held = [e for e in examples if e.held_out and e.found]
    own = [e for e in examples if not e.held_out]
    if not own:
        raise DataError(
            "no photograph that is not held out shows an object of a fit size; give more "
            "photographs with masks."
        )
    chances = np.array([e.weight * (config.found if e.found else 1) for e in own])
    chances /= chances.sum()
    net = OutlineNet(config.net)
    draw = generator(config.seed, "outlines")

    def loss() -> Tensor:
        chosen = [own[k] for k in draw.choice(len(own), config.batch, p=chances)]
        maps, pictures, coarse, truth, counts = drawn(chosen, draw)
        return outline_loss(net(maps, pictures, coarse), truth, counts, config.band)

    def figures(mean: OutlineNet) -> dict[str, Any]:
        return measured(mean, held) if held else {}

    return trained(net, config, loss, figures, log, begin)


def outline_loss(logits: Tensor, truth: Tensor, counts: Tensor, band: float) -> Tensor:
    """Cross-entropy, `band` times more near outlines, and the Dice loss (Milletari, 2016).

    Args:
        logits, truth: (N,1,h,w); truth in [0, 1].
        counts: (N,1,h,w) in [0, 1], how much a cell counts.
        band: 0 for the same everywhere.
    """
    size = 2 * _BAND + 1
    low = -F.max_pool2d(-truth, size, 1, _BAND)
    weights = counts * (1 + band * (F.max_pool2d(truth, size, 1, _BAND) - low))
    losses = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * weights
    entropy = losses.sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp(min=1)
    found, wanted = torch.sigmoid(logits) * counts, truth * counts
    both = (found * wanted).sum((1, 2, 3))
    dice = 1 - (2 * both + 1) / (found.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)
    return (entropy + dice).mean()


@torch.no_grad()
def measured(net: OutlineNet, examples: Sequence[OutlineExample]) -> dict[str, Any]:
    """Means over `examples` of what `outline_figures` has, of coarse and refined masks."""
    before, after = list[OutlineScores](), list[OutlineScores]()
    net.eval()  # the running mean, which is never trained
    for e in examples:
        maps, pictures, coarse, _, _ = stacked([e], [e.coarse])
        found = net(maps, pictures, coarse)[0, 0].numpy() > 0
        before.append(compared(e.coarse > 127, e))
        after.append(compared(found, e))
    row: dict[str, Any] = {}
    for name, scores in (("coarse", before), ("refined", after)):
        means = np.array(scores).mean(0)
        row[name] = {
            k: round(float(v), 4) for k, v in zip(OutlineScores._fields, means, strict=True)
        }
    return row
