"""Which photographs are of one source: by a pattern of their names, or by their contents."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ..core.errors import ImageError, UsageError
from ..core.names import printable


def parse_pattern(text: str | None) -> str | None:
    """Check a pattern of `--source`.

    Raises:
        UsageError: it is no regular expression, or has no group.
    """
    if text is None:
        return None
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise UsageError(f"the pattern '{text}' is wrong ({error}); mend it.") from None
    if groups < 1:
        raise UsageError(f"the pattern '{text}' has no group; put brackets around what is shared.")
    return text


def source_id(path: Path, name: str, pattern: str | None) -> str:
    """The id that pictures of one source share.

    Args:
        path: of the picture.
        name: below the folder of the input, with forward slashes.
        pattern: its first group found in the name without the suffix is the id, as `(.+?)(_\\d+)?$`
            for CAD's `<photograph>_<k>.jpg`; where it finds nothing the name without suffix is.
            None: the first half of SHA-256 of the file's bytes.

    Raises:
        ImageError: the file cannot be read.
    """
    if pattern is not None:
        stem = name.rpartition(".")[0] or name
        match = re.search(pattern, stem)
        return (match[1] if match else None) or stem
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:32]
    except OSError as error:
        raise ImageError(
            f"cannot read {printable(path)} ({error.strerror}); check its permissions."
        ) from None
