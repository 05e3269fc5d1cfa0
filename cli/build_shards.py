"""`compose build-dataset verify` and `report`: what shards hold, whoever wrote them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .shared import Shared

if TYPE_CHECKING:
    from ..core.batch import Outcome
    from ..data.shard_check import Checked

Place = Annotated[
    str, typer.Argument(metavar="PLACE", help="A folder of shards, at any depth, or s3://….")
]


def verify(
    ctx: typer.Context,
    place: Place,
    jobs: options.Jobs = 1,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for every shard.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but what is wrong.")
    ] = False,
    fail_fast: options.FailFast = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Check shards: their hashes, the keys and counts of their members, and that all decode.

    Nothing in a shard is unpickled or run; links, devices, paths that lead out and members that
    belong in no shard are reported.
    """
    from ..core.batch import Summary, resolve_jobs, run_batch
    from ..core.errors import DataError
    from ..core.workers import process_workers
    from ..data.shard_check import check_shard
    from ..data.shard_store import open_store
    from ..data.shard_writer import shard_stems

    output = Shared.of(ctx).output()
    folder, only = _shard_file(place)
    store = open_store(folder)
    stems = shard_stems(store) if only is None else [only]
    if not stems:
        raise DataError(f"{store.name('')} has no shards; give a folder of .tar files.")
    wrong = 0
    samples = 0

    def emit(outcome: Outcome[str, Checked]) -> None:
        nonlocal wrong, samples
        checked = outcome.value
        problems = [outcome.error or ""] if checked is None else checked.problems
        wrong += bool(problems)
        samples += checked.samples if checked else 0
        name = store.name(f"{outcome.item}.tar")
        record: dict[str, Any] = {"shard": name, "status": "error" if problems else "ok"}
        record |= {"samples": checked.samples} if checked else {}
        record |= {"error": problems[0], "problems": problems} if problems else {}
        output.record(record)
        for problem in problems if output.mode != "json" else ():
            output.error(problem)
        if not problems and checked is not None:
            output.text(f"{name}  {checked.samples} samples, whole")
        output.advance()
        if problems and fail_fast:
            raise _Enough

    count = resolve_jobs(jobs)
    with (
        output.progress(len(stems), "shards"),
        process_workers(partial(check_shard, store), count) as check,
    ):
        try:
            summary = run_batch(stems, check, emit=emit, jobs=count, fail_fast=fail_fast)
        except _Enough:
            summary = Summary(failed=1, stopped=True)
    if summary.interrupted:
        output.error("interrupted; run the same command again.")
        raise typer.Exit(summary.exit_code)
    if summary.stopped:
        output.error("a shard is damaged; the rest was not looked at.")
    else:
        output.text(f"{samples} samples in {len(stems)} shards, {wrong} of these damaged")
    raise typer.Exit(int(wrong > 0))


class _Enough(Exception):
    """Nothing more is to be looked at."""


def report(
    ctx: typer.Context,
    place: Place,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page to write.")],
    samples: Annotated[
        int, typer.Option("--samples", min=1, max=1000, metavar="N", help="Shown on it.")
    ] = 24,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Write one self-contained HTML page with samples of shards, drawn from all of them."""
    from ..core.outputs import refuse_existing
    from ..data.shard_store import open_store
    from ..stages.shard_report import write_shard_report

    output = Shared.of(ctx).output()
    if not overwrite:
        refuse_existing([out], ["--overwrite"])
    with output.progress(samples, "samples"):
        told = write_shard_report(open_store(place), out, samples, seed, output.advance)
    output.record(
        {"file": out, "shards": told.shards, "samples": told.samples, "shown": told.shown}
    )
    output.text(f"{out}  {told.shown} of {told.samples} samples in {told.shards} shards")
    if told.unfinished:
        output.warn(f"{told.unfinished} shards are not finished; run what builds them again.")


def _shard_file(place: str) -> tuple[str, str | None]:
    """The folder and the stem of one shard, where that is what was given."""
    path = Path(place)
    if place.endswith(".tar") and "://" not in place and not path.is_dir():
        return str(path.parent), path.name.removesuffix(".tar")
    return place, None
