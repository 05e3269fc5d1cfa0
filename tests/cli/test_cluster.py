"""Commands on a local Ray cluster of two workers, one of which is killed: as in one process."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compose.cli.main import COMMANDS, run
from compose.core.workers import ray_workers

from ..data.raw_trees import coco_tree
from .processes import files

pytest.importorskip("ray")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two workers, whom all commands of this module find."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.fspath(Path(__file__).parent))
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.syspath_prepend(Path(__file__).parent)
        try:
            quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": 40}
            ray.init("local", num_cpus=2, **quiet)
        except Exception as error:
            pytest.skip(f"no cluster can be begun here: {error}")
        yield
        ray.shutdown()


@pytest.fixture
def command(
    cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> Run:
    """Run a command in the test's folder, with and without a cluster; there, a worker dies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPOSE_HOME", os.fspath(tmp_path / "home"))
    notes = tmp_path / "notes"
    notes.mkdir()
    dies_once = importlib.import_module("dying").DiesOnce

    def workers(work: Any, *rest: Any, **options: Any) -> Any:
        return ray_workers(dies_once(notes, work), *rest, **options)

    for module in ("core.workers", "stages.build_pairs"):
        monkeypatch.setattr(f"compose.{module}.ray_workers", workers)

    def start(*arguments: object, dies: bool = False) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(COMMANDS, [str(argument) for argument in arguments])
        assert (notes / "died").exists() == dies
        return code, *capfd.readouterr()

    return start


def draw(folder: Path, count: int) -> Path:
    """Photographs, and one file that is none."""
    (folder / "sub").mkdir(parents=True)
    for number in range(count):
        random = np.random.default_rng(number)
        rows, columns = np.mgrid[:70, :90]
        picture = np.full((70, 90, 3), 90, np.uint8) + random.integers(0, 60, (70, 90, 3))
        picture[(columns - 40) ** 2 + (rows - 30) ** 2 < 200] = (200, 40, 30)
        name = f"sub/{number}.png" if number % 2 else f"{number}.png"
        Image.fromarray(picture.astype(np.uint8)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def timeless(value: Any) -> Any:
    """Without what differs between any two runs."""
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if key != "seconds"}
    return [timeless(each) for each in value] if isinstance(value, list) else value


def told(stdout: str) -> list[Any]:
    return [timeless(json.loads(line)) for line in stdout.splitlines()]


def made(folder: Path) -> dict[str, Any]:
    """The files below a folder; what says how long it took, without that."""
    found: dict[str, Any] = dict(files(folder))
    return {
        name: timeless(json.loads(data)) if name.endswith(".json") else data
        for name, data in found.items()
    }


def test_crops_are_those_of_one_process(command: Run, tmp_path: Path) -> None:
    draw(tmp_path / "in", 4)
    crop = ("crop", "in", "--engine", "centre", "--out", "out", "--overlay", "over", "--json")
    alone = command(*crop, "--report", "page.html")
    (tmp_path / "out").rename(tmp_path / "out-alone")
    (tmp_path / "over").rename(tmp_path / "over-alone")
    page = (tmp_path / "page.html").read_bytes()
    (tmp_path / "page.html").unlink()
    code, stdout, stderr = command(
        *crop, "--report", "page.html", "--cluster", "ray", "--jobs", 2, dies=True
    )
    assert code == alone[0] == 1  # one of the files is no picture
    assert told(stdout) == told(alone[1])
    assert stderr == alone[2]
    assert "1 of 5 inputs failed" in stderr
    assert made(tmp_path / "out") == made(tmp_path / "out-alone")
    assert made(tmp_path / "over") == made(tmp_path / "over-alone")
    assert (tmp_path / "page.html").read_bytes() == page


def test_layers_are_those_of_one_process(command: Run, tmp_path: Path) -> None:
    draw(tmp_path / "in", 3)
    mask = np.zeros((70, 90), np.uint8)
    mask[14:47, 24:57] = 255
    for number in range(3):
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(tmp_path / "masks" / f"{number}.png")
    taken = ("segment-inpaint", "in", "--masks", "masks", "--inpainter", "opencv", "--out", "out")
    taken = (*taken, "--iterations", "1", "--json")
    alone = command(*taken)
    (tmp_path / "out").rename(tmp_path / "out-alone")
    code, stdout, stderr = command(*taken, "--cluster", "ray", "--jobs", 2, dies=True)
    assert code == alone[0] == 1
    assert told(stdout) == told(alone[1])
    assert stderr == alone[2]
    assert len(made(tmp_path / "out")) > 12
    assert made(tmp_path / "out") == made(tmp_path / "out-alone")


def test_pairs_are_those_of_one_process(command: Run, tmp_path: Path) -> None:
    tree = coco_tree(tmp_path / "coco", 60)
    built = ("build-dataset", "pairs", "--raw", f"coco:{tree}", "--samples-per-shard", 12)
    alone = command(*built, "--out", "alone")
    code, _, stderr = command(*built, "--out", "set", "--cluster", "ray", "--jobs", 2, dies=True)
    assert (code, stderr) == (alone[0], alone[2]) == (0, "")
    assert files(tmp_path / "set") == files(tmp_path / "alone")
