"""Names of files, made fit to be shown in one line."""

from __future__ import annotations

import os
from pathlib import Path


def printable(path: str | Path) -> str:
    """The path as text without line breaks, control characters or undecodable bytes.

    Whatever could break a line, move the cursor, turn the writing direction round or fail to
    encode is written as Python's escape for it; a byte that was no UTF-8 becomes `\\xNN`.
    """
    return "".join(c if c.isprintable() else _escape(c) for c in os.fspath(path))


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that it could not decode
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
