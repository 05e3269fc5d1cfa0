import hashlib
import json
from pathlib import Path

import pytest

from compose.cli.main import COMMANDS, run
from compose.core.errors import ModelError
from compose.models import pull as pulling
from compose.models import registry
from compose.models.checkpoint import Checkpoint, UrlSource

CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def row(name: str, licence: str = "MIT", sha256: str | None = DIGEST) -> Checkpoint:
    url = UrlSource(f"https://weights.example/{name}.bin")
    prefix = None if sha256 else DIGEST[:8]
    size = len(CONTENT) if sha256 else None
    return Checkpoint(name, f"tests {name}", f"{name}.bin", sha256, size, licence, (url,), prefix)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("COMPOSE_MODELS", "COMPOSE_OFFLINE", "HF_HUB_OFFLINE", "COMPOSE_CHECKPOINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    rows = [row("good"), row("other"), row("closed", "unknown"), row("prefixed", sha256=None)]
    monkeypatch.setattr(registry, "CHECKPOINTS", {})
    for module in ("compose.models.registry", "compose.models.cache"):
        monkeypatch.setattr(f"{module}.CHECKPOINTS", {r.name: r for r in rows})
    return tmp_path / "home" / "models"


@pytest.fixture(autouse=True)
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was fetched; `other` cannot be."""
    names: list[str] = []

    def fetch(url: str, row: Checkpoint, target: Path, **_: object) -> None:
        if row.name == "other":
            raise ModelError("the server is gone; try later.")
        names.append(row.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(CONTENT)

    monkeypatch.setattr(pulling, "fetch_url", fetch)
    return names


def models(*arguments: str) -> int:
    return run(COMMANDS, ["models", *arguments])


def records(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_list_shows_every_row_and_where_it_is(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home.mkdir(parents=True)
    (home / "good.bin").write_bytes(CONTENT)
    assert models("list") == 0
    shown = capfd.readouterr()
    lines = [line.split() for line in shown.out.splitlines()[1:]]
    assert [(line[0], line[-2], line[-1]) for line in lines] == [
        ("good", "MIT", "cache"),
        ("other", "MIT", "absent"),
        ("closed", "unknown", "absent"),
        ("prefixed", "MIT", "absent"),
    ]
    assert shown.err == ""


def test_list_as_json_has_what_is_known_and_null_for_what_is_not(
    home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.bin"
    own.write_bytes(b"own")
    assert models("list", "--json", "--checkpoint", f"closed={own}") == 0
    found = {str(record["name"]): record for record in records(capfd.readouterr().out)}
    assert found["good"]["sha256"] == DIGEST
    assert found["good"]["size"] == len(CONTENT)
    assert found["good"]["path"] is None
    assert found["closed"]["place"] == "given"
    assert found["closed"]["path"] == str(own)
    assert found["prefixed"]["sha256"] is None
    assert found["prefixed"]["sha256_prefix"] == DIGEST[:8]
    assert found["prefixed"]["size"] is None


def test_pull_shows_the_licence_and_prints_the_path(
    home: Path, fetched: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert models("pull", "good") == 0
    shown = capfd.readouterr()
    assert shown.out == f"{home / 'good.bin'}\n"
    assert "licence MIT" in shown.err
    assert "https://weights.example/good.bin" in shown.err
    assert models("pull", "good", "--quiet", "--offline") == 0
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == (f"{home / 'good.bin'}\n", "")
    assert fetched == ["good"]


def test_pull_goes_on_after_a_failure_and_ends_with_one(
    home: Path, fetched: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert models("pull", "other", "good", "other", "--json") == 1
    shown = capfd.readouterr()
    assert [(r["name"], r["status"]) for r in records(shown.out)] == [
        ("other", "error"),
        ("good", "ok"),
    ]
    assert records(shown.out)[0]["error"] == "the server is gone; try later."
    assert fetched == ["good"]
    assert models("pull", "other") == 1
    assert "error: other: the server is gone; try later." in capfd.readouterr().err


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["good", "closed"], "--accept-licence"), (["good", "goood"], "did you mean good")],
)
def test_wrong_usage_is_found_before_anything_is_fetched(
    names: list[str], expected: str, fetched: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert models("pull", *names) == 2
    assert expected in capfd.readouterr().err
    assert fetched == []


def test_consent_lets_restricted_weights_come(home: Path, fetched: list[str]) -> None:
    assert models("pull", "closed", "--accept-licence") == 0
    assert fetched == ["closed"]


@pytest.mark.parametrize("variable", ["COMPOSE_OFFLINE", "HF_HUB_OFFLINE", None])
def test_offline_is_a_failure_of_each_name(
    variable: str | None,
    home: Path,
    fetched: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if variable:
        monkeypatch.setenv(variable, "1")
    assert models("pull", "good", "prefixed", *([] if variable else ["--offline"])) == 1
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.count("error: ") == 2
    assert str(home / "good.bin") in shown.err
    assert fetched == []
    assert not home.exists()


def test_a_dry_run_fetches_nothing(
    home: Path, fetched: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert models("pull", "good", "--dry-run", "--json") == 0
    (record,) = records(capfd.readouterr().out)
    assert record == {"name": "good", "status": "planned", "outputs": [str(home / "good.bin")]}
    assert models("pull", "good", "--dry-run") == 0
    assert "would be fetched from https://weights.example/good.bin" in capfd.readouterr().out
    assert fetched == []


def test_verify_tells_right_from_wrong(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert models("verify") == 0
    assert "no checkpoint is on this machine" in capfd.readouterr().err
    home.mkdir(parents=True)
    for name in ("good", "prefixed"):
        (home / f"{name}.bin").write_bytes(CONTENT)
    assert models("verify") == 0
    assert capfd.readouterr().out.splitlines() == [
        "good: ok",
        "prefixed: ok as far as its hash is known (the first 8 of 64 digits)",
    ]
    (home / "good.bin").write_bytes(CONTENT[::-1])
    assert models("verify") == 1
    assert "compose models pull good" in capfd.readouterr().err
    assert models("verify", "prefixed") == 0
    assert models("verify", "good", "other", "--json") == 1
    found = records(capfd.readouterr().out.split("\n", 1)[1])
    assert [(record["name"], record["status"]) for record in found] == [
        ("good", "wrong"),
        ("other", "absent"),
    ]


def test_path_prints_the_path_or_says_what_to_do(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert models("path", "good") == 1
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "compose models pull good" in shown.err
    home.mkdir(parents=True)
    (home / "good.bin").write_bytes(CONTENT)
    assert models("path", "good") == 0
    assert capfd.readouterr().out == f"{home / 'good.bin'}\n"
    (home / "good.bin").write_bytes(CONTENT[1:])
    assert models("path", "good") == 1
    assert "hash differs" in capfd.readouterr().err
