"""Options that were given and have no effect on what was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import typer


def refuse_unused(ctx: typer.Context, names: Sequence[str], on: str, instead: str) -> None:
    """Say which of some options were given on the command line.

    Those of the configuration file or the environment, which are for all commands, pass.

    Args:
        ctx: of the command.
        names: of its parameters.
        on: what they have no effect on, as it was asked for.
        instead: what else could be done.

    Raises:
        UsageError: one was given.
    """
    from ..core.errors import UsageError

    given = [p.opts[0] for p in ctx.command.params if p.name in names and _given(ctx, p.name)]
    if not given:
        return
    told = ", ".join(given)
    have = "has" if len(given) == 1 else "have"
    what = "it" if len(given) == 1 else "them"
    raise UsageError(f"{told} {have} no effect on {on}; leave {what} out, or {instead}.")


def _given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
