"""`compose build-dataset cad`: photographs with invented surroundings, and labels of good crops."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import build_cad_options as own
from . import options
from .cluster import BuilderOf, OnCluster
from .output import Output
from .shared import Shared
from .unused import refuse_unused

if TYPE_CHECKING:
    from ..core.inputs import Source
    from ..stages.cad_tables import Counts

Record = dict[str, Any]


class Maker(StrEnum):
    """What makes the surroundings."""

    auto = "auto"
    builtin = "builtin"
    diffusers = "diffusers"
    real = "real"


def register(app: typer.Typer) -> None:
    """Add the commands to those of `build-dataset`."""
    from .build_relabel import relabel

    app.command("cad")(cad)
    app.command("relabel")(relabel)


def cad(
    ctx: typer.Context,
    inputs: options.Inputs,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Gets the set.")],
    engine: Annotated[
        Maker, typer.Option("--engine", help="What makes the surroundings; auto: builtin.")
    ] = Maker.auto,
    inpainter: own.Inpainter = "patches",
    variants: own.Variants = 3,
    canvas: own.Canvas = "700,1024",
    area: own.Area = "0.3,0.6",
    stage: own.Stage = 2,
    no_filter: own.NoFilter = False,
    bad: own.Bad = 0.5,
    prompts: own.Prompts = None,
    captioner: own.Captioner = None,
    crops: own.Crops = None,
    model: own.Model = None,
    controlnet: own.ControlNet = None,
    segmenter: own.Segmenter = "salient",
    steps: own.Steps = 50,
    guidance: own.Guidance = 4.0,
    negative: own.Negative = None,
    weights: options.Weights = None,
    shard: BuilderOf = "0/1",
    limit: own.Limit = None,
    parquet: own.Parquet = False,
    report: options.Report = None,
    samples: own.Samples = 60,
    null: options.Null = False,
    skip_existing: options.SkipExisting = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    seed: options.Seed = 0,
    jobs: options.Jobs = 1,
    cluster: OnCluster = None,
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    offline: options.Offline = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Make pictures of which good crops are known: photographs are shrunk, laid on larger canvases,
    and something is put around them (ProCrop's CAD).

    DIR gets images/NAME_K.jpg, picture K of a photograph, and NAME_K.txt beside it: `x1 y1 x2 y2
    score` a line, the photograph's own region first. labels/v001 holds that region alone, v002 what
    the crop engine adds to it. Pictures that look bad, lose their subject or show a second one are
    dropped; dropped/ has small copies. pictures.csv, labels.csv and counts.csv list it all.

    Engines: builtin (patches of the photograph itself, or an --inpainter that grows outward),
    diffusers (Stable Diffusion inpainting, --model), real (nothing is invented: the photograph is
    the picture, and a crop of it from --crops the label).

    The same options give the same bytes, whoever builds: --jobs, a cluster, or the builders 0/N to
    N-1/N in any order. Interrupted, the same command goes on with --skip-existing; builders of
    several always do. No file is written a second time: `build-dataset relabel` adds versions of
    labels.
    """
    from dataclasses import replace

    from ..core.errors import DiskFullError, UsageError
    from ..core.names import printable
    from ..core.share import parse_share
    from ..data.cad_files import RECORDS, SETTINGS
    from ..stages.cad_parquet import require_pyarrow
    from ..stages.cad_set import planned_files, record_path
    from ..stages.cad_settings import open_writer
    from ..stages.cad_shard import chosen_inputs
    from ..stages.cad_state import begin_set, require_settings
    from .batch_command import run_batch_command
    from .build_cad_options import request_of
    from .cluster import on_cluster

    shared = Shared.of(ctx)
    part = parse_share(shard)
    if part[1] > 1:  # what stands is what others have made
        shared = replace(shared, skip_existing=True)
    output = shared.output()
    request = request_of(ctx.params)
    made_by = request.engine_name()
    if made_by != "diffusers":
        refuse_unused(
            ctx, own.OF_DIFFUSERS, f"engine {made_by}", "make surroundings with --engine diffusers"
        )
    if made_by != "builtin":
        refuse_unused(ctx, ["inpainter"], f"engine {made_by}", "use --engine builtin")
    if parquet:
        require_pyarrow()
    settings = request.settings()
    if (
        not shared.skip_existing
        and not dry_run
        and ((out / SETTINGS).exists() or (out / RECORDS).exists())
    ):
        raise UsageError(
            f"{printable(out)} holds a set already; go on with it by --skip-existing, or give "
            "another --out."
        )

    require_settings(out, settings)

    def start(stack: ExitStack) -> Callable[[Source], Record]:
        opened = partial(open_writer, out, request)
        write = opened()  # here too: what is missing is said at once
        begin_set(out, settings)
        if engine is Maker.auto:
            output.note(f"engine {made_by}")
        if cluster is not None:
            write = on_cluster(opened, jobs, 1, stack)

        def work(source: Source) -> Record:
            return summary_of(out, write(source))

        return work

    with ExitStack() as stack:
        code = run_batch_command(
            shared,
            partial(start, stack),
            plan=lambda source: planned_files(out, source, variants),
            marker=lambda source: [record_path(out, source)],
            reports=[report] if report else [],
            reads=[path for path in (prompts, crops) if path is not None],
            show=_show,
            choose=lambda sources: chosen_inputs(sources, part, limit),
            output=output,
            fatal=(DiskFullError,),
        )
    if code in (0, 1) and not dry_run and (out / SETTINGS).exists():
        finish(out, output, parquet=parquet, report=report, samples=samples)
    raise typer.Exit(code)


def finish(out: Path, output: Output, *, parquet: bool, report: Path | None, samples: int) -> None:
    """Count the set, write its tables and its page, and say what it holds."""
    from ..stages.cad_tables import finish_set

    counts = finish_set(out, parquet=parquet)
    if report is not None:
        from ..stages.cad_report import write_report

        write_report(report, out, counts, samples)
        output.path(report)
    say_counts(output, counts)


def say_counts(output: Output, counts: Counts) -> None:
    """Print what a set holds: the table for people, one note for all."""
    columns, rows = counts.table()
    output.table(columns, rows)
    dropped = ", ".join(f"{rule} {count}" for rule, count in sorted(counts.dropped.items()))
    output.note(
        f"{counts.total} of {counts.made} pictures of {counts.photographs} photographs kept"
        + (f"; dropped: {dropped}" if dropped else "")
    )


def summary_of(out: Path, record: Record) -> Record:
    """What is printed of a photograph's record."""
    from ..data.cad_files import beside_file, image_file

    kept = [entry["picture"] for entry in record["pictures"] if entry["dropped"] is None]
    reasons = [entry["dropped"] for entry in record["pictures"] if entry["dropped"] is not None]
    return {
        "name": record["name"],
        "source": record["source"],
        "pictures": len(record["pictures"]),
        "kept": len(kept),
        "dropped": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "labels": sum(entry.get("labels", 0) for entry in record["pictures"]),
        "files": [
            {"file": path}
            for picture in kept
            for path in (image_file(out, picture), beside_file(out, picture))
        ],
    }


def _show(record: Record, output: Output) -> None:
    from ..core.names import printable

    reasons = "".join(f", {count} {name}" for name, count in record["dropped"].items())
    output.text(
        f"{printable(os.fspath(record['input']))}  {record['kept']} of {record['pictures']} kept"
        f"{reasons}, {record['labels']} labels"
    )
