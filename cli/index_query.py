"""`compose index query` and `info`: what an index answers, and what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .crop_output import Spaced
from .output import Output
from .shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.inputs import Source

Record = dict[str, Any]

WhichIndex = Annotated[
    str,
    typer.Argument(
        metavar="INDEX",
        help="A file of `compose index build`, or builtin for the one that ships.",
        show_default=False,
    ),
]
Server = Annotated[
    str,
    typer.Option(
        "--server", metavar="URL", help="Of Qdrant; a folder is its local mode without a server."
    ),
]
Collection = Annotated[
    str, typer.Option("--collection", metavar="NAME", help="On the Qdrant server.")
]


def query(
    ctx: typer.Context,
    index: WhichIndex,
    inputs: options.Inputs,
    k: Annotated[
        int, typer.Option("-k", "--count", min=1, max=10_000, metavar="N", help="References each.")
    ] = 10,
    metric: Annotated[
        str | None,
        typer.Option("--metric", metavar="NAME", help="cosine or l2; by default the encoder's."),
    ] = None,
    near: Annotated[
        int,
        typer.Option(
            "--near",
            min=-1,
            max=64,
            metavar="BITS",
            help="References whose perceptual hash differs by no more are copies of the input and "
            "left out; -1: none is.",
        ),
    ] = 8,
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            metavar="NAME",
            help="exact, or beyond a million references usearch or faiss, or qdrant.",
        ),
    ] = "exact",
    server: Server = "http://localhost:6333",
    collection: Collection = "compose",
    checkpoint: options.Checkpoint = None,
    null: options.Null = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    jobs: options.Jobs = 0,
    device: options.Device = "auto",
    fail_fast: options.FailFast = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Print the references most like each picture, nearest first.

    The picture itself, its copies, and pictures of its source are left out. Distances are
    1 - cosine, or Euclidean. --quiet prints the names alone.
    """
    from ..core.batch import resolve_jobs
    from ..core.devices import available_cores
    from ..data.reference_backends import MANY, open_searcher
    from ..models.cache import parse_user_paths
    from ..stages.index_open import open_named_index
    from ..stages.index_query import ask, require_fit
    from ..stages.index_reader import open_photo_reader
    from .batch_command import run_batch_command

    shared = Shared.of(ctx)
    output = shared.output()
    opened = open_named_index(index)
    user = parse_user_paths(checkpoint or ())
    threads = max(available_cores() // resolve_jobs(jobs), 1)
    if backend == "exact" and len(opened) > MANY:
        output.note(f"all {len(opened):,} references are compared; --backend usearch is faster")

    def start() -> Callable[[Source], Record]:
        reader = open_photo_reader(
            opened.header.encoder,
            threads=threads,
            device=device,
            user=user,
            pattern=opened.header.source_pattern,
            max_pixels=max_pixels,
        )
        require_fit(opened.header, reader.encoder, opened.path)
        searcher = open_searcher(
            opened, backend, metric=metric, near=near, server=server, collection=collection
        )

        def work(source: Source) -> Record:
            name = source.relative.as_posix()
            found = ask(opened, searcher, reader, source.path, name, k)
            return {"matches": [match.record() for match in found]}

        return work

    def after(record: Record) -> None:
        for match in record.get("matches", ()):
            output.path(match["name"])

    raise typer.Exit(
        run_batch_command(shared, start, show=_Tables().show, after=after, output=output)
    )


class _Tables(Spaced):
    """A table of references a picture."""

    def show(self, record: Record, output: Output) -> None:
        from ..core.names import printable

        self.begin(output)
        rows = [
            [rank, f"{match['distance']:.4f}", match["layout"] or "none", printable(match["name"])]
            for rank, match in enumerate(record["matches"], 1)
        ]
        output.table(
            ["rank", "distance", "layout", "reference"], rows, title=printable(record["input"])
        )


def info(
    ctx: typer.Context,
    index: WhichIndex,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Print what an index is of: encoder, hash of its weights, size, and layouts."""
    import collections

    from ..core.names import printable
    from ..stages.index_open import open_named_index
    from ..stages.index_query import layout_name

    output = Shared.of(ctx).output()
    opened = open_named_index(index)
    header = opened.header
    names = [layout_name(opened.reference(row)) or "none" for row in range(len(opened))]
    layouts = dict(sorted(collections.Counter(names).items(), key=lambda item: (-item[1], item)))
    record = {
        "index": str(opened.path),
        "photographs": len(opened),
        "encoder": header.encoder,
        "sha256": header.sha256,
        "dims": header.dims,
        "tokens": list(header.tokens),
        "dtype": "float16",
        "metric": header.metric,
        "sources": len(set(opened.sources)),
        "source_pattern": header.source_pattern,
        "layouts": layouts,
    }
    output.record(record)
    shown: list[list[object]] = [
        ["photographs", len(opened)],
        ["sources", record["sources"]],
        ["encoder", header.encoder],
        ["sha256", header.sha256],
        ["vectors", f"{header.tokens[0]} tokens of {header.tokens[1]}, float16, {header.metric}"],
        ["layouts", ", ".join(f"{name} {count}" for name, count in layouts.items())],
    ]
    output.table(["what", "value"], shown, title=printable(opened.path))
