from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .processes import compose_here

COPYING = Path(__file__).with_name("copying.py")


@pytest.fixture
def used(copy, tmp_path):  # type: ignore[no-untyped-def]
    """The number of --max-pixels that a run with this file, environment and flags used."""
    (tmp_path / "a.txt").write_text("x")

    def run(toml: str, *flags: str, **env: str) -> int:
        (tmp_path / "c.toml").write_text(toml)
        done = copy("a.txt", "--json", "--overwrite", "--config", "c.toml", *flags, env=env)
        assert done.returncode == 0, done.stderr
        return int(json.loads(done.stdout)["max_pixels"])

    return run


def test_flags_go_before_the_environment_and_that_before_the_file(used) -> None:  # type: ignore[no-untyped-def]
    assert used("") == 100_000_000
    assert used("max-pixels = 1") == 1
    assert used("max_pixels = 1\n[copy]\nmax-pixels = 2") == 2
    assert used("max-pixels = 1", COMPOSE_MAX_PIXELS="3") == 3
    assert used("[copy]\nmax-pixels = 1", "--max-pixels", "4", COMPOSE_MAX_PIXELS="3") == 4


def test_file_may_be_named_by_the_environment(copy, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "c.toml").write_text("quiet = true\nout = 'there'")
    done = copy("a.txt", env={"COMPOSE_CONFIG": "c.toml"})
    assert done.stdout == b"there/a.txt\n"


def test_flag_beats_what_it_excludes_in_the_file(copy, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "c.toml").write_text("skip-existing = true\nquiet = true")
    for _ in range(2):
        done = copy("a.txt", "--overwrite", "--json", "--config", "c.toml")
        assert json.loads(done.stdout)["status"] == "ok"


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("nix = 1", "'nix' in c.toml is no option of any command; correct or remove it."),
        ("[copy]\noffline = true", "'offline' in c.toml is no option of 'compose copy'"),
        ("[nix]\njobs = 1", "[nix] in c.toml is no command; correct the name."),
        ("config = 'd.toml'", "'config' in c.toml is no option of any command"),
        ("jobs = ", "c.toml is no valid TOML"),
        ("jobs = 'many'", "--jobs"),
        ("jobs = [1]", "--jobs"),
    ],
)
def test_bad_files_are_wrong_usage(copy, tmp_path, toml, sentence) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "c.toml").write_text(toml)
    done = copy("a.txt", "--config", "c.toml")
    assert (done.returncode, done.stdout) == (2, b"")
    assert sentence in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "copies").exists()


def test_missing_file_is_wrong_usage(copy, tmp_path) -> None:  # type: ignore[no-untyped-def]
    done = copy("a.txt", "--config", "gone.toml")
    assert done.returncode == 2
    assert b"cannot read the configuration gone.toml" in done.stderr


def test_config_prints_a_file_that_gives_the_same_values(tmp_path) -> None:  # type: ignore[no-untyped-def]
    def config(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(COPYING), "config", "copy", *arguments],
            cwd=tmp_path,
            env={"PATH": "", "COMPOSE_OUT": 'a "b" \U0001f600\x7f'},
            capture_output=True,
            check=True,
        )
        return done.stdout.decode()

    (tmp_path / "c.toml").write_text("jobs = 5\n[copy]\ncheckpoint = 'a=b'\n")
    first = config("--config", "c.toml")
    assert "jobs = 5  # c.toml" in first
    assert "# COMPOSE_OUT" in first
    (tmp_path / "d.toml").write_text(first)
    values = tomllib.loads(first)["copy"]
    assert tomllib.loads(config("--config", "d.toml"))["copy"] == values
    assert values["checkpoint"] == ["a=b"]
    assert values["out"] == 'a "b" \U0001f600\x7f'
    assert values["overwrite"] is False
    lines = [json.loads(line) for line in config("--json").splitlines()]
    assert {line["option"]: line["value"] for line in lines}["jobs"] == 2


def test_several_values_in_the_environment_stand_in_lines(copy, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.txt").write_text("x")

    def told(text: str) -> dict[str, object]:
        done = copy("a.txt", "--json", "--overwrite", env={"COMPOSE_CHECKPOINT": text})
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    assert told("a=my models/x.pth\nb=y\n")["checkpoint"] == ["a=my models/x.pth", "b=y"]
    assert told("a=x b=y")["checkpoint"] == ["a=x", "b=y"]


def test_an_option_may_be_called_as_a_command(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "c.toml").write_text("[build-dataset]\nreport = 'x.html'\n")
    place = tmp_path / "nowhere"
    given = ["build-dataset", "report", place, "-o", tmp_path / "y.html"]
    done = compose_here(*given, "--config", tmp_path / "c.toml", home=tmp_path)
    assert done.returncode == 1
    assert "has no finished shards" in done.stderr
