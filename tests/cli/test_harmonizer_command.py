"""`compose train harmonizer` as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def compose(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.cli", "train", "harmonizer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)


def test_the_plan_is_what_would_be_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = compose(tmp_path, "--out", out, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    names = [Path(path).name for path in json.loads(done.stdout)["outputs"]]
    assert names == ["harmony.onnx", "harmony.safetensors", "harmony_metrics.jsonl"]
    assert not out.exists()


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "harmony.onnx").write_text("mine")
    done = compose(tmp_path, "--out", tmp_path)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert (tmp_path / "harmony.onnx").read_text() == "mine"


def test_photographs_without_a_mask_are_one_sentence(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(tmp_path / "plain.png")
    done = compose(tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "masks" in done.stderr
