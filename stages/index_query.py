"""`compose index query`: the references that are most like a picture, without itself and copies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import UsageError
from ..core.names import printable
from ..data.reference_index import IndexHeader, Reference, ReferenceIndex
from ..data.reference_search import Neighbour, Query, Searcher
from ..models.reference_encoder import ReferenceEncoder
from .index_build import PhotoReader
from .layout import CLASSES, LEAST
from .layout_geometry import COLUMNS


@dataclass(frozen=True, eq=False)
class Match:
    """A reference found."""

    reference: Reference
    distance: float

    def record(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "name": self.reference.name,
            "distance": round(self.distance, 5),
            "layout": layout_name(self.reference),
            "width": self.reference.size[0],
            "height": self.reference.size[1],
        }


def layout_name(reference: Reference) -> str | None:
    """The layout class of a reference, None where it has none."""
    best = int(np.argmax(reference.layout))
    # stored in half precision
    return CLASSES[best] if reference.layout[best] >= LEAST - 1e-3 else None


def require_fit(header: IndexHeader, encoder: ReferenceEncoder, path: Path) -> None:
    """Refuse an index of other vectors or other measurements than ours.

    Raises:
        UsageError: its encoder has another name or other weights, or its layouts are of another
            version of this program.
    """
    where = printable(path)
    if header.encoder != encoder.name:
        raise UsageError(
            f"{where} was built with encoder {header.encoder}, not {encoder.name}; ask with the "
            "same one."
        )
    if header.sha256 != encoder.digest() or header.tokens != encoder.tokens:
        raise UsageError(
            f"{where} was built with other weights of encoder {encoder.name} than those here; "
            "build it again."
        )
    require_layouts(header, path)


def require_layouts(header: IndexHeader, path: Path) -> None:
    """Refuse an index whose layouts have other columns than ours.

    Raises:
        UsageError: it is of another version of this program.
    """
    if header.layouts != CLASSES or header.geometry != COLUMNS:
        raise UsageError(
            f"{printable(path)} holds layouts of another version of this program; build it again."
        )


def ask(
    index: ReferenceIndex, searcher: Searcher, reader: PhotoReader, path: Path, name: str, k: int
) -> list[Match]:
    """The `k` references nearest to a photograph, or fewer.

    Raises:
        ImageError: it cannot be read.
    """
    read = reader.read(path, name)
    query = Query(read.vector, read.reference.source, read.reference.hash)
    return matches(index, searcher.search(query, k))


def matches(index: ReferenceIndex, found: list[Neighbour]) -> list[Match]:
    """Neighbours with their references."""
    return [Match(index.reference(n.row), n.distance) for n in found]
