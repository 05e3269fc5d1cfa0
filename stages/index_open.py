"""Indexes as a user names them: a file, or the one that ships."""

from __future__ import annotations

from pathlib import Path

from ..data.reference_index import ReferenceIndex, open_index
from ..models.crop_builtin import weights_folder

EMBEDDED = "builtin"  # what users call the index that ships
_FILE = "references.idx"


def embedded_index() -> Path:
    """The index that ships with the tool: freely licensed photographs, vectors and layouts only."""
    return weights_folder() / _FILE


def open_named_index(name: str) -> ReferenceIndex:
    """Open an index by its path, or `builtin` for the one that ships.

    Raises:
        DataError: it is missing or damaged.
    """
    return open_index(embedded_index() if name == EMBEDDED else Path(name))
