"""What the commands of `compose train` share."""

from __future__ import annotations

from pathlib import Path

import pytest

from compose.cli.main import COMMANDS, run


@pytest.mark.parametrize(
    ("training", "standing", "remedies"),
    [
        (["subjects", "--data", "DATA"], "subjects.onnx", "--overwrite"),
        (["crop", "--engine", "rank", "--data", "DATA"], "crop_rank.onnx", "--overwrite"),
        (
            ["crop", "--engine", "procrop", "--data", "DATA"],
            "procrop.safetensors",
            "--resume auto or --overwrite",
        ),
        (["composite", "--toy"], "config.json", "--resume auto or --overwrite"),
    ],
)
def test_a_refusal_names_the_options_that_the_training_has(
    training: list[str],
    standing: str,
    remedies: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / standing).write_text("mine")
    given = [{"DATA": str(tmp_path)}.get(part, part) for part in training]
    assert run(COMMANDS, ["train", *given, "--out", str(tmp_path)]) == 2
    assert capfd.readouterr().err.endswith(f"{standing} exists already; add {remedies}.\n")
    assert (tmp_path / standing).read_text() == "mine"


def test_a_seed_that_generators_cannot_take_is_wrong_usage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [
        "train",
        "subjects",
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
        "--dry-run",
    ]
    assert run(COMMANDS, [*given, "--seed", str(2**63 - 1)]) == 0
    assert run(COMMANDS, [*given, "--seed", str(2**63)]) == 2
    assert "--seed" in capfd.readouterr().err


@pytest.mark.parametrize(
    "training",
    [
        ["train", "crop", "--data", "NOWHERE"],
        ["train", "saliency", "--data", "NOWHERE"],
        ["train", "harmonizer", "NOWHERE"],
        ["build-dataset", "occlusion", "--data", "NOWHERE", "--count", "2"],
    ],
)
def test_a_plan_needs_its_data(
    training: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [{"NOWHERE": str(tmp_path / "nowhere")}.get(part, part) for part in training]
    assert run(COMMANDS, [*given, "--out", str(tmp_path / "out"), "--dry-run"]) == 1
    told = capfd.readouterr()
    assert "nowhere" in told.err
    assert told.out == ""
    assert not (tmp_path / "out").exists()
