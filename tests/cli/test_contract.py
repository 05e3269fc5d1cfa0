"""The contract of every command, on the command of copying.py in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest


def files(folder: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def records(stdout: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_all_done_is_0_and_data_alone_is_on_stdout(copy, tree) -> None:  # type: ignore[no-untyped-def]
    done = copy("in/a.txt", "in/sub", "--out", "out")
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [
        f"in/a.txt -> {Path('out/a.txt')}",
        f"in/sub/c.txt -> {Path('out/c.txt')}",
    ]
    assert done.stderr == b"started\n"


def test_failures_are_1_listed_and_the_rest_is_done(copy, tree) -> None:  # type: ignore[no-untyped-def]
    done = copy("in", "gone.txt", "--json")
    assert done.returncode == 1
    found = records(done.stdout)
    assert [(r["input"], r["status"]) for r in found] == [
        ("in/a.txt", "ok"),
        ("in/bad.txt", "error"),
        ("in/bug.txt", "error"),
        ("in/sub/c.txt", "ok"),
        ("gone.txt", "error"),
    ]
    assert found[0] | {"file": ""} == {
        "input": "in/a.txt",
        "status": "ok",
        "bytes": 5,
        "max_pixels": 100_000_000,
        "file": "",
    }
    assert found[1] == {
        "input": "in/bad.txt",
        "status": "error",
        "error": "this holds no picture; leave it out.",
    }
    assert "run again with --debug" in str(found[2]["error"])
    assert files(tree.parent / "copies") == {"a.txt": b"first", "sub/c.txt": b"third"}
    assert b"3 of 5 inputs failed" in done.stderr
    assert b"Traceback" not in done.stderr


def test_people_see_failures_on_stderr(copy, tree) -> None:  # type: ignore[no-untyped-def]
    done = copy("in")
    assert done.returncode == 1
    assert b"error: in/bad.txt: this holds no picture; leave it out.\n" in done.stderr
    assert b"bad" not in done.stdout


@pytest.mark.parametrize(("flags", "env"), [(["--debug"], {}), ([], {"COMPOSE_DEBUG": "1"})])
def test_traceback_only_with_debug(copy, tree, flags, env) -> None:  # type: ignore[no-untyped-def]
    done = copy("in/bug.txt", *flags, env=env)
    assert b"Traceback" in done.stderr
    assert b"KeyError" in done.stderr


def test_quiet_prints_written_paths_and_nothing_else(copy, tree) -> None:  # type: ignore[no-untyped-def]
    done = copy("in/a.txt", "in/sub", "--quiet", "--out", "o")
    assert done.stdout == os.fsencode(f"{Path('o/a.txt')}\n{Path('o/c.txt')}\n")


def test_dry_run_prints_the_plan_and_writes_nothing(copy, tree) -> None:  # type: ignore[no-untyped-def]
    before = files(tree.parent)
    done = copy("in", "gone.txt", "--dry-run", "--json", "--out", "new/o")
    assert done.returncode == 1
    assert [r["status"] for r in records(done.stdout)] == [*["planned"] * 4, "error"]
    assert records(done.stdout)[3]["outputs"] == [os.fspath(Path("new/o/sub/c.txt"))]
    assert b"started" not in done.stderr
    assert files(tree.parent) == before
    assert not (tree.parent / "new").exists()
    quiet = copy("in/a.txt", "--dry-run", "--quiet")
    assert (quiet.returncode, quiet.stdout) == (0, os.fsencode(f"{Path('copies/a.txt')}\n"))


def test_existing_outputs_are_refused_skipped_or_replaced(copy, tree) -> None:  # type: ignore[no-untyped-def]
    assert copy("in/a.txt").returncode == 0
    (tree / "a.txt").write_bytes(b"changed")
    for flags in ([], ["--dry-run"]):
        refused = copy("in/a.txt", "in/sub", *flags)
        assert refused.returncode == 2
        assert refused.stderr.endswith(b"add --skip-existing or --overwrite.\n")
        assert files(tree.parent / "copies") == {"a.txt": b"first"}
    skipped = copy("in/a.txt", "in/sub", "--skip-existing", "--json")
    assert skipped.returncode == 0
    assert [r["status"] for r in records(skipped.stdout)] == ["skipped", "ok"]
    assert files(tree.parent / "copies") == {"a.txt": b"first", "c.txt": b"third"}
    again = copy("in/a.txt", "in/sub", "--skip-existing")
    assert (again.returncode, again.stdout) == (0, b"")
    assert b"started" not in again.stderr
    assert copy("in/a.txt", "--overwrite").returncode == 0
    assert files(tree.parent / "copies")["a.txt"] == b"changed"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["in/a.txt", "x/a.txt"], b"would both write"),
        (["in/a.txt", "--out", "in", "--overwrite"], b"is an input"),
        (["in/empty"], b"holds no input"),
        (["in/*.nix"], b"nothing matches"),
        (["in", "--skip-existing", "--overwrite"], b"exclude each other"),
        (["in", "--json", "--quiet"], b"exclude each other"),
        (["in", "--jobs", "-1"], b"--jobs"),
        (["in", "--jobs", "x"], b"--jobs"),
        (["in", "--nix"], b"no such option: --nix"),
        ([], b"missing argument 'INPUTS'"),
        (["@gone"], b"cannot read the list"),
    ],
)
def test_wrong_usage_is_2_one_sentence_and_no_work(copy, tree, arguments, sentence) -> None:  # type: ignore[no-untyped-def]
    (tree / "empty").mkdir()
    (tree.parent / "x").mkdir()
    (tree.parent / "x/a.txt").touch()
    before = files(tree.parent)
    done = copy(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1
    assert sentence in done.stderr
    assert files(tree.parent) == before


def test_paths_on_stdin(copy, tree) -> None:  # type: ignore[no-untyped-def]
    done = copy("-", "--quiet", input=b"in/a.txt\nin/sub/c.txt\n")
    assert done.returncode == 0
    assert sorted(files(tree.parent / "copies")) == ["in/a.txt", "in/sub/c.txt"]
    nothing = copy("-", "--json", input=b"")
    assert (nothing.returncode, nothing.stdout) == (0, b"")
    assert b"nothing to do" in nothing.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")
def test_odd_names_go_through_unharmed(copy, tmp_path) -> None:  # type: ignore[no-untyped-def]
    names = [b"-n.txt", b"new\nline.txt", b"raw\xff.txt", "ü→.txt".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    listed = b"".join(name + b"\0" for name in names)
    done = copy("-", "--null", "--json", input=listed)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert [os.fsencode(str(r["input"])) for r in records(done.stdout)] == names
    quiet = copy("-", "--null", "--quiet", "--out", "q", input=listed)
    assert quiet.stdout == b"".join(b"q/" + name + b"\0" for name in names)
    human = copy("-", "--null", "--out", "h", input=listed, env={"PYTHONIOENCODING": "ascii"})
    assert human.returncode == 0
    assert len(human.stdout.splitlines()) == len(names)
    assert b"raw\\xff.txt" in human.stdout


def test_fail_fast_begins_nothing_more(copy, tree) -> None:  # type: ignore[no-untyped-def]
    done = copy("in", "--fail-fast", "--jobs", "1", "--json")
    assert done.returncode == 1
    assert [r["status"] for r in records(done.stdout)] == ["ok", "error"]
    assert b"1 of 4 inputs failed, 2 not begun" in done.stderr


def wait_for(process, text: bytes) -> bytes:  # type: ignore[no-untyped-def]
    seen = b""
    while text not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
    return seen


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.txt").write_bytes(b"slow" if number == 2 else b"quick")
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
class TestSignals:
    def test_first_one_finishes_what_is_in_progress(self, start, slow, number) -> None:  # type: ignore[no-untyped-def]
        process = start("in", "--json", "--jobs", "1")
        wait_for(process, b"began 2.txt")
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert [r["status"] for r in records(stdout)] == ["ok"] * 3
        assert sorted(files(slow.parent / "copies")) == ["0.txt", "1.txt", "2.txt"]
        assert b"interrupted after 3 of 8 inputs" in stderr
        assert b"Traceback" not in stderr

    def test_second_one_ends_at_once(self, start, slow, number) -> None:  # type: ignore[no-untyped-def]
        process = start("in", "--jobs", "1")
        wait_for(process, b"began 2.txt")
        process.send_signal(number)
        wait_for(process, b"stopping after the inputs in progress")
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert b"Traceback" not in stderr
        assert sorted(files(slow.parent / "copies")) == ["0.txt", "1.txt"]

    def test_before_the_work_begins(self, start, tmp_path, number) -> None:  # type: ignore[no-untyped-def]
        process = start("-")
        time.sleep(0.1)
        while process.poll() is None:  # until Python has its handlers, it dies of the signal
            process.send_signal(number)
            time.sleep(0.05)
        process.communicate(timeout=60)
        assert process.returncode in (130, -number)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_run_is_finished_by_the_same_command(start, copy, slow) -> None:  # type: ignore[no-untyped-def]
    process = start("in", "--skip-existing", "--jobs", "2")
    wait_for(process, b"began 2.txt")
    process.kill()
    process.communicate(timeout=60)
    left = files(slow.parent / "copies")
    assert "2.txt" not in left
    assert any(name.endswith(".compose-part") for name in left)
    assert copy("in", "--skip-existing").returncode == 0
    assert files(slow.parent / "copies") == files(slow)


@pytest.mark.parametrize("mode", [[], ["--json"], ["--quiet"]])
def test_reader_that_goes_away_ends_it_quietly(start, tmp_path, mode) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "in").mkdir()
    for number in range(200):
        (tmp_path / f"in/{number:03}.txt").write_bytes(b"slow" if number == 5 else b"quick")
    process = start("in", "--jobs", "1", *mode)
    assert process.stdout.readline()
    process.stdout.close()
    process.stdin.close()
    with process.stderr:
        stderr = process.stderr.read()
    assert process.wait(60) == 1
    assert stderr.replace(b"began 005.txt\n", b"") == b"started\n"
    assert len(files(tmp_path / "copies")) < 200


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_full_stdout_is_a_sentence(copy, tree) -> None:  # type: ignore[no-untyped-def]
    with open("/dev/full", "wb") as full:
        done = copy("in/a.txt", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith(b"started\nerror: cannot write to standard output")
    assert done.stderr.count(b"\n") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_bar_is_drawn_on_a_terminal_and_not_into_the_data(start, tree) -> None:  # type: ignore[no-untyped-def]
    import pty

    ours, theirs = pty.openpty()
    process = start("in", "--json", stderr=theirs, env={"TERM": "xterm"})
    os.close(theirs)
    stdout = process.stdout.read()
    drawn = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not part:
            break
        drawn += part
    os.close(ours)
    process.stdin.close()
    process.stdout.close()
    assert process.wait(60) == 1
    assert len(records(stdout)) == 4
    assert b"inputs" in drawn
    assert b"4/4" in drawn
