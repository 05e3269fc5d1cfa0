"""`compose build-dataset`: data sets made of others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.names import printable
from . import build_cad, options
from .build_annotate import annotate
from .build_pairs import pairs
from .build_shards import report, verify
from .cluster import BuilderOf, OnCluster
from .failures import tracebacks_wanted
from .output import Output
from .shared import Shared

if TYPE_CHECKING:
    from ..core.batch import Outcome

app = typer.Typer(help="Make data sets out of others.")
build_cad.register(app)


class From(StrEnum):
    """Data sets with objects."""

    voc = "voc"
    coco = "coco"


class Part(StrEnum):
    """Parts of a data set."""

    train = "train"
    val = "val"


@app.callback()
def _build() -> None:
    """Make data sets out of others."""


app.command()(pairs)
app.command()(annotate)
app.command()(verify)
app.command()(report)


@app.command()
def occlusion(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data set's folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Gets the set.")],
    source: Annotated[
        From, typer.Option("--from", help="Its form: PASCAL VOC 2012 or COCO 2017.")
    ] = From.voc,
    split: Annotated[Part, typer.Option("--split", help="Which part.")] = Part.val,
    count: Annotated[
        int, typer.Option("--count", min=1, max=99_999, metavar="N", help="How many scenes.")
    ] = 100,
    least: Annotated[
        float,
        typer.Option("--least", metavar="SHARE", help="Of an object that is hidden, at least."),
    ] = 0.2,
    most: Annotated[
        float, typer.Option("--most", metavar="SHARE", help="Of an object that is hidden, at most.")
    ] = 0.8,
    seed: options.Seed = 0,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    shard: BuilderOf = "0/1",
    jobs: options.Jobs = 1,
    cluster: OnCluster = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for every scene.")
    ] = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Make pictures with known hidden objects: one object's cut-out is laid over another, so that
    20 to 80 % of it is hidden, as measured on the masks.

    Objects are taken that touch neither the border nor another object, so that all of them is to
    be seen; without VOC's maps of single objects, connected parts of a class stand for them.
    DIR gets images/, originals/ (the pictures as they were, which is how the hidden pixels look),
    amodal/, visible/ and occluder/ (masks), objects/ (all annotated objects), scenes/ (one JSON
    each) and occlusion.json.

    Interrupted, the same command goes on with --skip-existing; builders of several always do. The
    same options give the same bytes. Measure on it with `compose evaluate segment-inpaint --dataset
    occlusion`.
    """
    from ..core.batch import run_batch
    from ..core.errors import DataError, DiskFullError, UsageError
    from ..core.outputs import refuse_existing
    from ..core.share import parse_share
    from ..data.occlusion import SETTINGS, scene_files, scene_name
    from ..stages.occlusion import OcclusionConfig
    from ..stages.occlusion_set import begin_set, prepare
    from ..stages.occlusion_sources import open_photos
    from .cluster import on_cluster

    output = Shared.of(ctx).output()
    turn, builders = parse_share(shard)
    if builders > 1:
        if overwrite:
            raise UsageError("--overwrite would remove what the other builders write; do it first.")
        skip_existing = True
    how = OcclusionConfig(least=least, most=most)
    files = [scene_files(out, scene_name(number)) for number in range(count)]
    if not (skip_existing or overwrite):
        refuse_existing([out / SETTINGS, *(path for paths in files for path in paths)])
    done = [skip_existing and os.path.lexists(paths[-1]) for paths in files]
    if dry_run:
        if not data.is_dir():
            raise DataError(f"{printable(data)} is no folder; give the data set's with --data.")
        for number in range(turn, count, builders):
            _print_planned(output, scene_name(number), files[number], done[number])
        return
    photos = open_photos(source.value, data, split.value)
    with output.progress(len(photos), "photographs"):
        origin = source.value, split.value
        wanted = prepare(photos, origin, count, how, seed, advance=output.advance)
    begin_set(out, wanted, overwrite=overwrite)

    def work(number: int) -> dict[str, Any]:
        if done[number]:
            return {"status": "skipped", "outputs": [os.fspath(path) for path in files[number]]}
        notes = write(number)
        return {
            "status": "ok",
            "label": notes.label,
            "occluder_label": notes.occluder_label,
            "hidden": notes.hidden,
            "files": [{"file": os.fspath(path)} for path in files[number]],
        }

    def emit(outcome: Outcome[int, dict[str, Any]]) -> None:
        _print_scene(output, outcome, files[outcome.item])
        output.advance()

    mine = range(turn, count, builders)
    with ExitStack() as stack, output.progress(len(mine), "scenes"):
        write: Callable[[int], Any] = partial(wanted.write, out)
        if cluster is not None:
            write = on_cluster(partial(_as_it_is, write), jobs, 1, stack)
        summary = run_batch(
            mine, work, emit=emit, jobs=jobs, fail_fast=fail_fast, fatal=(DiskFullError,)
        )
    if summary.interrupted:
        output.error("interrupted; run the same command with --skip-existing to finish the rest.")
    elif summary.failed:
        output.error(f"{summary.failed} of {count} scenes failed; see their messages.")
    raise typer.Exit(summary.exit_code)


def _as_it_is(write: Callable[[int], Any]) -> Callable[[int], Any]:
    return write


def _print_planned(output: Output, name: str, paths: list[Path], done: bool) -> None:
    outputs = [os.fspath(path) for path in paths]
    output.record({"scene": name, "status": "skipped" if done else "planned", "outputs": outputs})
    if not done:
        for path in paths:
            output.path(path)
        output.text(f"would write {printable(paths[-1])} and its pictures")


def _print_scene(output: Output, outcome: Outcome[int, dict[str, Any]], paths: list[Path]) -> None:
    record: dict[str, Any] = {"scene": paths[-1].stem}
    if outcome.value is None:
        record |= {"status": "error", "error": outcome.error or ""}
        if outcome.details is not None and tracebacks_wanted():
            sys.stderr.write(outcome.details)
        if output.mode != "json":
            output.error(record["error"])
    else:
        record |= outcome.value
        if record["status"] == "ok":
            what = f"{record['occluder_label']} over {record['label']}"
            output.text(f"{printable(paths[-1])}  {what}, {record['hidden']:.0%} hidden")
    output.record(record)
