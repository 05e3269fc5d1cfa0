"""A pickle that would run code where a reader let it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


class Touch:
    """Unpickled by a careless reader, it makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self._path),)
