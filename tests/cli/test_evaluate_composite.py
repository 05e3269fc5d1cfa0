"""`compose evaluate composite` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_type_hints

import pytest

from compose.cli.evaluate_composite import composite
from compose.stages.composite_engines import PEER_NAMES

from ..stages.pair_scenes import coco_pairs
from .processes import compose

FAST = ("--inpainter", "telea")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return coco_pairs(tmp_path / "coco", count=1)


def test_rows_of_figures_and_their_differences_as_json(data: Path, tmp_path: Path) -> None:
    done = compose("evaluate", "composite", "--data", data, "--json", *FAST,
                   home=tmp_path / "home")  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    figures, differences = rows[:12], rows[12:]
    names = ["blend", "paste", "paste-cut", "clone", "clone-mixed", "sequential"]
    tasks = ["recomposite", "harmonize"]
    assert [(row["task"], row["engine"]) for row in figures] == [
        (task, name) for task in tasks for name in names
    ]
    for row in figures:
        assert (row["split"], row["encoder"], row["inpainter"]) == ("val", "builtin", "telea")
        assert (row["pairs"], row["outside"], row["stable"]) == (1, 0, 1)
        assert 0 < row["psnr_overlap"]["value"] <= 60
        assert row["identity"]["value"] <= 1 + 1e-6
    plain, perturbed = figures[1], figures[7]
    assert plain["psnr_union"]["value"] > perturbed["psnr_union"]["value"]
    assert [(row["task"], row["against"]) for row in differences] == [
        (task, name) for task in tasks for name in names[1:]
    ]
    gain = figures[0]["ssim_union"]["value"] - plain["ssim_union"]["value"]
    assert differences[0]["ssim_union"]["difference"] == pytest.approx(gain)


def test_a_table_for_people(data: Path, tmp_path: Path) -> None:
    done = compose("evaluate", "composite", "--data", data, "--engine", "paste", "--task",
                   "harmonize", *FAST, home=tmp_path / "home")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:4] == ["task", "engine", "of", "union"]
    assert "recomposite" not in done.stdout
    assert "paste" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--engine", "glue"), 2, "clone-mixed"),
        (("--engine", "pics"), 1, "checkpoint"),
        (("--split", "train"), 1, "instances_train2017.json"),
    ],
)
def test_failures_are_one_sentence(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = compose("evaluate", "composite", "--data", data, *arguments, home=tmp_path / "home")
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_the_help_names_the_engines_that_run_by_default() -> None:
    option = get_type_hints(composite, include_extras=True)["engine"].__metadata__[0]
    peers = ("paste", "paste-cut", "clone", "clone-mixed", "sequential")
    assert peers == PEER_NAMES
    said = option.help.replace(",", " ").split()
    assert [name for name in said if name in peers] == list(peers)
    assert option.help.endswith("By default blend and these five.")
