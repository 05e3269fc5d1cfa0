"""Options without effect on what is asked for are refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from compose.cli.build_dataset import app as build
from compose.cli.evaluate import app as evaluate
from compose.core.errors import UsageError


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--steps", "3"), "--steps has no effect on engine builtin; leave it out"),
        (("--guidance", "9", "--negative", "x"), "--guidance, --negative have no effect"),
        (("--engine", "real", "--inpainter", "ns"), "--inpainter has no effect on engine real"),
    ],
)
def test_of_cad(more: tuple[str, ...], told: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(build, ["cad", str(tmp_path), "--out", str(out), *more])
    assert isinstance(done.exception, UsageError), done.output
    assert told in str(done.exception)
    assert not out.exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--dataset", "voc", "--given-occluder"), "--given-occluder has no effect"),
        (("--dataset", "occlusion", "--merge", "first-wins", "--split", "val"), "have no effect"),
    ],
)
def test_of_the_measured_loop(more: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(evaluate, ["segment-inpaint", "--data", str(tmp_path), *more])
    assert isinstance(done.exception, UsageError), done.output
    assert told in str(done.exception)
