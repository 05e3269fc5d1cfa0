"""Interrupted and killed sketches go on to the very bytes of one that was left in peace."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from compose.cli.main import COMMANDS
from compose.cli.main import run as run_command

from ..stages.sketch_scenes import Blur, Right, write_scene

SKETCHING = Path(__file__).with_name("sketching.py")
STEPS = 12  # of both rounds together
SETTINGS = ("--canvas", "48", "--iterations", "6", "--strokes", "8", "--num-sketches", "2",
            "--washes", "3", "--color", "optimise", "--animate",
            "--roi", "80,20,108,60")  # fmt: skip


pytestmark = pytest.mark.usefixtures("one_thread")


def environment(home):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
    return clean | {"OMP_NUM_THREADS": "1", "COMPOSE_HOME": str(home)}


@pytest.fixture
def start(tmp_path):
    """Begin `compose sketch in`; steps are slow where `pause` is given, and say so on stderr."""
    write_scene(tmp_path / "in" / "a.png")
    write_scene(tmp_path / "in" / "b.png")

    def popen(*arguments, pause=0.0, keep=20.0):
        clean = environment(tmp_path / "home")
        clean |= {"COMPOSE_TEST_PAUSE": str(pause), "COMPOSE_TEST_KEEP": str(keep)}
        command = [sys.executable, "-W", "error", SKETCHING, "sketch", "in", *SETTINGS, *arguments]
        return subprocess.Popen(
            command, cwd=tmp_path, env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return popen


@pytest.fixture
def sketch(tmp_path, monkeypatch, capfdbinary):
    """The same in this process, to its end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))

    def run(*arguments):
        with monkeypatch.context() as patch:
            patch.setattr("compose.models.encoders.open_encoders", lambda *given: Blur())
            patch.setattr("compose.models.saliency.open_saliency", lambda *given: Right())
            code = run_command(COMMANDS, ["sketch", "in", *SETTINGS, *arguments])
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return code, out.decode().splitlines(), err.decode()

    return run


def stopped(process, number, sign):
    """Send a signal after so many steps; gives the exit code and what stood on stderr."""
    for _ in range(number):
        while process.stderr.readline() != b"step\n":
            assert process.poll() is None
    process.send_signal(sign)
    _, err = process.communicate(timeout=120)
    return process.returncode, err.decode()


def drawn(folder):
    """The bytes of all that does not tell the time."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def test_an_interrupt_keeps_the_state_and_resuming_ends_alike(start, sketch, tmp_path):
    assert sketch("--out", "whole")[0] == 0
    at = random.randint(1, 2 * STEPS - 2)
    code, err = stopped(start("--out", "cut", pause=0.05), at, signal.SIGINT)
    assert code == 130, at
    assert "Traceback" not in err, at
    assert "interrupted" in err
    finished = list((tmp_path / "cut").rglob("run.json"))
    if at not in (STEPS - 1, STEPS):  # between the targets there is nothing to keep
        assert len(finished) == at // STEPS, at
        assert len(list((tmp_path / "cut").rglob("state.npz"))) == 1, at
    code, out, _ = sketch("--out", "cut", "--resume", "--json")
    assert code == 0
    statuses = [json.loads(line)["status"] for line in out]
    assert statuses == (["skipped", "ok"] if finished else ["ok", "ok"]), at
    assert drawn(tmp_path / "cut") == drawn(tmp_path / "whole"), at


def test_a_killed_run_goes_on_from_its_last_state(start, sketch, tmp_path):
    assert sketch("--out", "whole")[0] == 0
    code, _ = stopped(start("--out", "cut", pause=0.05, keep=0), 5, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert (tmp_path / "cut" / "a" / "state.npz").is_file()
    # twice at that
    code, _ = stopped(start("--out", "cut", "--resume", pause=0.05, keep=0), 3, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert sketch("--out", "cut", "--skip-existing")[0] == 0
    assert drawn(tmp_path / "cut") == drawn(tmp_path / "whole")


def test_other_settings_and_damage_are_one_sentence(start, sketch, tmp_path):
    assert stopped(start("--out", "cut", pause=0.05), 3, signal.SIGINT)[0] == 130
    state = tmp_path / "cut" / "a" / "state.npz"
    kept = state.read_bytes()
    code, out, _ = sketch("--out", "cut", "--resume", "--seed", "1", "--json")
    assert code == 1
    assert "other settings" in json.loads(out[0])["error"]
    assert state.read_bytes() == kept
    state.write_bytes(kept[: len(kept) // 2])
    code, out, _ = sketch("--out", "cut", "--resume", "--json")
    assert code == 1
    assert "damaged" in json.loads(out[0])["error"]
    code, _, err = sketch("--out", "cut")
    assert code == 2
    assert "--overwrite" in err
    assert sketch("--out", "cut", "--overwrite")[0] == 0
    assert not state.exists()


def test_overwriting_that_was_interrupted_is_not_taken_for_finished(start, sketch, tmp_path):
    assert sketch("--out", "cut", "--seed", "1")[0] == 0
    assert sketch("--out", "whole")[0] == 0
    assert stopped(start("--out", "cut", "--overwrite", pause=0.05), 3, signal.SIGINT)[0] == 130
    code, out, _ = sketch("--out", "cut", "--resume", "--json")
    assert code == 0
    # the second target was not begun: its drawing is still that of the other seed
    assert [json.loads(line)["status"] for line in out] == ["ok", "skipped"]
    assert drawn(tmp_path / "cut" / "a") == drawn(tmp_path / "whole" / "a")


def test_a_page_is_not_written_by_an_interrupted_run(start, sketch, tmp_path):
    page = tmp_path / "page.html"
    process = start("--out", "cut", "--report", "page.html", pause=0.05)
    assert stopped(process, STEPS + 2, signal.SIGINT)[0] == 130
    assert not page.exists()
    assert sketch("--out", "cut", "--resume", "--report", "page.html")[0] == 0
    assert page.read_text().count("<article>") == 2


def test_the_networks_that_ship_draw_the_same_twice(tmp_path, monkeypatch):
    write_scene(tmp_path / "a.png")
    arguments = ["sketch", "a.png", "--canvas", "48", "--iterations", "3", "--strokes", "6",
                 "--num-sketches", "2", "--out"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "compose.cli", *arguments, "one"],
        cwd=tmp_path, env=environment(tmp_path / "home"), capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "encoder builtin" in done.stderr
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    assert run_command(COMMANDS, [*arguments, "two"]) == 0
    assert drawn(tmp_path / "one") == drawn(tmp_path / "two")
    record = json.loads((tmp_path / "one" / "a" / "run.json").read_text())
    assert record["saliency"]
    assert record["washes"] + sum(entry["strokes"] for entry in record["rounds"]) == 6
