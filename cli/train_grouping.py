"""`compose train grouping`: what takes apart objects that touch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .shared import Shared
from .train_options import Epochs, EpochsJson, Features, NetworkFolder, may_begin, phases


def grouping(
    ctx: typer.Context,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            metavar="SET",
            help="A set that `compose build-dataset occlusion` made; repeatable.",
        ),
    ],
    out: NetworkFolder,
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
    """Train what takes apart objects that touch, on scenes in which one object hides another.

    One photograph in five, by its name, only measures. At the end stands, for several limits of
    likeness, the share of objects that are found when all that touch are taken as one blob, and
    the share of single objects that stay whole. Interrupted while it computes features, the same
    command goes on where it stopped.
    """
    import dataclasses

    from ..models.grouping import GROUPING

    output = Shared.of(ctx).output()
    targets = [out / name for name in (GROUPING, "grouping.safetensors", "grouping_metrics.jsonl")]
    if not may_begin(output, targets, overwrite=overwrite, dry_run=dry_run, reads=data):
        return
    from ..stages.train_grouping import TrainGroupingConfig, train_grouping

    settings = TrainGroupingConfig(seed=seed)
    if epochs is not None:
        settings = dataclasses.replace(settings, epochs=epochs)

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        if "epoch" in row:
            output.text(
                f"epoch {row['epoch']:3d}  loss {row['loss']:.4f}  held out AUC {row['auc']:.4f}"
            )
        else:
            output.text(
                f"most alike {row['most_alike']:.2f}  objects found {row['found']:.1%}  "
                f"single ones whole {row['whole']:.1%}  ({row['scenes']} scenes held out)"
            )

    with phases(output) as begin:
        files = train_grouping(data, out, settings, cache=features, log=log, begin=begin)
    for path in files:
        output.path(path)
