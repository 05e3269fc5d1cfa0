from __future__ import annotations

from pathlib import Path

import pytest

from compose.cli.main import COMMANDS
from compose.cli.reference import main, reference


def test_page_has_every_command_and_does_not_depend_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = reference(COMMANDS)
    for name in COMMANDS:
        assert f"### compose {name}\n\n```text\nUsage: compose {name} " in page
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("COMPOSE_JOBS", "7")
    assert reference(COMMANDS) == page
    assert not any(line != line.rstrip() for line in page.splitlines())


def test_check_tells_a_stale_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "cli.md"
    assert main(["--check", str(page)]) == 1
    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0
    page.write_text(page.read_text("utf-8") + "more\n", "utf-8")
    capsys.readouterr()
    assert main(["--check", str(page)]) == 1
    assert "is stale; run: python -m compose.cli.reference" in capsys.readouterr().err
    assert main([]) == 2
