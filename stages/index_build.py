"""`compose index build`: photographs into a reference index (ProCrop's retrieval, and layouts)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.images import DEFAULT_MAX_PIXELS, load_reduced
from ..core.perceptual_hash import perceptual_hash
from ..data.reference_index import IndexHeader, Reference, ReferenceIndex, open_index
from ..data.reference_journal import ReferenceJournal
from ..data.reference_write import write_index
from ..models.reference_encoder import ReferenceEncoder
from .index_source import source_id
from .layout import CLASSES, layouts
from .layout_geometry import COLUMNS
from .layout_reader import LayoutReader, Seen

SIDE = 384  # pixels that both sides of a photograph should have where it is looked at
State = tuple[int, ...]  # of a file: its size and when it was changed


@dataclass(frozen=True, eq=False)
class Read:
    """One photograph, read for an index."""

    reference: Reference
    vector: NDArray[np.float32]  # (D,)
    state: State
    seen: Seen

    def record(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        width, height = self.reference.size
        best = int(np.argmax(self.reference.layout))
        return {
            "width": width,
            "height": height,
            "source": self.reference.source,
            "hash": f"{self.reference.hash:016x}",
            "layout": layouts(self.seen.scene).names()[0],
            "layout_score": round(float(self.reference.layout[best]), 3),
        }


class PhotoReader:
    """Reads photographs into vectors and layouts; safe to call from several threads.

    Args:
        encoder: from `open_encoder`.
        layout: shares its trunk with the encoder where that is `builtin`.
        pattern: of source ids, see `index_source`.
        max_pixels: refuse larger pictures.
    """

    def __init__(
        self,
        encoder: ReferenceEncoder,
        layout: LayoutReader,
        pattern: str | None = None,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> None:
        self.encoder, self.layout, self.pattern = encoder, layout, pattern
        self._max_pixels = max_pixels

    def header(self) -> IndexHeader:
        """Of an index of what this reads."""
        encoder = self.encoder
        digest = encoder.digest()
        return IndexHeader(
            encoder.name, digest, encoder.tokens, encoder.metric, CLASSES, COLUMNS, self.pattern
        )

    def read(self, path: Path, name: str) -> Read:
        """Read one photograph.

        Args:
            name: below the folder of the input, with forward slashes.

        Raises:
            ImageError: it cannot be read.
        """
        state = file_state(path)
        picture = load_reduced(path, SIDE, max_pixels=self._max_pixels)
        rgb = picture.over()
        seen = self.layout.read(rgb)
        found = layouts(seen.scene)
        size = (picture.header.width, picture.header.height)
        reference = Reference(
            name,
            source_id(path, name, self.pattern),
            perceptual_hash(rgb),
            size,
            found.scores[0],
            found.geometry.row(0),
        )
        return Read(reference, self.encoder.encode(rgb, seen.tokens), state, seen)


def file_state(path: Path) -> State:
    """A file's size and its time of change in nanoseconds; zeros where it cannot be asked."""
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0)
    return status.st_size, status.st_mtime_ns


def finish(path: Path, journal: ReferenceJournal, rows: Sequence[int]) -> None:
    """Write the index of these rows of a journal, in this order, and take the journal away.

    Raises:
        OutputError: it cannot be written; the journal is kept.
    """
    references = [journal.references[row] for row in rows]
    write_index(path, journal.header, references, journal.vectors(), rows)
    journal.remove()


def build_index(
    photos: Sequence[tuple[Path, str]], out: Path, reader: PhotoReader
) -> ReferenceIndex:
    """The index of photographs, each with its name, one after the other.

        reader = LayoutReader()
        photos = PhotoReader(open_encoder("builtin", reader.trunk), reader)
        index = build_index([(path, path.name) for path in paths], Path("refs.idx"), photos)

    Interrupted, the same call goes on where it stopped.

    Raises:
        ImageError: one cannot be read.
        OutputError: the index cannot be written.
    """
    with ReferenceJournal(out, reader.header()) as journal:
        rows = []
        for path, name in photos:
            row = journal.done(name, file_state(path))
            if row is None:
                read = reader.read(path, name)
                row = journal.add(read.reference, read.vector, read.state)
            rows.append(row)
        finish(out, journal, rows)
    return open_index(out)
