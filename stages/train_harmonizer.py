"""Training of the harmonising network: objects of photographs, their colours changed and undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import DataError
from ..core.seeds import generator
from ..models.harmony import HARMONY
from ..models.harmony_export import export_harmony
from ..models.harmony_net import HarmonyConfig, HarmonyNet, curve
from ..models.packing import round_int8
from ..models.small_net import write_small_net
from .harmony_examples import Changes, HarmonyExamples, draw_example, read_examples
from .inpaint_sources import train_sources
from .one_cycle import trained
from .train_metrics import metrics_file

METRICS = "harmony_metrics.jsonl"
WEIGHTS = "harmony.safetensors"


@dataclass(frozen=True)
class TrainHarmonizerConfig:
    """How long and how fast."""

    steps: int = 3000
    batch: int = 32
    rate: float = 4e-3  # AdamW's, after a twentieth of the steps, then falling to 0 (one cycle)
    decay: float = 0.05
    clip: float = 1.0  # of the gradient's norm
    average: float = 0.998  # decay of the running mean of weights that is kept in the end
    every: int = 500  # steps between two measurements
    seed: int = 0
    changes: Changes = field(default_factory=Changes)
    net: HarmonyConfig = field(default_factory=HarmonyConfig)


def train_harmonizer(
    data: Sequence[Path],
    out: Path,
    config: TrainHarmonizerConfig,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda row: None,
    begin: Callable[[str, int], Callable[[], object]] = lambda what, total: lambda: None,
) -> list[Path]:
    """Train the network and write its files, whose paths it returns.

    Args:
        data: folders as `inpaint_sources.read_sources` takes them; of data sets with parts only
            the train part is read.
        out: gets `harmony.onnx`, `harmony.safetensors` and `harmony_metrics.jsonl`.
        config: how long and how fast.
        limit: photographs of each folder at most, spread over it.
        cache: the small pictures are kept here; `out/features` by default.
        log: is given every line of the metrics.
        begin: called with the name and length of a phase; gives what to call at every step.

    Raises:
        DataError, ImageError, MaskError, ModelError, UsageError: the data are not as needed.
    """
    sources = train_sources(data, limit)
    examples = read_examples(sources, cache or out / "features", config.seed, begin=begin)
    with metrics_file(out / METRICS, log) as keep:
        net = fit(examples, config, keep, begin)
    round_int8(net)
    write_small_net(out / WEIGHTS, net, config.net)
    export_harmony(net, out / HARMONY)
    return [out / HARMONY, out / WEIGHTS, out / METRICS]


def fit(
    examples: HarmonyExamples,
    config: TrainHarmonizerConfig,
    log: Callable[[dict[str, Any]], None],
    begin: Callable[[str, int], Callable[[], object]],
) -> HarmonyNet:
    """A network trained by AdamW with one cycle (Smith and Topin, 2018), in evaluation mode.

    Raises:
        DataError: all windows are held out.
        ModelError: the loss is no number any more.
    """
    torch.manual_seed(config.seed)
    own, held = examples.windows[~examples.held], examples.windows[examples.held]
    if not len(own):
        raise DataError(
            "all objects are of photographs that are held out; give more photographs with masks."
        )
    net = HarmonyNet(config.net)
    draw = generator(config.seed, "harmonizer")

    def loss() -> Tensor:
        chosen = own[draw.integers(0, len(own), config.batch)]
        seen, truth, changed = draw_batch(chosen, config.changes, draw, vary=True)
        return (curve(changed, net(seen)) - truth).square().mean()

    def figures(mean: HarmonyNet) -> dict[str, float]:
        return measured(mean.eval(), held, config) if len(held) else {}

    return trained(net, config, loss, figures, log, begin)


@torch.no_grad()
def measured(
    net: HarmonyNet, windows: NDArray[np.uint8], config: TrainHarmonizerConfig
) -> dict[str, float]:
    """Mean differences from the truth in the object, of 255: as changed, undone, and unprovoked.

    `changed` is of colours as they were changed, `undone` of what the network makes of them, and
    `unprovoked` of what it makes of objects that nobody changed.
    """
    found = {}
    for name, untouched in (("undone", 0.0), ("unprovoked", 1.0)):
        draw = generator(config.seed, "harmonizer-held-out")
        changes = Changes(**{**vars(config.changes), "untouched": untouched})
        seen, truth, changed = draw_batch(windows, changes, draw, vary=False)
        if not untouched:
            found["changed"] = round(255 * (changed - truth).abs().mean().item(), 3)
        moved = curve(changed, net(seen))
        found[name] = round(255 * (moved - truth).abs().mean().item(), 3)
    return found


def draw_batch(
    windows: NDArray[np.uint8], changes: Changes, random: np.random.Generator, *, vary: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """What the network sees (N,4,SIDE,SIDE), and pixels (N,P,3) before and after the change."""
    drawn = [draw_example(window, changes, random, vary=vary) for window in windows]
    seen, truth, changed = (torch.from_numpy(np.stack(each)) for each in zip(*drawn, strict=True))
    return seen, truth, changed
