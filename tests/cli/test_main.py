from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.main import get_command

from compose.cli.main import COMMANDS, make_app, run

HEAVY = ["numpy", "torch", "PIL", "cv2", "onnxruntime", "pillow_heif", "rich", "huggingface_hub"]


def compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "compose.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def every_command() -> list[list[str]]:
    def walk(command, path):  # type: ignore[no-untyped-def]
        yield path
        for name, below in getattr(command, "commands", {}).items():
            yield from walk(below, [*path, name])

    return list(walk(get_command(make_app(COMMANDS)), []))


@pytest.mark.parametrize("flag", [["--version"], ["config", "--version"]])
def test_version(flag: list[str]) -> None:
    done = compose(*flag)
    if len(flag) == 1:
        assert (done.returncode, done.stdout) == (0, f"compose {version('compose-toolkit')}\n")
    else:
        assert done.returncode == 2


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_help_is_quick_for_it_imports_nothing_heavy(path: list[str]) -> None:
    code = (
        "import sys; from compose.cli.main import COMMANDS, run\n"
        f"assert run(COMMANDS, {[*path, '--help']!r}) == 0\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "heavy: []", done.stderr
    assert done.stdout.startswith("Usage: compose " + " ".join(path))


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; from compose.cli.main import main\n"
        "sys.argv = ['compose', '--version']; main()\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "heavy: []", done.stderr


def test_every_command_and_option_has_help() -> None:
    root = get_command(make_app(COMMANDS))
    for path in every_command():
        command = root
        for name in path:
            command = command.commands[name]  # type: ignore[attr-defined]
        assert command.help, path
        for parameter in command.params:
            assert getattr(parameter, "help", None), (path, parameter.name)


def test_close_matches_are_offered() -> None:
    done = compose("confg")
    assert done.returncode == 2
    assert done.stderr == (
        "error: no such command 'confg' (did you mean 'config'?); see 'compose --help'.\n"
    )
    assert "--json" in compose("config", "--jso").stderr


def test_no_command_shows_the_help_and_is_wrong_usage() -> None:
    done = compose()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Commands:" in done.stderr


def test_failures_of_commands_are_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(COMMANDS, ["config", "gone"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no command 'gone'")

    def broken(ctx: object) -> object:
        raise RuntimeError("a\nb")

    monkeypatch.setattr("compose.cli.config.Shared.of", broken)
    monkeypatch.delenv("COMPOSE_DEBUG", raising=False)
    assert run(COMMANDS, ["config"]) == 1
    sentence = "error: unexpected RuntimeError: a b; run again with --debug to see where.\n"
    assert capsys.readouterr().err == sentence
    monkeypatch.setenv("COMPOSE_DEBUG", "1")
    assert run(COMMANDS, ["config"]) == 1
    assert "Traceback" in capsys.readouterr().err
