"""`compose train objects` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from .processes import compose


def test_the_plan_is_what_would_be_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = compose("train", "objects", tmp_path, "--out", out, "--dry-run", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    names = [Path(path).name for path in json.loads(done.stdout)["outputs"]]
    assert names == ["objects.onnx", "objects.safetensors", "objects_metrics.jsonl"]
    assert not out.exists()


def test_without_mobile_sam_it_says_what_to_pull(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = compose("train", "objects", tmp_path, "--out", out, home=tmp_path)
    assert done.returncode != 0
    assert "compose models pull mobile-sam" in done.stderr
    assert not out.exists() or not list(out.iterdir())


def test_the_segmenter_says_what_to_pull_and_writes_nothing(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "in.png")
    out = tmp_path / "out"
    done = compose(
        "segment-inpaint", tmp_path / "in.png", "--segmenter", "objects", "--out", out,
        home=tmp_path / "home",
    )  # fmt: skip
    assert done.returncode == 1
    assert "compose models pull mobile-sam" in done.stderr
    assert not out.exists()
