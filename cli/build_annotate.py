"""`compose build-dataset annotate`: masks for a data set that has boxes only."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options, segment_options
from .build_pairs import RawPart
from .cluster import BuilderOf, OnCluster
from .shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..core.inputs import Source


def annotate(
    ctx: typer.Context,
    raw: Annotated[
        str,
        typer.Option("--raw", metavar="SET:DIR", help="The data set: objects365 and its folder."),
    ],
    split: Annotated[
        RawPart, typer.Option("--split", help="Which part of the data set.")
    ] = RawPart.train,
    begin: Annotated[
        int,
        typer.Option("--begin", min=0, metavar="N", help="The first picture, counted from 0."),
    ] = 0,
    end: Annotated[
        int | None, typer.Option("--end", min=0, metavar="N", help="The picture to stop before.")
    ] = None,
    shard: BuilderOf = "0/1",
    checkpoint: options.Checkpoint = None,
    sam: segment_options.Sam = None,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    jobs: options.Jobs = 1,
    cluster: OnCluster = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    device: options.Device = "auto",
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Ask Segment Anything for a mask in every box of Objects365, whose pairs need masks.

    DIR gets labels/train/PATCH/NAME.json: polygons, the largest part of each mask. Pictures are
    counted as the set's own file lists them, so that several machines can take a range each, or
    be builders I of N, which skip what stands. Each of --jobs processes loads the network.
    """
    from dataclasses import replace

    from ..core.batch import resolve_jobs
    from ..core.errors import DiskFullError, UsageError
    from ..core.inputs import Source
    from ..core.share import parse_share
    from ..core.workers import Once, process_workers
    from ..data.raw_objects365 import read_boxes
    from ..data.raw_sets import parse_raw
    from ..models.cache import parse_user_paths
    from ..models.segmenters import SegmenterOptions
    from .batch_command import run_batch_command
    from .cluster import on_cluster
    from .segment_choices import place_for

    shared = Shared.of(ctx)
    number, builders = parse_share(shard)
    if builders > 1:
        shared = replace(shared, skip_existing=not overwrite)
    output = shared.output()
    one = parse_raw([raw])[0]
    if one.name != "objects365":
        raise UsageError(f"{one.name} has masks already; only objects365 needs them made.")
    if end is not None and end <= begin:
        raise UsageError("--end is not behind --begin; give the number of a later picture.")
    boxed = read_boxes(one.root, split.value, begin, end)
    if not boxed:
        raise UsageError(f"there are no pictures from {begin} on; give a smaller --begin.")
    pictures = {picture.photo: picture for picture in boxed[number::builders]}

    def plan(source: Source) -> list[Path]:
        return [pictures[source.path].labels]

    def start(stack: ExitStack) -> Callable[[Source], dict[str, Any]]:
        from ..stages.annotate_boxes import open_annotator

        user = parse_user_paths(checkpoint or ())
        how = SegmenterOptions(device=place_for(device, {"sam"}), user=user, sam=sam)
        opened = partial(open_annotator, how)
        each = opened()  # here too: what is missing is said at once
        if cluster is not None:
            each = on_cluster(opened, jobs, 1, stack)
        elif resolve_jobs(jobs) > 1:
            each = stack.enter_context(process_workers(Once(opened), resolve_jobs(jobs)))

        def work(source: Source) -> dict[str, Any]:
            picture = pictures[source.path]
            count = each(picture)
            return {"boxes": len(picture.boxes), "masks": count, "file": picture.labels}

        return work

    with ExitStack() as stack:
        code = run_batch_command(
            shared,
            partial(start, stack),
            plan=plan,
            output=output,
            found=[Source(path, path) for path in pictures],
            fatal=(DiskFullError,),
        )
    raise typer.Exit(code)
