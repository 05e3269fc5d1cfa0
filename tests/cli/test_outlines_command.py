"""`compose train outlines` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from .processes import compose


def test_the_plan_is_what_would_be_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = compose(
        "train", "outlines", tmp_path, "--out", out, "--dry-run", "--json", home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    names = [Path(path).name for path in json.loads(done.stdout)["outputs"]]
    assert names == ["outlines.onnx", "outlines.safetensors", "outlines_metrics.jsonl"]
    assert not out.exists()
