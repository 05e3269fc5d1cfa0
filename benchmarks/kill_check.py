"""Killing a run of `compose crop` and taking it up again."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from batch_check import snapshot
from processes import captured

from compose.core.files import is_part_file


@dataclass
class Trial:
    """A run that was killed, perhaps more than once, and then taken up."""

    killed_after: list[int] = field(default_factory=list)  # records, each time
    standing: int = 0  # files with their own names after the last kill
    parts: int = 0  # files half written after the last kill
    problems: list[str] = field(default_factory=list)


def kill_and_resume(
    command: Sequence[str | Path], scratch: Path, trials: int, chance: Random
) -> list[Trial]:
    """Run a command to its end once, and then `trials` times with kills on the way.

    Args:
        command: prints a line for every input; --out and --overlay are added here.
        scratch: a folder to work in.
        trials: every other one is killed twice.
        chance: chooses the moments.
    """
    out = scratch / "out"
    line = [*command, "--out", out, "--overlay", out / "drawn"]
    undisturbed = captured(line)
    if undisturbed.code:
        said = undisturbed.stderr.decode()
        text = f"an undisturbed run exits with {undisturbed.code} and says {said!r}"
        return [Trial(problems=[text])]
    whole, count = snapshot(out), len(undisturbed.stdout.splitlines())
    return [
        _trial(line, out, whole, 1 + number % 2, count, undisturbed.wall, chance)
        for number in range(trials)
    ]


def _trial(
    line: Sequence[str | Path],
    out: Path,
    whole: dict[str, str],
    kills: int,
    count: int,
    seconds: float,
    chance: Random,
) -> Trial:
    trial = Trial()
    shutil.rmtree(out)
    for _ in range(kills):
        resumed = ["--skip-existing"] if trial.killed_after else []
        # in the first half, so that a second one finds something left to do
        records = chance.randrange(count // 2)
        wait = chance.uniform(0, 3 * seconds / count)
        if _kill([*line, *resumed], records, wait):
            trial.killed_after.append(records)
        left = {path: text for path, text in snapshot(out).items() if (out / path).is_file()}
        parts = {path for path in left if is_part_file(Path(path))}
        trial.standing, trial.parts = len(left) - len(parts), len(parts)
        for path in left.keys() - parts:
            if left[path] != whole.get(path):
                trial.problems.append(f"{path!r} stood with other bytes after a kill")
    if not trial.killed_after:
        trial.problems.append("a run was over before it could be killed; take more files")
    done = captured([*line, "--skip-existing"])
    if done.code or done.stderr.count(b"Traceback"):
        trial.problems.append(f"taking up exits with {done.code} and says {done.stderr!r}")
    ended = snapshot(out)
    for path in sorted(ended.keys() | whole.keys()):
        if ended.get(path) != whole.get(path):
            state = "is left over" if path not in whole else "is missing or differs"
            trial.problems.append(f"{path!r} {state} after taking up")
    return trial


def _kill(line: Sequence[str | Path], records: int, wait: float) -> bool:
    """Start a command and kill it a while after some records; whether it was still running."""
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    for _ in range(records):
        process.stdout.readline()
    time.sleep(wait)
    process.kill()
    process.communicate()
    return process.returncode == -9
