"""Work in other processes: the same answers, also when one of them is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from compose.core.batch import Outcome, run_batch
from compose.core.errors import ComposeError
from compose.core.workers import process_workers


@pytest.fixture(autouse=True)
def _found_by_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)


def test_answers_come_in_order_and_errors_are_ours() -> None:
    from working import square

    outcomes: list[Outcome[int, tuple[int, int]]] = []
    with process_workers(square, 2) as ask:
        summary = run_batch(range(6), ask, emit=outcomes.append, jobs=2)
    assert (summary.succeeded, summary.failed) == (5, 1)
    assert outcomes[3].error == "three is odd; take another."
    values = [each.value for each in outcomes if each.value is not None]
    assert [value[0] for value in values] == [0, 1, 4, 16, 25]
    assert os.getpid() not in {value[1] for value in values}
    with process_workers(square, 1) as ask:
        assert ask(2) == (4, os.getpid())


def test_work_of_a_killed_process_is_done_again(tmp_path: Path) -> None:
    from working import die_once

    outcomes: list[Outcome[int, int]] = []
    with process_workers(partial(die_once, tmp_path), 2) as ask:
        run_batch(range(5), ask, emit=outcomes.append, jobs=2)
    assert [each.value for each in outcomes] == [10, 11, 12, 13, 14]
    assert (tmp_path / "died").exists()


def test_what_kills_every_process_is_one_sentence() -> None:
    from working import die

    with process_workers(die, 2) as ask, pytest.raises(ComposeError, match="fewer --jobs"):
        ask(1)
    assert multiprocessing.active_children() == []


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    mark = tmp_path / "child"
    script.write_text(
        f"import sys, time, pathlib\n"
        f"sys.path.insert(0, {os.fspath(Path(__file__).parent)!r})\n"
        "from functools import partial\n"
        "from compose.core.workers import process_workers\n"
        "import working\n"
        "if __name__ == '__main__':\n"
        "    with process_workers(working.nap, 2) as ask:\n"
        f"        ask(pathlib.Path({os.fspath(mark)!r}))\n"
    )
    parent = subprocess.Popen([sys.executable, script])
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(mark.read_text())
    parent.kill()
    parent.wait()
    while time.monotonic() < deadline and Path(f"/proc/{child}").exists():
        status = Path(f"/proc/{child}/stat")
        if status.exists() and status.read_text().split()[2] == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}").exists()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be masked here")
def test_ctrl_c_before_a_worker_is_ready_says_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "importing"
    (tmp_path / "slow.py").write_text(
        "import multiprocessing, os, pathlib, time\n"
        "if multiprocessing.current_process().name != 'MainProcess':\n"
        f"    pathlib.Path({os.fspath(mark)!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(2)\n"
        "def double(value):\n"
        "    return 2 * value\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(
        "import slow\n"
        "from compose.core.workers import process_workers\n"
        "if __name__ == '__main__':\n"
        "    with process_workers(slow.double, 2) as ask:\n"
        "        print(ask(4))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(int(mark.read_text()), signal.SIGINT)
    said, complained = parent.communicate(timeout=60)
    assert (parent.returncode, said, complained) == (0, "8\n", "")
