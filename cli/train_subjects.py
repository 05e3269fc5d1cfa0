"""`compose train subjects`: what finds the subjects of `compose crop --per-subject`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .shared import Shared
from .train_options import (
    Epochs,
    EpochsJson,
    Features,
    NetworkFolder,
    epoch_lines,
    may_begin,
    phases,
)


def subjects(
    ctx: typer.Context,
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIR", help="COCO's folder, of which the train part."),
    ],
    out: NetworkFolder,
    more: Annotated[
        Path | None,
        typer.Option(
            "--more", metavar="DIR", help="PASCAL VOC's folder, to learn from its train part too."
        ),
    ] = None,
    epochs: Epochs = None,
    features: Features = None,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: EpochsJson = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Train what finds single objects, whatever they are, on photographs with their outlines.

    Interrupted while it computes features, the same command goes on where it stopped.
    """
    import dataclasses

    from ..models.subjects import SUBJECTS

    output = Shared.of(ctx).output()
    targets = [out / name for name in (SUBJECTS, "subjects.safetensors", "subjects_metrics.jsonl")]
    if not may_begin(output, targets, overwrite=overwrite, dry_run=dry_run, reads=[data, more]):
        return
    from ..stages.train_subjects import TrainSubjectsConfig, train_subjects

    settings = TrainSubjectsConfig(seed=seed)
    if epochs is not None:
        settings = dataclasses.replace(settings, epochs=epochs)

    with phases(output) as begin:
        files = train_subjects(
            data,
            out,
            settings,
            more=more,
            cache=features,
            log=epoch_lines(output),
            begin=begin,
        )
    for path in files:
        output.path(path)
