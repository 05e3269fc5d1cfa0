"""Where the options' values come from: a TOML file, then the environment, then flags.

typer asks for a value in this order: flag, environment, the context's `default_map`, default.
So it is enough to name an environment variable for every option, and to load the file into
`default_map` before the other options are read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import typer

from ..core.errors import UsageError
from ..core.names import printable

_NEVER_IN_A_FILE = {"config", "help", "version"}


def name_environment(command: Any) -> None:
    """Give every option of a typer command, and of those below it, its `COMPOSE_…` variable."""
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.envvar is None:
            parameter.envvar = f"COMPOSE_{option_key(parameter).replace('-', '_').upper()}"
            parameter.show_envvar = False
            if parameter.multiple:
                parameter.value_from_envvar = partial(_several, parameter)
    for below in getattr(command, "commands", {}).values():
        name_environment(below)


def _several(parameter: Any, ctx: typer.Context) -> Any:
    """The values of a repeatable option in its variable: a line each, if it has lines.

    Else typer's own way: texts end at blanks, paths at the system's separator of paths.
    """
    text = parameter.resolve_envvar_value(ctx)
    if text is not None and "\n" in text:
        return [line for line in text.splitlines() if line]
    return type(parameter).value_from_envvar(parameter, ctx)


def option_key(parameter: Any) -> str:
    """The name of an option in a file: its first long flag without the dashes."""
    flags = [flag for flag in parameter.opts if flag.startswith("--")]
    return str((flags or parameter.opts)[0]).lstrip("-")


def load_config(ctx: typer.Context, path: Path | None) -> Path | None:
    """Callback of `--config`: make the values of a TOML file the defaults of this command.

    Keys at the top are for every command that has such an option; those in a table such as
    `[crop]` or `[train.crop]` are for that command and win. Dashes may be written as `_`.

    Raises:
        UsageError: the file cannot be read, or holds a key that is no option.
    """
    if path is None or ctx.resilient_parsing:
        return path
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot read the configuration {printable(path)} ({error.strerror}); check --config."
        ) from None
    except ValueError as error:  # of TOML and of UTF-8
        text = " ".join(str(error).split())
        raise UsageError(f"{printable(path)} is no valid TOML ({text}); correct it.") from None
    ctx.default_map = config_values(ctx, table, printable(path))
    return path


def config_values(ctx: typer.Context, table: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The values that a configuration has for the command of `ctx`, by parameter name.

    Args:
        table: the whole file.
        file: its name, for messages.

    Raises:
        UsageError: a key, at any place in the file, that is no option there.
    """
    root = ctx.find_root().command
    _refuse_unknown(root, table, file, "")
    names: list[str] = []
    here: Any = ctx
    while here.parent is not None:
        names.insert(0, here.info_name)
        here = here.parent
    known = {option_key(parameter): parameter for parameter in config_options(ctx.command)}
    values: dict[str, Any] = {}
    for name in [None, *names]:
        if name is not None:  # `report` is an option of one command and the name of another
            below = table.get(name)
            table = below if isinstance(below, dict) else {}
        for key, value in table.items():
            parameter = known.get(key.replace("_", "-"))
            if parameter is not None and not isinstance(value, dict):
                several = parameter.multiple and not isinstance(value, list)
                values[parameter.name] = [value] if several else value
    return values


def _refuse_unknown(command: Any, table: Mapping[str, Any], file: str, place: str) -> None:
    options = {option_key(parameter) for parameter in config_options(command, below=True)}
    commands = getattr(command, "commands", {})
    for key, value in table.items():
        if isinstance(value, dict) and key in commands:
            _refuse_unknown(commands[key], value, file, f"{place}{key}.")
        elif isinstance(value, dict):
            raise UsageError(f"[{place}{key}] in {file} is no command; correct the name.")
        elif key.replace("_", "-") not in options:
            where = f"'compose {place.replace('.', ' ').strip()}'" if place else "any command"
            raise UsageError(f"'{key}' in {file} is no option of {where}; correct or remove it.")


def config_options(command: Any, *, below: bool = False) -> list[Any]:
    """The options of a command that a file may set; with `below` those of its commands too."""
    found = [
        parameter
        for parameter in command.params
        if parameter.param_type_name == "option" and option_key(parameter) not in _NEVER_IN_A_FILE
    ]
    if below:
        for command_below in getattr(command, "commands", {}).values():
            found += config_options(command_below, below=True)
    return found
