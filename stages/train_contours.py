"""Training of the contour head on a teacher's maps; the trunk that ships stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.seeds import generator
from ..models.contour_net import STRIDE, ContourConfig, ContourNet
from ..models.contours import CONTOURS
from ..models.crop_builtin import weights_folder
from ..models.crop_weights import load_crop_net
from ..models.efficientnet_lite import EfficientNetLite, trunk_maps
from ..models.hed import Hed
from ..models.packing import round_int8
from ..models.perceptual import frozen
from ..models.small_net import write_small_net
from .contour_examples import ContourExample, compute_examples, draw_batch
from .inpaint_sources import train_sources
from .one_cycle import trained
from .train_metrics import metrics_file

METRICS = "contours_metrics.jsonl"
_HELD_OUT = 20  # one photograph in so many only measures


@dataclass(frozen=True)
class TrainContoursConfig:
    """How long and how fast."""

    steps: int = 3000
    batch: int = 8
    side: int = 256  # pixels of a window
    rate: float = 3e-3  # AdamW's, after a twentieth of the steps, then falling to 0 (one cycle)
    decay: float = 0.01
    clip: float = 1.0  # of the gradient's norm
    average: float = 0.99  # decay of the running mean of weights that is kept in the end
    every: int = 250  # steps between two measurements
    seed: int = 0
    net: ContourConfig = field(default_factory=ContourConfig)

    def __post_init__(self) -> None:
        if self.side % STRIDE:
            raise ValueError(f"side {self.side} is no multiple of {STRIDE}")


def train_contours(
    data: Sequence[Path],
    teacher: Callable[[], Hed],
    out: Path,
    config: TrainContoursConfig,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train the head and write its files, whose paths it returns.

    Args:
        data: folders as `inpaint_sources.read_sources` takes them; of data sets with parts only
            the train part is read.
        teacher: opens the network whose maps are learned.
        out: gets `contours.safetensors` and `contours_metrics.jsonl`.
        config: how long and how fast.
        limit: photographs of each folder at most, spread over it.
        cache: the teacher's maps are kept here; `out/contours` by default.
        log: is given every line of the metrics.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, ModelError, UsageError: the data or the teacher are not as needed.
    """
    sources = train_sources(data, limit)
    advance = begin("teacher's maps", len(sources))
    examples = compute_examples(sources, teacher(), cache or out / "contours", advance=advance)
    with metrics_file(out / METRICS, log) as keep:
        net = fit(examples, config, keep, begin)
    round_int8(net)
    write_small_net(out / CONTOURS, net, config.net)
    return [out / CONTOURS, out / METRICS]


def fit(
    examples: Sequence[ContourExample],
    config: TrainContoursConfig,
    log: Callable[[dict[str, Any]], None],
    begin: Callable[[str, int], Callable[[], object]],
) -> ContourNet:
    """A head trained by AdamW with one cycle (Smith and Topin, 2018), in evaluation mode.

    Every twentieth photograph is held out where there are so many; the metrics have the mean
    absolute error there, and the correlation of the two maps over all their pixels.
    """
    torch.manual_seed(config.seed)
    trunk = load_crop_net(weights_folder()).lite
    frozen(trunk, "cpu")
    held = list(examples[_HELD_OUT - 1 :: _HELD_OUT])
    own = [e for k, e in enumerate(examples) if (k + 1) % _HELD_OUT or not held]
    net = ContourNet(config.net)
    draw = generator(config.seed, "contours")

    def loss() -> Tensor:
        pictures, truth = draw_batch(own, config.batch, config.side, draw)
        with torch.no_grad():
            maps = trunk_maps(trunk, pictures, config.net.stages)
        return F.binary_cross_entropy_with_logits(net(maps, pictures), truth)

    def figures(mean: ContourNet) -> dict[str, float]:
        return measured(mean, trunk, held) if held else {}

    return trained(net, config, loss, figures, log, begin)


@torch.no_grad()
def measured(
    net: ContourNet, trunk: EfficientNetLite, examples: Sequence[ContourExample]
) -> dict[str, float]:
    """Mean absolute error and correlation with the teacher, over all pixels of `examples`."""
    found, wanted = [], []
    for example in examples:
        height, width = (s // STRIDE * STRIDE for s in example.rgb.shape[:2])
        if not height or not width:
            continue
        rgb = torch.from_numpy(np.ascontiguousarray(example.rgb[:height, :width]))
        picture = rgb.permute(2, 0, 1)[None].float() / 255
        logits: Tensor = net(trunk_maps(trunk, picture, net.config.stages), picture)
        truth = torch.from_numpy(example.contours[:height, :width].copy())[None, None].float()
        found.append(torch.sigmoid(logits).flatten())
        wanted.append(F.avg_pool2d(truth / 255, 2).flatten())
    if not found:
        return {}
    a, b = torch.cat(found).double(), torch.cat(wanted).double()
    correlation = float(torch.corrcoef(torch.stack([a, b]))[0, 1])
    return {"error": round(float((a - b).abs().mean()), 5), "correlation": round(correlation, 5)}
