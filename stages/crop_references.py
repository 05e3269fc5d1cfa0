"""Reference photographs that crops are guided by: single ones, folders, and indexes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ImageError, UsageError
from ..core.images import DEFAULT_MAX_PIXELS, load_reduced
from ..core.inputs import expand_inputs
from ..core.names import printable
from ..core.perceptual_hash import perceptual_hash
from ..data.reference_index import ReferenceIndex
from ..data.reference_search import ExactSearcher, Query
from ..data.reference_write import index_in_memory
from .index_build import SIDE, PhotoReader
from .index_open import EMBEDDED, open_named_index
from .index_query import Match, matches, require_fit
from .index_reader import open_photo_reader
from .index_source import source_id
from .layout import Layouts, layouts
from .layout_geometry import Geometry
from .layout_reader import LayoutReader, Seen

COUNT = 10  # references retrieved for a picture, as in ProCrop
_LARGEST_FOLDER = 2000  # photographs; beyond, an index is worth its making
_NEARER = 0.1  # a cosine distance by which a reference's weight falls to 1/e


@dataclass(frozen=True, eq=False)
class Liked:
    """A photograph that crops are to be like."""

    name: str
    layout: Layouts  # one row


def read_liked(path: Path, reader: LayoutReader, max_pixels: int = DEFAULT_MAX_PIXELS) -> Liked:
    """Measure a photograph.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        rgb = load_reduced(path, SIDE, max_pixels=max_pixels).over()
    except ImageError as error:
        raise UsageError(f"the photograph to crop like cannot be used: {error}") from None
    return Liked(os.fspath(path), layouts(reader.read(rgb).scene))


class ReferenceSet:
    """An index with what searches it; safe to call from several threads.

    Args:
        index: opened.
        reader: of the same encoder.
    """

    def __init__(self, index: ReferenceIndex, reader: PhotoReader) -> None:
        self.index, self.reader = index, reader
        self._searcher = ExactSearcher(index)

    def nearest(
        self, path: Path, rgb: NDArray[np.uint8], seen: Seen, count: int = COUNT
    ) -> list[Match]:
        """The references nearest to a picture that was read, without itself and its copies.

        Raises:
            ImageError: its file cannot be read.
        """
        vector = self.reader.encoder.encode(rgb, seen.tokens)
        source = source_id(path, path.name, self.index.header.source_pattern)
        query = Query(vector, source, perceptual_hash(rgb))
        return matches(self.index, self._searcher.search(query, count))


def layouts_of(found: Sequence[Match]) -> Layouts:
    """The layouts of references as one."""
    scores = np.stack([match.reference.layout for match in found])
    rows = np.stack([match.reference.geometry for match in found])
    return Layouts(scores, Geometry.from_rows(rows))


def nearness(found: Sequence[Match]) -> NDArray[np.float64]:
    """Weights (R,) of references, the nearest most; they sum to 1."""
    distances = np.array([match.distance for match in found])
    scale = _NEARER * max(1.0, float(distances.min()) / _NEARER / 5)  # L2 has no fixed scale
    weights = np.exp(-(distances - distances.min()) / scale)
    return np.asarray(weights / weights.sum())


def open_references(
    name: str,
    layout: LayoutReader,
    *,
    note: Callable[[str], None] = lambda text: None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> ReferenceSet:
    """Open references by an index's path, `builtin` for those that ship, or a folder's path.

    Args:
        note: told what takes time or is left out.

    Raises:
        UsageError: the index is of another encoder's weights, or the folder holds no photograph
            or too many.
        DataError: the index is missing or damaged.
    """
    path = Path(name)
    if name != EMBEDDED and path.is_dir():
        return _from_folder(path, layout, note, max_pixels)
    index = open_named_index(name)
    reader = open_photo_reader(
        index.header.encoder, layout=layout, pattern=index.header.source_pattern
    )
    require_fit(index.header, reader.encoder, index.path)
    return ReferenceSet(index, reader)


def _from_folder(
    folder: Path, layout: LayoutReader, note: Callable[[str], None], max_pixels: int
) -> ReferenceSet:
    sources = [source for source in expand_inputs([os.fspath(folder)]) if not source.problem]
    where = printable(folder)
    if len(sources) > _LARGEST_FOLDER:
        raise UsageError(
            f"{where} holds {len(sources)} photographs; make an index of them with `compose "
            "index build` and give that."
        )
    reader = open_photo_reader(layout=layout, max_pixels=max_pixels)
    note(f"reading {len(sources)} references; `compose index build` keeps what is read.")
    references, vectors = [], []
    for source in sources:
        try:
            read = reader.read(source.path, source.relative.as_posix())
        except ImageError as error:
            note(f"left out: {error}")
            continue
        references.append(read.reference)
        vectors.append(read.vector.astype(np.float16))
    if not references:
        raise UsageError(f"{where} holds no photograph that can be read; name another folder.")
    index = index_in_memory(reader.header(), references, np.stack(vectors), folder)
    return ReferenceSet(index, reader)
