"""The proof of benchmarks/hostile.py on a few files, and that its checks would notice."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import random
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SLOPPY = """
import sys, time
from pathlib import Path
out = Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(exist_ok=True)
for number in range(20):
    (out / f"{number}.txt").write_text("half")
    print(number, flush=True)
    time.sleep(0.02)
for number in range(20):
    (out / f"{number}.txt").write_text("whole")
"""


def load(name: str) -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCHMARKS))


hostile, batch_check, kill_check, processes = map(
    load, ("hostile", "batch_check", "kill_check", "processes")
)


def options(**values):
    return argparse.Namespace(engine="full", seed=3, **values)


def test_malformed_files_fail_alone_and_in_one_sentence(tmp_path, capsys):
    assert hostile.bad_files(tmp_path, options(malformed=32, good=12)) == []
    printed = capsys.readouterr().out
    assert "32 malformed and 12 good files, exit code 1" in printed
    assert sum(int(n) for n in re.findall(r"\| +error \| +(\d+) \|", printed)) >= 24


def test_a_killed_run_is_taken_up_to_the_same_bytes(tmp_path):
    assert hostile.sudden_end(tmp_path, options(good=12, kills=2)) == []


@pytest.fixture
def finished(tmp_path):
    """A run over two good files and four bad ones, as `check_batch` takes it."""
    cases = hostile.write_mixed(tmp_path / "in", 4, 2, 0)
    outputs = [tmp_path / "crops", tmp_path / "drawn"]
    command = [*processes.compose(), "crop", tmp_path / "in", "--engine", "full", "--json"]
    done = processes.captured([*command, "--out", outputs[0], "--overlay", outputs[1]])
    assert batch_check.check_batch(cases, done, outputs) == []
    return cases, done, outputs


def edited(done, change):
    """The same run with every record changed by a function, which may drop it."""
    records = [change(json.loads(line)) for line in done.stdout.splitlines()]
    lines = [json.dumps(record) for record in records if record is not None]
    return dataclasses.replace(done, stdout="\n".join(lines).encode())


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (lambda r: r if r["status"] == "ok" else None, "has no record"),
        (lambda r: r | {"input": "other.jpg"}, "is no input"),
        (lambda r: r | {"error": "one. Two."} if "error" in r else r, "no single sentence"),
        (lambda r: r | {"error": "unexpected X: y."} if "error" in r else r, "not foreseen"),
        (lambda r: r | {"crops": []} if "crops" in r else r, "has no crop"),
        (lambda r: r | {"width": 7} if "crops" in r else r, "leaves it"),
        (lambda r: {"input": r["input"], "status": "error", "error": "no."}, "failed"),
    ],
)
def test_records_that_lie_are_noticed(finished, change, noticed):
    cases, done, outputs = finished
    problems = batch_check.check_batch(cases, edited(done, change), outputs)
    assert any(noticed in problem for problem in problems)


def test_what_is_said_or_written_beside_the_records_is_noticed(finished, tmp_path):
    cases, done, outputs = finished
    traceback = dataclasses.replace(done, stderr=b"Traceback (most recent call last):\n", code=0)
    said = batch_check.check_batch(cases, traceback, outputs)
    assert said == ["stderr says 'Traceback (most recent call last):'", "the exit code is 0"]
    (outputs[0] / "left.jpg").touch()
    more = batch_check.check_batch(cases, done, outputs)
    assert [problem.endswith("is there and in no record") for problem in more] == [True]
    (outputs[0] / "left.jpg").unlink()
    next(path for path in outputs[0].rglob("*") if path.is_file()).unlink()
    less = batch_check.check_batch(cases, done, outputs)
    assert ["cannot be read" in problem for problem in less] == [True]


def test_a_command_that_writes_in_place_is_found_out(tmp_path):
    command = [sys.executable, "-c", SLOPPY]
    (trial,) = kill_check.kill_and_resume(command, tmp_path, 1, random.Random(0))
    assert any("stood with other bytes" in problem for problem in trial.problems)
