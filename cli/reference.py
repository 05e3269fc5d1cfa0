"""docs/cli.md from the help of every command: `python -m compose.cli.reference [--check] FILE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from typer.main import get_command

from .group import Entry
from .main import COMMANDS, make_app

_WIDTH = 88

_HEAD = """# The command line

<!-- Made by `python -m compose.cli.reference docs/cli.md` from --help; do not edit. -->

"""


def reference(commands: Mapping[str, Entry]) -> str:
    """The whole page, the same on every terminal."""
    parts = [_HEAD]
    for path, text in _helps(get_command(make_app(commands)), "compose", None):
        level = "#" * min(len(path.split()) + 1, 4)
        parts.append(f"{level} {path}\n\n```text\n{text}\n```\n\n")
    return "".join(parts).rstrip("\n") + "\n"


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    ctx = command.context_class(command, info_name=name, parent=parent, terminal_width=_WIDTH)
    lines = [line.rstrip() for line in command.get_help(ctx).splitlines()]
    yield ctx.command_path, "\n".join(lines)
    for below, inner in getattr(command, "commands", {}).items():
        yield from _helps(inner, below, ctx)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say with exit code 1 that it is stale."""
    check = "--check" in arguments
    files = [argument for argument in arguments if argument != "--check"]
    if len(files) != 1 or files[0].startswith("-"):
        print("usage: python -m compose.cli.reference [--check] FILE", file=sys.stderr)
        return 2
    file, text = Path(files[0]), reference(COMMANDS)
    if not check:
        file.write_text(text, "utf-8")
    elif not file.is_file() or file.read_text("utf-8") != text:
        print(f"{file} is stale; run: python -m compose.cli.reference {file}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
