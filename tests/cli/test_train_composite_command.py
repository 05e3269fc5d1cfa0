"""`compose train composite` as a user calls it."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from compose.cli.train_composite_options import limit_of
from compose.core.errors import UsageError
from compose.models.pics_config import TINY
from compose.models.pics_load import begin_pics, save_pics

from ..data.shard_files import write_shard
from .processes import compose

SMALL = dataclasses.replace(TINY, channels=16, multipliers=(1,), attention=(1,), context=16)


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A small network as a beginning, so that shards can be trained on without other weights."""
    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    save_pics(begin_pics(SMALL).net.state_dict(), SMALL, path)
    return path


def test_the_drawn_set(tmp_path: Path) -> None:
    out, home = tmp_path / "out", tmp_path / "home"
    train = ("train", "composite", "--toy", "--out", out, "--max-steps", 2, "--logger-freq", 0)
    planned = compose(*train, "--dry-run", "--json", home=home)
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["outputs"][0] == str(out / "pics.safetensors")
    assert not out.exists()
    refused = compose("train", "composite", "--out", out, home=home)
    assert refused.returncode == 2
    assert "--toy" in refused.stderr


def test_shards_by_set_and_joint(tmp_path: Path, begun: Path) -> None:
    for name in ("lvis", "bdd100k"):
        write_shard(tmp_path / "shards" / name / "00000.tar", range(4))
    home = tmp_path / "home"
    train = ("train", "composite", tmp_path / "shards", "--init", begun, "--batch-size", 2,
             "--json", "--device", "cpu")  # fmt: skip
    out = tmp_path / "joint"
    done = compose(*train, "--is-joint", "--epochs", 2, "--limit-train-batches", 1, "--guidance", 1,
                   "--logger-freq", 2, "--out", out, home=home)  # fmt: skip
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout.splitlines()[0])
    assert row["step"] == 2
    assert (out / "samples" / "step-0000002.png").is_file()
    told = json.loads((out / "config.json").read_text())
    assert (told["net"]["side"], told["steps"]) == (SMALL.side, 2)
    done = compose(*train, "--dataset-name", "lvis", "--out", out, home=home)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    done = compose(*train, "--dataset-name", "coco", "--out", out, "--overwrite", home=home)
    assert done.returncode == 2
    assert "lvis" in done.stderr


def test_the_share_and_the_count() -> None:
    assert limit_of("1") == 1
    assert isinstance(limit_of("1"), int)
    assert limit_of("1.0") == 1.0
    assert isinstance(limit_of("1.0"), float)
    assert limit_of(".25") == 0.25
    for wrong in ("0", "1.5", "-1", "x", "0.0", "nan"):
        with pytest.raises(UsageError, match="limits no batches"):
            limit_of(wrong)


def test_asked_to_end_it_keeps_its_place(tmp_path: Path, begun: Path) -> None:
    write_shard(tmp_path / "s" / "00000.tar", range(4))
    out = tmp_path / "out"
    train = ["train", "composite", str(tmp_path / "s"), "--init", str(begun), "--batch-size", "1",
             "--logger-freq", "0", "--out", str(out), "--device", "cpu"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "compose.cli", *train, "--max-steps", "100000", "--save-every", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COMPOSE_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    end = time.monotonic() + 200
    while not list(out.glob("checkpoints/*/state.pt")) and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=100)
    assert process.returncode == 130, stderr
    assert "--resume auto" in stderr
    assert not stdout
    assert not list(out.rglob("*.compose-part"))
    last = max(int(path.parent.name[5:]) for path in out.glob("checkpoints/*/state.pt"))
    done = compose(*train, "--resume", "auto", "--max-steps", last + 1, "--save-every", 1,
                   "--quiet", home=tmp_path / "home")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [Path(line).name for line in done.stdout.splitlines()] == [
        "pics.safetensors", "metrics.jsonl", "config.json",
    ]  # fmt: skip
    assert f"step-{last + 1:07d}" in [path.name for path in (out / "checkpoints").iterdir()]
