"""`compose train grouping` as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def compose(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.cli", "train", "grouping", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)


def test_the_plan_is_what_would_be_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = compose("--data", tmp_path, "--data", tmp_path, "--out", out, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    names = [Path(path).name for path in json.loads(done.stdout)["outputs"]]
    assert names == ["grouping.onnx", "grouping.safetensors", "grouping_metrics.jsonl"]
    assert not out.exists()


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "grouping.onnx").write_text("mine")
    done = compose("--data", tmp_path, "--out", tmp_path)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert (tmp_path / "grouping.onnx").read_text() == "mine"


def test_a_folder_that_is_no_set_is_one_sentence(tmp_path: Path) -> None:
    done = compose("--data", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "compose build-dataset occlusion" in done.stderr
