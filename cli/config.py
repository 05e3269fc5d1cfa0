"""`compose config`: the values that options take here, as a file for --config."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ..core.errors import UsageError
from . import options
from .settings import config_options, config_values, option_key
from .shared import Shared

app = typer.Typer()


@app.command()
def config(
    ctx: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="One command, as in: train crop."),
    ] = None,
    json: options.Json = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Print the values that the options of a command take, or those of all commands.

    They come from the file that --config names, from the environment and from the defaults,
    and are printed as such a file, each with its origin.
    """
    output = Shared.of(ctx).output()
    root = ctx.find_root()
    table = tomllib.loads(config.read_text("utf-8")) if config else {}
    file = str(config) if config else ""
    chosen = _chosen(root, command or [])
    for below in _leaves(chosen):
        values = config_values(below, table, file)
        name = ".".join(_names(below))
        output.text(f"[{name}]")
        for option, value, origin in _effective(below, values, file):
            output.record({"command": name, "option": option, "value": value, "origin": origin})
            output.text(_line(option, value, origin))
        output.text("")


def _chosen(root: Any, names: list[str]) -> Any:
    ctx = root
    for name in names:
        below = getattr(ctx.command, "commands", {}).get(name)
        if below is None:
            raise UsageError(f"there is no command '{' '.join(names)}'; see 'compose --help'.")
        ctx = type(root)(below, info_name=name, parent=ctx)
    return ctx


def _leaves(ctx: Any) -> Iterator[Any]:
    """The contexts of all commands from this one down that do something themselves."""
    commands = getattr(ctx.command, "commands", None)
    if commands is None:
        yield ctx
        return
    for name, below in commands.items():
        yield from _leaves(type(ctx)(below, info_name=name, parent=ctx))


def _names(ctx: Any) -> list[str]:
    return [*_names(ctx.parent), ctx.info_name] if ctx.parent is not None else []


def _effective(ctx: Any, values: dict[str, Any], file: str) -> Iterator[tuple[str, Any, str]]:
    """Every option of a command with its value and where that comes from."""
    for parameter in config_options(ctx.command):
        ctx.default_map = values
        value, source = parameter.consume_value(ctx, {})
        if value is not None:
            value = parameter.process_value(ctx, value)
        origin = {"ENVIRONMENT": str(parameter.envvar), "DEFAULT_MAP": file}.get(source.name)
        yield option_key(parameter), _simple(value), origin or "default"


def _simple(value: Any) -> Any:
    if isinstance(value, Path):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return [_simple(item) for item in value]
    return value


def _line(option: str, value: Any, origin: str) -> str:
    if value is None or value == []:
        return f"# {option} is not set"
    # JSON's numbers, booleans, strings and lists of them are TOML as well, but for surrogates, as
    # which it would write other planes, and a control character that TOML wants escaped
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{option} = {text}  # {origin}"
