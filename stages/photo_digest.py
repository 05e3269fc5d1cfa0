"""Files as hashes, which what is kept of them belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ..core.errors import ImageError, ModelError
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


def weights_digest(files: Iterable[Path]) -> str:
    """Hash of files of weights that ship, in this order, 64 hex digits.

    Raises:
        ModelError: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in files:
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise ModelError(
                f"{printable(path)} cannot be read ({error.strerror}); install the tool again."
            ) from None
    return digest.hexdigest()
