"""`compose` in a process of its own, or in this one, and what it leaves in a folder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from compose.cli.main import COMMANDS, run


def compose(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with its cache below `home`."""
    command = [sys.executable, "-m", "compose.cli", *map(str, arguments)]
    environment = {**os.environ, "COMPOSE_HOME": str(home)}
    environment.pop("COMPOSE_MODELS", None)
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def compose_here(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    """The same in this process: quick, for what is not about processes."""
    command = [str(argument) for argument in arguments]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("COMPOSE_")]:
            patch.delenv(name)
        patch.setenv("COMPOSE_HOME", str(home))
        code = run(COMMANDS, command)
    stdout, stderr = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(command, code, stdout, stderr)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
