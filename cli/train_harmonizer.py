"""`compose train harmonizer`: what brings an object's colours to the light of a scene."""

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


def harmonizer(
    ctx: typer.Context,
    data: TrainData,
    out: NetworkFolder,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, metavar="N", help="Steps of 32 objects each."),
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
    """Train --harmonize learned of `compose composite`, on objects whose colours are changed.

    Objects are those of the masks; over photographs without masks the shapes of others are laid.
    Light, warmth, gamma, saturation and contrast of an object are changed, and the network learns
    to undo it, and to leave alone what was not changed. One photograph in ten only measures.
    """
    import dataclasses

    from ..models.harmony import HARMONY

    output = Shared.of(ctx).output()
    targets = [out / name for name in (HARMONY, "harmony.safetensors", "harmony_metrics.jsonl")]
    if not may_begin(output, targets, overwrite=overwrite, dry_run=dry_run, reads=data):
        return
    from ..stages.train_harmonizer import TrainHarmonizerConfig, train_harmonizer

    settings = TrainHarmonizerConfig(seed=seed)
    if steps is not None:
        settings = dataclasses.replace(settings, steps=steps)

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        held = ""
        if "changed" in row:
            held = (
                f"  held out: changed by {row['changed']:.2f}, undone to {row['undone']:.2f}, "
                f"unprovoked {row['unprovoked']:.2f} of 255"
            )
        output.text(f"step {row['step']:6d}  loss {row['loss']:.4f}{held}  {row['seconds']:.0f} s")

    with phases(output) as begin:
        files = train_harmonizer(
            data, out, settings, limit=limit, cache=features, log=log, begin=begin
        )
    for path in files:
        output.path(path)
