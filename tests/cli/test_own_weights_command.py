"""Networks of the user's own, as the command line takes and shows them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from compose.cli.main import COMMANDS, run
from compose.models.crop_builtin import weights_folder


def test_they_are_listed_verified_and_located(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    own = Path(shutil.copy(weights_folder() / "grouping.onnx", tmp_path))
    monkeypatch.setenv("COMPOSE_TRAINED", str(tmp_path))
    assert run(COMMANDS, ["models", "list", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capfd.readouterr().out.splitlines())}
    assert (rows["grouping"]["place"], rows["grouping"]["path"]) == ("trained", str(own))
    assert rows["outlines"]["place"] == "embedded"
    assert run(COMMANDS, ["models", "verify", "grouping"]) == 0
    assert capfd.readouterr().out == "grouping: your own in its place\n"
    assert run(COMMANDS, ["models", "path", "grouping"]) == 0
    assert capfd.readouterr().out == f"{own}\n"


def test_a_wrong_folder_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMPOSE_TRAINED", str(tmp_path))
    assert run(COMMANDS, ["models", "list"]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "has no network to take the place of one that ships" in said.err
