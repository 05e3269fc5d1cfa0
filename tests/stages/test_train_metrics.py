"""Lines of the metrics are means, and the file is whole after each."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from compose.core.errors import UsageError
from compose.stages.train_metrics import Metrics


def test_means_every_so_many_steps_and_at_the_last(tmp_path: Path) -> None:
    path, told = tmp_path / "m.jsonl", []
    metrics = Metrics(path, 2, told.append)
    for step, loss in enumerate((4.0, 2.0, 1.0, 3.0, 5.0), 1):
        metrics.take(step, {"loss": loss}, last=step == 5)
        if step == 2:
            assert json.loads(path.read_text()) == {"step": 2, "loss": 3.0}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == told == metrics.rows
    assert rows == [{"step": 2, "loss": 3.0}, {"step": 4, "loss": 2.0}, {"step": 5, "loss": 5.0}]
    assert not metrics.sums
    metrics.close()
    silent = Metrics(None, 1, told.append)
    silent.take(1, {"loss": 1.0}, last=True)
    assert len(told) == 3


def test_without_tensorboard_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install tensorboard"):
        Metrics(None, 1, board=tmp_path)
