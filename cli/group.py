"""A group of commands whose modules are imported only when they are asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from .settings import name_environment


@dataclass(frozen=True)
class Entry:
    """One command of the table."""

    module: str  # has an attribute `app`, a typer.Typer
    summary: str  # the line about it in the group's help


class _Commands(MutableMapping[str, Any]):
    """The commands of a table by name, made when they are looked up."""

    def __init__(self, table: Mapping[str, Entry]) -> None:
        self._table = table
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            entry = self._table[name]
            command: Any = get_command(importlib.import_module(entry.module).app)
            command.name, command.short_help = name, entry.summary
            # typer offers completion for every app by itself; the whole offers it once
            command.params = [p for p in command.params if not p.name.endswith("_completion")]
            _plain_help(command)
            name_environment(command)
            self._made[name] = command
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def summaries(self) -> list[tuple[str, str]]:
        return [(name, entry.summary) for name, entry in self._table.items()]


def _plain_help(command: Any) -> None:
    command.rich_markup_mode = None
    for below in getattr(command, "commands", {}).values():
        _plain_help(below)


def group_of(table: Mapping[str, Entry]) -> type[TyperGroup]:
    """A class of typer's groups whose commands are those of the table, in its order."""

    class Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**(attributes | {"commands": None}))
            self.commands = _Commands(table)

        def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
            with formatter.section("Commands"):
                formatter.write_dl(_Commands(table).summaries())

    return Group
