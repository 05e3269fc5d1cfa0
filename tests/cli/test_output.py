from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from compose.cli import output as module
from compose.cli.output import Output, to_json, written_files
from compose.cli.tables import drawn, plain

ROWS = [["a.jpg", 1, "0.5"], ["longer.jpg", 20, "-1.25"]]


def test_written_files_are_found_in_order_however_deep() -> None:
    record = {"file": "a", "crops": [{"file": Path("b")}, {"box": [1, 2]}], "x": {"file": "c"}}
    assert list(written_files(record)) == ["a", Path("b"), "c"]


def test_json_is_one_line_of_ascii() -> None:
    text = to_json({"input": "a\nb\udcff→", "file": Path("x")})
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {"input": "a\nb\udcff→", "file": "x"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"score": float("nan")})


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("human", "line\nname         n      x\na.jpg        1    0.5\nlonger.jpg  20  -1.25\n"),
        ("json", '{"file": "f"}\n'),
        ("quiet", "f\n"),
    ],
)
def test_modes(mode: module.Mode, expected: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output(mode)
    output.text("line")
    output.record({"file": "f"})
    output.table(["name", "n", "x"], ROWS)
    output.note("noted")
    output.warn("careful")
    output.error("wrong")
    stdout, stderr = capfdbinary.readouterr()
    assert stdout.decode() == expected
    talk = ["noted"] * (mode != "quiet") + ["warning: careful", "error: wrong"]
    assert stderr.decode().splitlines() == talk


def test_plain_tables_set_numbers_flush_right() -> None:
    assert plain(["name", "n", "x"], ROWS, "t").splitlines() == [
        "t",
        "name         n      x",
        "a.jpg        1    0.5",
        "longer.jpg  20  -1.25",
    ]
    assert plain(["name"], []) == "name\n"


def test_drawn_tables_keep_brackets_and_obey_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1m" in drawn(["[b]"], [["[red]x[/red]"]])
    assert "[red]x[/red]" in drawn(["[b]"], [["[red]x[/red]"]])


def test_terminal_without_lines_gets_plain_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert drawn(["a"], [[1]]) == plain(["a"], [[1]])


def test_no_bar_without_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    output = Output()
    with output.progress(3, "inputs"):
        output.advance()
    assert capfd.readouterr() == ("", "")


def test_inputs_worked_on_at_once_have_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    output = Output(lasting=True)

    def work(name: str) -> int:
        for _ in range(3):  # three inputs, one after the other
            for done in range(1, 21):
                output.step(name, done, 20)
        return 1

    with output.progress(2, "inputs"), ThreadPoolExecutor(2) as pool:
        for _ in pool.map(work, ["first input", "second input"]):
            output.advance()
    text = terminal.getvalue()
    assert "first input" in text
    assert "second input" in text
    assert "20/20" not in text  # gone with the last step
    assert "2/2" in text
