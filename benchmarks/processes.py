"""`compose` in processes of its own, and what they take."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compose.core.errors import ComposeError, UsageError
from compose.core.names import printable


def compose() -> list[str]:
    """The command of this Python's environment."""
    script = Path(sys.executable).with_name("compose")
    return [os.fspath(script)] if script.exists() else [sys.executable, "-m", "compose.cli"]


@dataclass(frozen=True)
class Run:
    """One process from its start to its end."""

    code: int
    wall: float  # seconds
    cpu: float  # seconds of all its threads, user and system


def timed(command: Sequence[str | Path]) -> Run:
    """Run a command without showing what it prints."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(process.returncode, time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


@dataclass(frozen=True)
class Captured:
    """One process with what it printed."""

    code: int
    stdout: bytes
    stderr: bytes
    wall: float  # seconds


def captured(command: Sequence[str | Path], *, limit: float = 900) -> Captured:
    """Run a command to its end; after `limit` seconds that is an error of subprocess."""
    began = time.perf_counter()
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False
    )
    return Captured(done.returncode, done.stdout, done.stderr, time.perf_counter() - began)


@dataclass
class Batch:
    """A run over many inputs, with its memory after each record."""

    wall: float = 0.0  # seconds, start-up included
    cpu: float = 0.0  # seconds of all threads
    resident: list[float] = field(default_factory=list)  # MB after each record


def watched(command: Sequence[str | Path]) -> Batch:
    """Run a command that prints one line an input, and watch its memory.

    Raises:
        ComposeError: it fails.
        UsageError: psutil is not installed.
    """
    psutil = _psutil()
    batch = Batch()
    began = time.perf_counter()
    with tempfile.TemporaryFile() as talk:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=talk)
        assert process.stdout is not None
        about = psutil.Process(process.pid)
        for _ in process.stdout:  # one that has ended stays readable until it is waited for
            # the kernel's own peak would be that of this process, which the new one begins as
            resident = about.memory_info().rss / 1e6
            # nothing is left of one that ended before its last lines were read
            batch.resident.append(resident or batch.resident[-1])
        _, status, usage = os.wait4(process.pid, 0)
        batch.wall = time.perf_counter() - began
        process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        talk.seek(0)
        if process.returncode:
            said = printable(talk.read().decode(errors="replace").strip())
            raise ComposeError(f"compose ended with {process.returncode} and said: {said}")
    batch.cpu = usage.ru_utime + usage.ru_stime
    return batch


def _psutil() -> Any:
    try:
        import psutil
    except ImportError:
        raise UsageError(
            "psutil is not installed; install compose-toolkit[benchmark] to watch memory."
        ) from None
    return psutil
