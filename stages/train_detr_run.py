"""A run of the DETR croppers' training: its folder, metrics and checkpoints.

config.json                            what was set
metrics.jsonl                          a line every so many steps
board/                                 TensorBoard's events, where asked for
checkpoints/                           see `train_state`
procrop.safetensors, or multi-in-one…  the result: the running mean of the weights
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ..core.errors import Interrupted
from ..core.files import atomic_write
from ..models.context_model import ContextModel
from ..models.crop_detr import CropDetr
from .crop_feed import CropFeed
from .train_composite_world import World
from .train_detr import CropTraining
from .train_detr_config import TrainDetrConfig
from .train_hooks import RunHooks
from .train_metrics import Metrics
from .train_state import begin_anew, find_checkpoint, read_state, write_state

METRICS, CONFIG, BOARD = "metrics.jsonl", "config.json", "board"


def result_name(engine: str) -> str:
    """The file of a trained cropper."""
    return f"{engine}.safetensors"


def train_detr(
    net: CropDetr,
    feed: CropFeed,
    out: Path,
    config: TrainDetrConfig,
    *,
    world: World | None = None,
    context: ContextModel | None = None,
    resume: str | None = None,
    board: bool = False,
    hooks: RunHooks | None = None,
) -> list[Path]:
    """Train, and give the paths of the run's lasting files.

    A run that was interrupted and resumed ends with the same weights as one that was not.

    Args:
        net: to train; it is changed, and in the end has the running mean for weights.
        feed: of photographs.
        out: the run's folder.
        config: how.
        world: this process among those that train together; alone by default.
        context: the second detector of multi-in-one.
        resume: see `train_state.find_checkpoint`.
        board: write TensorBoard's events too.
        hooks: see there.

    Raises:
        DataError, ModelError, OutputError: the data, the weights or the disk are not as needed.
        Interrupted: `hooks.should_stop` said so; a checkpoint has been written.
    """
    world, hooks = world or World(), hooks or RunHooks()
    begun = find_checkpoint(out, resume)
    if resume is None and world.first:
        begin_anew(out)
    world.wait()
    training = CropTraining(net, feed, config, world, context)
    path = out / METRICS if world.first else None
    events = out / BOARD if board and world.first else None
    metrics = Metrics(path, config.log, hooks.log, events)
    try:
        if begun is not None:
            read_state(begun, training, metrics, training.restore)
        if world.first:
            _write_config(training, out)
        hooks.begin(training.total - training.step)
        _steps(training, metrics, out, hooks)
    finally:
        training.close()
        metrics.close()
    result = out / result_name(config.net.engine)
    if world.first:
        training.write_weights(result)
    world.wait()
    training.settle()
    return [result, out / METRICS, out / CONFIG]


def _steps(training: CropTraining, metrics: Metrics, out: Path, hooks: RunHooks) -> None:
    world = training.world
    while training.step < training.total:
        row = training.advance()
        done = training.step == training.total
        metrics.take(training.step, row, done)
        stop = world.any(hooks.should_stop())
        if stop or done or training.step % training.config.every == 0:
            if world.first:
                write_state(out, training, metrics, training.write_weights)
            world.wait()
        hooks.advance()
        if stop and not done:
            raise Interrupted(
                f"interrupted after step {training.step}; run the same command with --resume "
                "auto to go on."
            )


def _write_config(training: CropTraining, out: Path) -> None:
    values = asdict(training.config)
    values |= {"steps": training.total, "processes": training.world.size}
    with atomic_write(out / CONFIG) as part:
        part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
