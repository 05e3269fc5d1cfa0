import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

import pytest

from compose.core.errors import ModelError, OfflineError, UsageError
from compose.models import pull as pulling
from compose.models import registry
from compose.models.cache import UserPaths
from compose.models.checkpoint import (
    Checkpoint,
    HubSource,
    NpmSource,
    SdistSource,
    Source,
    UrlSource,
    WheelSource,
)
from compose.models.lock import locked
from compose.models.pull import offline_reason, pull

CONTENT = bytes(range(256)) * 40
URL = UrlSource("https://weights.example/tiny.bin")
MIRROR = HubSource("someone/weights", "tiny.bin")
WHEEL = WheelSource("compose-test-weights", "1.2", "weights/tiny.bin")
SDIST = SdistSource("compose-test", "1.2", "compose-test-1.2.tar.gz", "compose-test-1.2/tiny.bin")
NPM = NpmSource("@compose/test", "1.2.0", "package/tiny.bin")


def row(licence: str = "MIT", sources: tuple[Source, ...] = (URL,), note: str = "") -> Checkpoint:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Checkpoint("tiny", "", "tiny.bin", digest, len(CONTENT), licence, sources, None, note)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("COMPOSE_MODELS", "COMPOSE_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(registry.CHECKPOINTS, "tiny", row())
    return tmp_path / "home"


@pytest.fixture
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever would open a connection or start a program is noted and fails."""
    tried: list[str] = []

    def refuse(*arguments: object, **_: object) -> NoReturn:
        tried.append(repr(arguments[-1]))
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    return tried


@pytest.mark.parametrize("variable", ["", "COMPOSE_OFFLINE", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize("source", [URL, MIRROR, WHEEL, SDIST, NPM])
def test_offline_touches_no_network_and_says_what_to_do(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_way_out: list[str],
    variable: str,
    source: Source,
) -> None:
    monkeypatch.setitem(registry.CHECKPOINTS, "tiny", row(sources=(source,)))
    if variable:
        monkeypatch.setenv(variable, "1")
    with pytest.raises(OfflineError) as caught:
        pull("tiny", offline=not variable)
    sentence = str(caught.value)
    for part in (variable or "--offline", "tiny.bin", str(source), str(home / "models")):
        assert part in sentence
    assert no_way_out == []
    assert not home.exists()


def test_the_guard_of_these_tests_would_notice(no_way_out: list[str]) -> None:
    with pytest.raises(AssertionError, match="the network was touched"):
        pull("tiny")
    assert no_way_out != []


@pytest.mark.parametrize("value", ["0", "", "false", "no"])
def test_a_variable_that_says_no_forbids_nothing(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("COMPOSE_OFFLINE", value)
    assert offline_reason() is None
    assert offline_reason(True) == "--offline"


def test_what_is_here_needs_no_network(home: Path, tmp_path: Path, no_way_out: list[str]) -> None:
    cached = home / "models" / "tiny.bin"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert pull("tiny", offline=True).path == cached
    assert pull("tiny", offline=True).source == ""
    own = tmp_path / "own.bin"
    own.write_bytes(b"own")
    assert pull("tiny", UserPaths(files={"tiny": own}), offline=True).path == own
    assert no_way_out == []


def test_a_damaged_file_in_the_cache_is_replaced_but_the_user_s_own_is_not(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "fetch_url", lambda _, __, target, **___: put(target))
    cached = home / "models" / "tiny.bin"
    put(cached, b"damaged")
    assert pull("tiny").source == URL.url
    assert cached.read_bytes() == CONTENT
    shared = put(tmp_path / "shared" / "tiny.bin", b"damaged")
    with pytest.raises(ModelError, match="hash differs"):
        pull("tiny", UserPaths(folders=(shared.parent,)))
    assert shared.read_bytes() == b"damaged"


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("licence", ["unknown", "CC-BY-NC-4.0"])
def test_restricted_weights_want_the_user_s_word(
    home: Path, monkeypatch: pytest.MonkeyPatch, licence: str
) -> None:
    monkeypatch.setattr(pulling, "fetch_url", lambda _, __, target, **___: put(target))
    note = "ask the authors"
    monkeypatch.setitem(registry.CHECKPOINTS, "tiny", row(licence, note=note))
    with pytest.raises(UsageError, match="--accept-licence") as caught:
        pull("tiny")
    assert note in str(caught.value)
    assert licence in str(caught.value) or licence == "unknown"
    assert not home.exists()
    assert pull("tiny", accept_licence=True).path.read_bytes() == CONTENT


def test_the_next_source_is_asked_when_one_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.CHECKPOINTS, "tiny", row(sources=(URL, MIRROR)))
    said: list[str] = []

    def broken(*_: object, **__: object) -> NoReturn:
        raise ModelError("the first source is gone.")

    monkeypatch.setattr(pulling, "fetch_url", broken)
    monkeypatch.setattr(pulling, "fetch_hub", lambda _, __, target, **___: put(target))
    assert pull("tiny", note=said.append).source == MIRROR.url
    assert [URL.url in said[0], MIRROR.url in said[1]] == [True, True]
    (home / "models" / "tiny.bin").unlink()
    monkeypatch.setattr(pulling, "fetch_hub", broken)
    with pytest.raises(ModelError, match="gone / the first source is gone;") as caught:
        pull("tiny")
    assert str(home / "models" / "tiny.bin") in str(caught.value)


def test_two_processes_fetch_a_file_once(tmp_path: Path, home: Path) -> None:
    script = tmp_path / "fetch.py"
    script.write_text(
        "import hashlib, sys, time\n"
        "from pathlib import Path\n"
        "from compose.models import pull as pulling, registry\n"
        "from compose.models.checkpoint import Checkpoint, UrlSource\n"
        "content = bytes(range(256)) * 40\n"
        "registry.CHECKPOINTS['tiny'] = Checkpoint('tiny', '', 'tiny.bin',\n"
        "    hashlib.sha256(content).hexdigest(), len(content), 'MIT',\n"
        "    (UrlSource('https://weights.example/tiny.bin'),))\n"
        "def fetch(url, row, target, *, progress):\n"
        "    with Path(sys.argv[1]).open('a') as log: log.write('fetched\\n')\n"
        "    time.sleep(0.5)\n"
        "    target.parent.mkdir(parents=True, exist_ok=True)\n"
        "    target.write_bytes(content)\n"
        "pulling.fetch_url = fetch\n"
        "print(pulling.pull('tiny').source or 'here already')\n"
    )
    log = tmp_path / "log"
    command = [sys.executable, str(script), str(log)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = sorted(run.communicate(timeout=60)[0].strip() for run in runs)
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert log.read_text() == "fetched\n"
    assert said == ["here already", "here already", "https://weights.example/tiny.bin"]


def test_a_lock_is_waited_for_and_told(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.lock"
    told: list[str] = []
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with locked(path):
            inside.set()
            while not told:
                time.sleep(0.01)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    with locked(path, lambda: told.append("waiting")):
        order.append("second")
    thread.join()
    assert told == ["waiting"]
    assert order == ["first", "second"]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from compose.models.lock import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        holder.kill()
    with locked(path):
        assert json.loads("true")


def test_a_home_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compose.core.errors import OutputError

    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="set COMPOSE_HOME"):
        pull("tiny")
