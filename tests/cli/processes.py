"""`compose` in a process of its own, and what it leaves in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def compose(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with its cache below `home`."""
    command = [sys.executable, "-m", "compose.cli", *map(str, arguments)]
    environment = {**os.environ, "COMPOSE_HOME": str(home)}
    environment.pop("COMPOSE_MODELS", None)
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
