"""`compose train contours`: the lines from which sketches begin."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import options
from .shared import Shared
from .train_options import (
    Features,
    NetworkFolder,
    PhotoLimit,
    StepsJson,
    TrainData,
    may_begin,
    phases,
)


def contours(
    ctx: typer.Context,
    data: TrainData,
    out: NetworkFolder,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, metavar="N", help="Steps of 8 windows each."),
    ] = None,
    limit: PhotoLimit = None,
    features: Features = None,
    checkpoint: options.Checkpoint = None,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: StepsJson = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Train the finder of contours on the maps of HED, on the trunk that ships with the tool.

    HED's weights are the checkpoint hed (see `compose models pull`); photographs need no labels.
    One in twenty only measures. Interrupted while it computes HED's maps, the same command goes
    on where it stopped.
    """
    import dataclasses

    from ..models.contours import CONTOURS

    output = Shared.of(ctx).output()
    targets = [out / name for name in (CONTOURS, "contours_metrics.jsonl")]
    if not may_begin(output, targets, overwrite=overwrite, dry_run=dry_run, reads=data):
        return
    from ..models.cache import parse_user_paths
    from ..models.hed import Hed, load_hed_edges
    from ..models.hub import resolve
    from ..stages.train_contours import TrainContoursConfig, train_contours

    settings = TrainContoursConfig(seed=seed)
    if steps is not None:
        settings = dataclasses.replace(settings, steps=steps)
    user = parse_user_paths(checkpoint or ())

    def teacher() -> Hed:
        return load_hed_edges(resolve("hed", user))

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        held = f"  held out {row['correlation']:.4f}" if "correlation" in row else ""
        output.text(f"step {row['step']:6d}  loss {row['loss']:.4f}{held}  {row['seconds']:.0f} s")

    with phases(output) as begin:
        files = train_contours(
            data, teacher, out, settings, limit=limit, cache=features, log=log, begin=begin
        )
    for path in files:
        output.path(path)
