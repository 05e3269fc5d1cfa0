"""`compose train composite`: what paints several objects into a picture together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from . import options
from .shared import Shared
from .train_composite_options import (
    Accumulate,
    BatchSize,
    DatasetName,
    Epochs,
    Everything,
    Guidance,
    Init,
    IsJoint,
    Keep,
    LearningRate,
    LimitTrainBatches,
    LoggerFreq,
    MaxSteps,
    ObjectEncoder,
    Resume,
    SaveEvery,
    Shards,
    Toy,
    Workers,
    limit_of,
)
from .train_options import EpochsJson, NetworkFolder, may_begin, phases
from .train_steps import Steps, asked_to_stop

if TYPE_CHECKING:
    from ..stages.train_composite_config import TrainCompositeConfig


def composite(
    ctx: typer.Context,
    out: NetworkFolder,
    data: Shards = None,
    toy: Toy = False,
    dataset_name: DatasetName = None,
    is_joint: IsJoint = False,
    init: Init = None,
    object_encoder: ObjectEncoder = None,
    max_steps: MaxSteps = None,
    epochs: Epochs = None,
    limit_train_batches: LimitTrainBatches = "1.0",
    batch_size: BatchSize = None,
    accumulate: Accumulate = None,
    learning_rate: LearningRate = None,
    everything: Everything = False,
    save_every: SaveEvery = None,
    keep: Keep = None,
    logger_freq: LoggerFreq = None,
    workers: Workers = None,
    guidance: Guidance = None,
    resume: Resume = None,
    precision: options.Precision = "auto",
    device: options.Device = "auto",
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: EpochsJson = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Train the network of engine pics on shards of pairs, or the tiny one on a drawn set.

    DATA are shards in PICS's layout: folders, .tar files or patterns such as
    lvis/{00000..00005}.tar. --init takes Stable Diffusion 2.1 or a file of PICS itself.

    --toy needs no data and no weights: in minutes on a CPU a tiny network learns to paint two
    coloured shapes into their boxes with the right one in front, which is measured at the end on
    scenes it never saw.

    On several GPUs: torchrun --nproc-per-node N -m compose.cli train composite … Interrupted or
    terminated, it writes a checkpoint, and --resume auto ends with the very same weights.
    """
    import dataclasses
    import os

    from ..core.errors import Interrupted, UsageError

    if toy == bool(data):
        raise UsageError("give DATA to train on, or --toy for the drawn set.")
    if toy and (init or object_encoder or dataset_name or is_joint):
        raise UsageError("--toy takes no weights and no data sets; leave those options out.")
    if toy and (epochs is not None or limit_of(limit_train_batches) != 1.0):
        raise UsageError("the drawn set has no end and so no epochs; give --max-steps instead.")
    output = Shared.of(ctx).output()
    first = os.environ.get("RANK", "0") == "0"
    targets = [out / name for name in ("pics.safetensors", "metrics.jsonl", "config.json")]
    # processes of torchrun other than the first would see what that one has begun to write
    allowed = overwrite or resume is not None or not first
    if not may_begin(output, targets, overwrite=allowed, dry_run=dry_run):
        return
    from ..core.devices import resolve_device, resolve_precision
    from ..stages.train_composite_config import TOY, TrainCompositeConfig
    from ..stages.train_composite_run import RunHooks, train_composite
    from ..stages.train_composite_world import close_world, open_world

    half = resolve_precision(precision, resolve_device(device), auto="bf16")
    settings = TOY if toy else TrainCompositeConfig()
    chosen: dict[str, Any] = {
        "steps": max_steps,
        "epochs": epochs,
        "batch": batch_size,
        "accumulate": accumulate,
        "rate": learning_rate,
        "every": save_every,
        "keep": keep,
        "grids": logger_freq,
        "guidance": guidance,
        "workers": workers,
    }
    settings = dataclasses.replace(
        settings,
        **{name: value for name, value in chosen.items() if value is not None},
        limit=limit_of(limit_train_batches),
        everything=settings.everything or everything,
        half=None if half == "fp32" else half,
        seed=seed,
    )

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        output.text(f"step {row['step']:7d}  loss {row['loss']:.4f}  rate {row['rate']:.1e}")

    world = open_world(resolve_device(device))
    try:
        with phases(output) as begin, asked_to_stop() as asked:
            source = _source(toy, data or [], dataset_name, is_joint, settings, begin)
            model = _model(settings, init, object_encoder, world.device)
            steps = Steps(begin, asked)
            hooks = RunHooks(log, steps.advance, lambda: bool(asked), steps.begin)
            files = train_composite(
                model, source, out, settings, world=world, resume=resume, hooks=hooks
            )
            if toy and world.first:
                _measure(model, settings, world.device, output, begin)
    except Interrupted as error:
        output.note(str(error))
        raise typer.Exit(130) from None
    finally:
        close_world(world)
    if world.first:
        for path in files:
            output.path(path)


def _source(
    toy: bool,
    data: list[str],
    name: str | None,
    joint: bool,
    settings: TrainCompositeConfig,
    begin: Any,
) -> Any:
    from ..data.shard_names import find_shards
    from ..stages.composite_sources import ShardSource, ToySource

    if toy:
        return ToySource(settings.seed)
    sets = find_shards(data, name, joint)
    advance = begin("shards", sum(len(found.shards) for found in sets))
    return ShardSource(sets, settings.seed, advance)


def _model(
    settings: TrainCompositeConfig, init: Path | None, objects: Path | None, device: str
) -> Any:
    import torch

    from ..models.pics_load import begin_pics

    torch.manual_seed(settings.seed)  # for what begins at random
    return begin_pics(settings.net, start=init, objects=objects, device=device)


def _measure(
    model: Any, settings: TrainCompositeConfig, device: str, output: Any, begin: Any
) -> None:
    from ..models.pics_noise import SamplerConfig
    from ..stages.train_composite_toy import measure_toy

    scenes = 100
    row = measure_toy(
        model,
        scenes=scenes,
        seed=settings.seed,
        sampler=SamplerConfig(guidance=settings.guidance),
        device=device,
        advance=begin("held-out scenes", scenes + scenes // 2),
    )
    output.record(row)
    output.text(
        f"of {row['samples']} scenes held out: both shapes right where they are alone "
        f"{row['alone']:.1%}, the front one where they overlap {row['overlap']:.1%}, all of it "
        f"{row['all_right']:.1%} (overlap without being told the order {row['not_told']:.1%})"
    )
