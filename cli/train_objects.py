"""`compose train objects`: what tells objects among the answers of MobileSAM."""

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


def objects(
    ctx: typer.Context,
    data: MaskedData,
    out: NetworkFolder,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, metavar="N", help="Steps of 512 candidates each."),
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
    """Train what tells objects among MobileSAM's answers, for segmenter objects.

    It needs the weights mobile-sam (`compose models pull mobile-sam`). One photograph in five
    only measures: at the end, for several least scores, how many of the objects that stand out are
    found, beside segmenter salient's. Interrupted while it computes candidates, the same command
    goes on where it stopped.
    """
    import dataclasses

    from ..models.hub import resolve
    from ..models.object_choice import OBJECTS
    from ..models.segmenters import MOBILE_SAM

    output = Shared.of(ctx).output()
    names = (OBJECTS, "objects.safetensors", "objects_metrics.jsonl")
    targets = [out / name for name in names]
    if not may_begin(output, targets, overwrite=overwrite, dry_run=dry_run, reads=data):
        return
    sam = resolve(MOBILE_SAM)
    from ..stages.train_objects import TrainObjectsConfig, train_objects

    settings = TrainObjectsConfig(seed=seed)
    if steps is not None:
        settings = dataclasses.replace(settings, steps=steps)

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        if "step" in row:
            held = _line(row) if "recall" in row else ""
            output.text(f"step {row['step']:6d}  loss {row['loss']:.4f}{held}")
        elif "salient" in row:
            output.text(f"segmenter salient {_line(row['salient'])}")
        else:
            output.text(f"least score {row['least_score']:.2f} {_line(row)}")

    with phases(output) as begin:
        files = train_objects(
            data, out, sam, settings, limit=limit, cache=features, log=log, begin=begin
        )
    for path in files:
        output.path(path)


def _line(row: dict[str, Any]) -> str:
    return (
        f"  {row['objects']} objects: IoU {row['iou']:.3f}  close {row['close']:.1%}  "
        f"found {row['recall']:.1%}  right {row['precision']:.1%}"
    )
