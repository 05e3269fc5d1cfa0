"""`compose index push`: an index into a collection of a Qdrant server."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options
from .index_query import Collection, Server, WhichIndex
from .shared import Shared


def push(
    ctx: typer.Context,
    index: WhichIndex,
    server: Server = "http://localhost:6333",
    collection: Collection = "compose",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Fill a collection of a Qdrant server with an index, for `index query --backend qdrant`.

    Only vectors, rows and names go there; the index file stays where it is and is still needed.
    """
    from ..data.reference_qdrant import open_qdrant, push_to_qdrant
    from ..stages.index_open import open_named_index

    output = Shared.of(ctx).output()
    opened = open_named_index(index)
    client = open_qdrant(server)
    with output.progress(-(-len(opened) // 256), "batches"):
        push_to_qdrant(opened, client, collection, output.advance)
    client.close()
    output.record({"collection": collection, "photographs": len(opened)})
    output.text(f"{len(opened)} photographs in the collection {collection}")
