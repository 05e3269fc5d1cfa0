"""`compose train contours` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from .processes import compose


def test_the_plan_is_what_would_be_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = compose(
        "train", "contours", tmp_path, "--out", out, "--dry-run", "--json", home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    names = [Path(path).name for path in json.loads(done.stdout)["outputs"]]
    assert names == ["contours.safetensors", "contours_metrics.jsonl"]
    assert not out.exists()


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "contours.safetensors").write_text("mine")
    done = compose("train", "contours", tmp_path, "--out", tmp_path, home=tmp_path)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert (tmp_path / "contours.safetensors").read_text() == "mine"


def test_without_the_teacher_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    done = compose(
        "train", "contours", tmp_path / "photos", "--out", tmp_path / "out", home=tmp_path
    )
    assert done.returncode == 1
    assert "compose models pull hed" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
