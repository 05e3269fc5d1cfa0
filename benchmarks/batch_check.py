"""Whether a run of `compose crop --json` told the truth about every input."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from malformed import Case
from processes import Captured

from compose.cli.output import written_files
from compose.core.errors import ComposeError
from compose.core.images import load_picture

_OURS = ("error: ", "warning: ", "engine ")  # how what it says on stderr begins


def snapshot(folder: Path) -> dict[str, str]:
    """What lies below a folder: each path with its kind, and the digest of a regular file."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind = path.lstat().st_mode
        text = oct(kind)
        if stat.S_ISREG(kind) and os.access(path, os.R_OK):
            text += hashlib.sha256(path.read_bytes()).hexdigest()
        found[os.fspath(path.relative_to(folder))] = text
    return found


def statuses(stdout: bytes) -> dict[Path, str]:
    """The status of every input that has a record."""
    records = [json.loads(line) for line in stdout.splitlines()]
    return {Path(record["input"]): record["status"] for record in records}


def check_batch(cases: Sequence[Case], done: Captured, outputs: Sequence[Path]) -> list[str]:
    """What is wrong with a run, one sentence each.

    Args:
        cases: every input and what may become of it.
        done: the run.
        outputs: the folders it wrote to, which were not there before.
    """
    problems = _check_stderr(done.stderr)
    if not done.stdout:
        return [*problems, f"there is no record at all, and stderr says {done.stderr.decode()!r}"]
    try:
        records = [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError as error:
        return [*problems, f"stdout holds what is no JSON ({error})"]
    named = [record["input"] for record in records]
    for name in {name for name in named if named.count(name) > 1}:
        problems.append(f"{name!r} has more than one record")
    by_name = {record["input"]: record for record in records}
    for case in cases:
        name = os.fspath(case.path)
        record = by_name.pop(name, None)
        if record is None:
            problems.append(f"{name!r} ({case.kind}) has no record")
            continue
        problems += [f"{name!r} ({case.kind}) {text}" for text in _check_record(record, case)]
    problems += [f"{name!r} has a record and is no input" for name in by_name]
    failed = any(record["status"] == "error" for record in records)
    if done.code != int(failed):
        problems.append(f"the exit code is {done.code}")
    told = {Path(path) for record in records for path in written_files(record)}
    written = {path for folder in outputs for path in folder.rglob("*") if not path.is_dir()}
    problems += [f"{os.fspath(path)!r} is there and in no record" for path in written - told]
    return problems


def _check_stderr(stderr: bytes) -> list[str]:
    lines = stderr.decode("utf-8").splitlines()
    foreign = (line for line in lines if not line.startswith(_OURS) or "unexpected" in line)
    return [f"stderr says {line!r}" for line in foreign]


def _check_record(record: dict[str, Any], case: Case) -> list[str]:
    if record["status"] == "error":
        return _check_failure(record) + ([] if case.fails is not False else ["failed"])
    if record["status"] != "ok":
        return [f"has the status {record['status']!r}"]
    return _check_crops(record) + (["was not refused"] if case.fails else [])


def _check_failure(record: dict[str, Any]) -> list[str]:
    text, problems = record["error"], []
    if set(record) != {"input", "status", "error"}:
        problems.append(f"has a record of failure with {sorted(record)}")
    if not text.endswith(".") or not text.isprintable() or ". " in text:
        problems.append(f"is explained by what is no single sentence: {text!r}")
    if text.startswith("unexpected "):
        problems.append(f"was not foreseen: {text!r}")
    return problems


def _check_crops(record: dict[str, Any]) -> list[str]:
    if not record["crops"]:
        return ["has no crop"]
    expected = {found["file"]: found["box"] for found in record["crops"]}
    expected[record["overlay"]["file"]] = [0, 0, record["width"], record["height"]]
    problems = []
    for file, (x1, y1, x2, y2) in expected.items():
        if not (0 <= x1 < x2 <= record["width"] and 0 <= y1 < y2 <= record["height"]):
            problems.append(f"has a crop that leaves it: {[x1, y1, x2, y2]}")
        try:
            picture = load_picture(file)
        except ComposeError as error:
            problems.append(f"has an output that cannot be read: {error}")
            continue
        if (picture.width, picture.height) != (x2 - x1, y2 - y1):
            problems.append(f"has an output of {picture.width}x{picture.height} pixels: {file!r}")
    return problems
