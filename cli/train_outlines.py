"""`compose train outlines`: what corrects the masks of objects that were found."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import options
from .shared import Shared
from .train_options import (
    Features,
    MaskedData,
    NetworkFolder,
    PhotoLimit,
    StepsJson,
    may_begin,
    phases,
)


def outlines(
    ctx: typer.Context,
    data: MaskedData,
    out: NetworkFolder,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, metavar="N", help="Steps of 8 objects each."),
    ] = None,
    limit: PhotoLimit = None,
    features: Features = None,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: StepsJson = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Train what corrects the masks that segmenter salient finds, on the trunk that ships.

    It learns from masks that are found and from true ones made coarse. One photograph in five
    only measures. Interrupted while it computes windows, the same command goes on where it stopped.
    """
    import dataclasses

    from ..models.outlines import OUTLINES

    output = Shared.of(ctx).output()
    names = (OUTLINES, "outlines.safetensors", "outlines_metrics.jsonl")
    targets = [out / name for name in names]
    if not may_begin(output, targets, overwrite=overwrite, dry_run=dry_run, reads=data):
        return
    from ..stages.train_outlines import TrainOutlinesConfig, train_outlines

    settings = TrainOutlinesConfig(seed=seed)
    if steps is not None:
        settings = dataclasses.replace(settings, steps=steps)

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        held = ""
        if "refined" in row:
            before, after = row["coarse"], row["refined"]
            held = f"  IoU {before['iou']:.4f} -> {after['iou']:.4f}"
            held += f"  left {before['left']:.4f} -> {after['left']:.4f}"
        output.text(f"step {row['step']:6d}  loss {row['loss']:.4f}{held}  {row['seconds']:.0f} s")

    with phases(output) as begin:
        files = train_outlines(
            data, out, settings, limit=limit, cache=features, log=log, begin=begin
        )
    for path in files:
        output.path(path)
