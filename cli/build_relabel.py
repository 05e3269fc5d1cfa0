"""`compose build-dataset relabel`: a further version of the labels of `build-dataset cad`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.names import printable
from . import options
from .failures import tracebacks_wanted
from .shared import Shared

if TYPE_CHECKING:
    from ..core.batch import Outcome

Record = dict[str, Any]


def relabel(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A set of `build-dataset cad`.")],
    engine: options.Engine = "auto",
    weights: options.Weights = None,
    jobs: options.Jobs = 1,
    json: options.Json = False,
    quiet: options.Quiet = False,
    fail_fast: options.FailFast = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Make the next version of a set's labels with a crop engine of `compose crop`, say one that
    was trained on the version before.

    The original region stays first, then come up to four crops: labels of the version before and
    what the engine predicts, of which those are taken that differ, contain most of the original
    and have one of CAD's ratios. Versions are never overwritten; interrupted, the same command goes
    on with the version that it began.
    """
    from ..core.batch import run_batch
    from ..data.cad_files import label_file, origins_file, read_records, version_name
    from ..stages.cad_labels import LabelConfig
    from ..stages.cad_relabel import begin_version, end_version
    from ..stages.cad_relabel import relabel as relabel_one
    from ..stages.cad_settings import version_settings
    from ..stages.cad_tables import finish_set
    from ..stages.crop_engines import engine_name, open_engine

    output = Shared.of(ctx).output()
    how = LabelConfig()
    settings = version_settings(engine_name(engine), weights, how)
    number = begin_version(folder, settings)
    opened = open_engine(engine, jobs=jobs, weights=weights)
    records = list(read_records(folder))

    def work(record: Record) -> Record:
        name = record["name"]
        if origins_file(folder, number, name).is_file():
            return {"status": "skipped"}
        count = relabel_one(folder, record, number, opened, how)
        kept = [entry["picture"] for entry in record["pictures"] if entry["dropped"] is None]
        files = [{"file": label_file(folder, number, picture)} for picture in kept]
        return {"status": "ok", "labels": count, "files": files}

    def emit(outcome: Outcome[Record, Record]) -> None:
        found: Record = {"name": outcome.item["name"], "version": version_name(number)}
        if outcome.value is None:
            found |= {"status": "error", "error": outcome.error or ""}
            if outcome.details is not None and tracebacks_wanted():
                sys.stderr.write(outcome.details)
            if output.mode != "json":
                output.error(found["error"])
        else:
            found |= outcome.value
        output.record(found)
        output.advance()

    with output.progress(len(records), "photographs"):
        summary = run_batch(records, work, emit=emit, jobs=jobs, fail_fast=fail_fast)
    if summary.exit_code == 0:
        end_version(folder, number, settings)
        counts = finish_set(folder)
        output.text(f"{printable(folder)}  {version_name(number)}: {counts.labels[number]} labels")
    elif summary.interrupted:
        output.error("interrupted; run the same command again to finish the rest.")
    else:
        output.error(f"{summary.failed} of {len(records)} photographs failed; see their messages.")
    raise typer.Exit(summary.exit_code)
