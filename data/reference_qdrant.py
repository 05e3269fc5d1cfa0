"""A Qdrant server that holds an index, by `qdrant-client`; its local mode needs no server."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataError, UsageError
from ..core.perceptual_hash import NEAR
from .reference_backends import Candidates, missing
from .reference_index import ReferenceIndex

_BATCH = 256  # points sent to a server at once
_SPACE = uuid.UUID("6f1c1c5e-5d0b-4d0a-9d39-0a6c0f1a7c11")  # of our points' ids


class QdrantSearcher(Candidates):
    """A collection of a Qdrant server, which `push_to_qdrant` filled from this index.

    Args:
        server: `http://host:port`, a folder for Qdrant's local mode, or `:memory:`.
        collection: its name.
        client: an open client in place of `server`.

    Raises:
        UsageError: qdrant-client is not installed, or the collection is of another index.
        DataError: the server does not answer.
    """

    name = "qdrant"

    def __init__(
        self,
        index: ReferenceIndex,
        metric: str | None = None,
        near: int = NEAR,
        *,
        server: str = ":memory:",
        collection: str = "compose",
        client: Any = None,
    ) -> None:
        super().__init__(index, metric, near)
        self._client, self._collection = client or open_qdrant(server), collection

        def check() -> None:
            if not self._client.collection_exists(collection):
                raise UsageError(
                    f"the server has no collection '{collection}'; fill it with `compose index "
                    "push`."
                )
            held = self._client.count(collection).count
            if held != len(index):
                raise UsageError(
                    f"the collection '{collection}' holds {held} references and the index "
                    f"{len(index)}; fill it again with `compose index push`."
                )

        _asking(check)

    def _nearest(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        found = _asking(
            lambda: self._client.query_points(
                self._collection, query=vector.tolist(), limit=count, with_payload=["row"]
            )
        )
        return np.array([point.payload["row"] for point in found.points], np.int64)


def open_qdrant(server: str) -> Any:
    """A client of a server, or of Qdrant's local mode; see `QdrantSearcher`.

    Raises:
        UsageError: qdrant-client is not installed.
    """
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise missing("qdrant") from error
    if server == ":memory:":
        return QdrantClient(":memory:")
    if "://" in server:
        return QdrantClient(url=server, check_compatibility=False)
    return QdrantClient(path=server)


def push_to_qdrant(
    index: ReferenceIndex,
    client: Any,
    collection: str,
    advance: Callable[[], object] = lambda: None,
) -> None:
    """Fill a collection with an index, anew; `advance` is called for every batch of 256.

    Raises:
        DataError: the server does not answer or refuses.
    """
    from qdrant_client import models

    kind = {"cosine": models.Distance.COSINE, "l2": models.Distance.EUCLID}[index.header.metric]
    vectors = models.VectorParams(size=index.header.dims, distance=kind)

    def make() -> None:
        if client.collection_exists(collection):
            client.delete_collection(collection)
        client.create_collection(collection, vectors_config=vectors)

    def send(first: int) -> None:
        rows = range(first, min(first + _BATCH, len(index)))
        points = [
            models.PointStruct(
                id=str(uuid.uuid5(_SPACE, f"{row}")),
                vector=index.vectors[row].astype(np.float32).tolist(),
                payload={"row": row, "name": _text(index.names[row])},
            )
            for row in rows
        ]
        client.upsert(collection, points)

    _asking(make)
    for first in range(0, len(index), _BATCH):
        _asking(functools.partial(send, first))
        advance()


def _text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _asking(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except UsageError:
        raise
    except Exception as error:  # of the client, of its transport, of the server
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(f"the Qdrant server does not serve this ({reason}); check it.") from error
