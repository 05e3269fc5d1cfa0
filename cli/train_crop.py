"""`compose train crop`: the croppers, those that ship and those of the two papers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from . import options
from .crop_data import named_set
from .shared import Shared
from .train_composite_options import Keep, MaxSteps, Resume
from .train_crop_options import (
    BatchSize,
    Board,
    Cad,
    ContextModelFile,
    ContextOption,
    Data,
    DryRun,
    Engine,
    FusionOption,
    Init,
    LearningRate,
    Preset,
    PresetOption,
    Refs,
    Rounds,
    SaveEvery,
    Text,
    TrainedEngine,
    Workers,
)
from .train_options import (
    Epochs,
    EpochsJson,
    Features,
    NetworkFolder,
    epoch_lines,
    may_begin,
    phases,
)
from .unused import refuse_unused

if TYPE_CHECKING:
    from .output import Output


def crop(
    ctx: typer.Context,
    out: NetworkFolder,
    data: Data = None,
    engine: Engine = TrainedEngine.builtin,
    epochs: Epochs = None,
    features: Features = None,
    cad: Cad = None,
    preset: PresetOption = Preset.small,
    init: Init = None,
    refs: Refs = None,
    text: Text = None,
    fusion: FusionOption = None,
    context: ContextOption = None,
    context_model: ContextModelFile = None,
    rounds: Rounds = 3,
    max_steps: MaxSteps = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    save_every: SaveEvery = None,
    keep: Keep = None,
    workers: Workers = None,
    tensorboard: Board = False,
    resume: Resume = None,
    precision: options.Precision = "auto",
    device: options.Device = "auto",
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: EpochsJson = False,
    quiet: options.Quiet = False,
    dry_run: DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Train a cropping engine on drawn crops and voted pairs.

    builtin and rank: the trunks' weights come from the checkpoints efficientnet-lite2 and
    vit-s-focus (see `compose models pull`). Interrupted while it computes features, the same
    command goes on where it stopped. The files can be used by `compose crop --weights DIR`.

    procrop and multi-in-one: the networks of the two papers, from crops that people drew or rated
    (--data, of the set's training part), from photographs that were painted on (--cad, in two
    stages), or both. Used by `compose crop --engine
    procrop --checkpoint procrop=FILE`. On several GPUs: torchrun --nproc-per-node N -m compose.cli
    train crop … Interrupted or terminated, it writes a checkpoint, and --resume auto ends with the
    very same weights.
    """
    from ..core.errors import UsageError

    output = Shared.of(ctx).output()
    named = [(name or "fcdb", folder) for name, folder in map(named_set, data or [])]
    if cad is not None:
        named.append(("cad", cad))
    if engine in (TrainedEngine.builtin, TrainedEngine.rank):
        if not named:
            raise UsageError("give the data to train on: --data DIR, FCDB's folder.")
        if [name for name, _ in named] != ["fcdb"] or refs or text or init or context_model:
            raise UsageError(
                f"--engine {engine.value} is trained on one FCDB alone; leave other data, --cad, "
                "--refs, --text, --init and --context-model out, or train procrop or multi-in-one."
            )
        refuse_unused(ctx, _PAPERS, f"--engine {engine.value}", "train procrop or multi-in-one")
        _builtin(output, named[0][1], out, engine, epochs, features, seed, overwrite, dry_run)
        return
    if not named:
        raise UsageError("give the data to train on: --data NAME:DIR, --cad DIR, or both.")
    from .train_crop_detr import DetrRequest, train_detr_command

    chosen: dict[str, Any] = {
        "steps": max_steps,
        "epochs": epochs,
        "batch": batch_size,
        "rate": learning_rate,
        "every": save_every,
        "keep": keep,
        "workers": workers,
    }
    train_detr_command(
        output,
        DetrRequest(
            engine=engine.value,
            preset=preset.value,
            out=out,
            data=tuple(named),
            features=features,
            init=init,
            refs=refs,
            text=text,
            fusion=fusion.value if fusion else None,
            context=context.value if context else None,
            context_model=context_model,
            rounds=rounds,
            chosen={name: value for name, value in chosen.items() if value is not None},
            board=tensorboard,
            resume=resume,
            precision=precision,
            device=device,
            seed=seed,
            overwrite=overwrite,
            dry_run=dry_run,
        ),
    )


# options of the papers' networks that no refusal above names
_PAPERS = (
    "preset", "fusion", "context", "rounds", "max_steps", "batch_size", "learning_rate",
    "save_every", "keep", "workers", "tensorboard", "resume", "precision", "device",
)  # fmt: skip


def _builtin(
    output: Output,
    data: Path,
    out: Path,
    engine: TrainedEngine,
    epochs: int | None,
    features: Path | None,
    seed: int,
    overwrite: bool,
    dry_run: bool,
) -> None:
    import dataclasses

    from ..models.crop_builtin import HEADS, LITE, RANK, REGIONS, VIT

    names = [RANK, "crop_rank.safetensors", "metrics.jsonl"]
    if engine is TrainedEngine.builtin:
        names += [LITE, VIT, HEADS, REGIONS, "crop_builtin.safetensors"]
    targets = [out / name for name in names]
    if not may_begin(output, targets, overwrite=overwrite, dry_run=dry_run, reads=[data]):
        return
    from ..stages.train_crop import TrainCropConfig, train_crop

    settings = TrainCropConfig(engine=engine.value, seed=seed)
    if epochs is not None:
        settings = dataclasses.replace(settings, epochs=epochs)
    with phases(output) as begin:
        files = train_crop(
            data, out, settings, cache=features, log=epoch_lines(output), begin=begin
        )
    for path in files:
        output.path(path)
