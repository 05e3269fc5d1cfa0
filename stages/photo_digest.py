"""A photograph's file as a hash, which what is kept of it belongs to."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..core.errors import ImageError
from ..core.names import printable


def photo_digest(photo: Path) -> str:
    """Hash of a photograph's file, 64 hex digits.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        with photo.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImageError(
            f"{printable(photo)} cannot be read ({error.strerror}); check the path."
        ) from None
