from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COPYING = Path(__file__).with_name("copying.py")


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start `compose copy` with pipes, in the test's folder, under the environment given."""

    def popen(*arguments: str, env: dict[str, str] | None = None, **options: Any) -> Any:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [sys.executable, "-W", "error", str(COPYING), "copy", *arguments],
            cwd=tmp_path,
            env=clean | (env or {}),
            **(pipes | options),
        )

    return popen


@pytest.fixture
def copy(
    start: Callable[..., subprocess.Popen[bytes]],
) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run `compose copy` to its end."""

    def run(*arguments: str, input: bytes = b"", **options: Any) -> Any:
        process = start(*arguments, **options)
        stdout, stderr = process.communicate(input, timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`in` with two good files, one in a folder, and two that fail."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name, data in {
        "a.txt": b"first",
        "bad.txt": b"bad",
        "bug.txt": b"bug",
        "sub/c.txt": b"third",
    }.items():
        (folder / name).write_bytes(data)
    return folder
