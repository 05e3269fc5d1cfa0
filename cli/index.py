"""`compose index`: reference sets of photographs, for retrieval and for their layouts."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .index_push import push
from .index_query import info, query
from .shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.inputs import Source
    from ..stages.index_build import Read

app = typer.Typer(help="Make reference sets of photographs and search them.")

Record = dict[str, Any]


@app.callback()
def _index() -> None:
    """Make reference sets of photographs and search them."""


app.command()(query)
app.command()(info)
app.command()(push)


@app.command()
def build(
    ctx: typer.Context,
    inputs: options.Inputs,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The index, such as refs.idx.")
    ],
    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="What makes the vectors: builtin, sam-vit-b (ProCrop's, as released) or "
            "sam-vit-b-tokens (its features averaged over places alone).",
        ),
    ] = "builtin",
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="PATTERN",
            help="Regular expression whose first group, in a name without its suffix, is what "
            "pictures of one source share; by default only equal files do.",
        ),
    ] = None,
    checkpoint: options.Checkpoint = None,
    null: options.Null = False,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    jobs: options.Jobs = 0,
    device: options.Device = "auto",
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Make an index of photographs: of each its vector, perhaps its layout class, its size.

    The index holds no pictures. Files that are no pictures are left out with a sentence, and the
    exit code is 1. Interrupted, the same command goes on where it stopped; the result is the
    same, byte for byte. An index answers only to the encoder and the weights it was built with.

    Layout classes: thirds, vertical, horizontal, diagonal, curved, triangle, centre, symmetric,
    pattern.
    """
    from ..core.batch import resolve_jobs
    from ..core.devices import available_cores
    from ..core.errors import UsageError
    from ..core.names import printable
    from ..data.reference_journal import ReferenceJournal
    from ..models.cache import parse_user_paths
    from ..stages.index_build import file_state, finish
    from ..stages.index_reader import open_photo_reader
    from ..stages.index_source import parse_pattern
    from .batch_command import run_batch_command

    shared = Shared.of(ctx)
    output = shared.output()
    if os.path.isdir(out):
        example = printable(out / "refs.idx")
        raise UsageError(f"{printable(out)} is a folder; give a file, such as --out {example}.")
    pattern = parse_pattern(source)
    user = parse_user_paths(checkpoint or ())
    if shared.skip_existing and out.exists():
        output.note(f"{printable(out)} stands already; nothing to do.")
        return
    threads = max(available_cores() // resolve_jobs(jobs), 1)
    read: dict[Path, Read | int] = {}  # what was read, or the row of what was done before
    rows: list[int] = []
    paths: dict[str, Path] = {}
    journals: list[ReferenceJournal] = []

    def start(stack: ExitStack) -> Callable[[Source], Record]:
        reader = open_photo_reader(
            encoder, threads=threads, device=device, user=user, pattern=pattern,
            max_pixels=max_pixels,
        )  # fmt: skip
        journal = stack.enter_context(ReferenceJournal(out, reader.header()))
        journals.append(journal)

        def work(source: Source) -> Record:
            name = source.relative.as_posix()
            paths[str(source.path)] = source.path
            row = journal.done(name, file_state(source.path))
            if row is not None:
                read[source.path] = row
                return {"name": name, "before": True}
            found = reader.read(source.path, name)
            read[source.path] = found
            return {"name": name, **found.record()}

        return work

    def after(record: Record) -> None:
        if record["status"] != "ok":
            return
        found = read.pop(paths.pop(record["input"]))
        if not isinstance(found, int):
            found = journals[0].add(found.reference, found.vector, found.state)
        rows.append(found)

    def show(record: Record, _: object) -> None:
        if "layout" in record:
            layout = record["layout"] or "none"
            output.text(f"{printable(record['input'])}  {layout}")

    with ExitStack() as stack:
        code = run_batch_command(
            shared, partial(start, stack), reports=[out], show=show, after=after, output=output
        )
        if journals and not journals[0].references:
            journals[0].remove()  # there is nothing in it to go on from
        if code not in (0, 1) or (code and shared.fail_fast):  # not all were begun
            output.note("run the same command again to go on; what is done is kept.")
            raise typer.Exit(code)
        if rows:
            finish(out, journals[0], rows)
            output.path(out)
            output.note(f"{len(rows)} photographs in {printable(out)}")
        elif not dry_run:
            output.error(f"no photograph could be read, so {printable(out)} was not written.")
    raise typer.Exit(code)
