"""The values of the shared options that a command took, for what all commands do alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from ..core.errors import UsageError
from .output import Mode, Output

_RANKS = ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP", "DEFAULT")


@dataclass(frozen=True)
class Shared:
    """What the batch needs to know; options that a command has not have their defaults."""

    inputs: tuple[str, ...] = ()
    null: bool = False
    out: Path | None = None
    overlay: Path | None = None  # a folder, as --out is
    skip_existing: bool = False
    overwrite: bool = False
    json: bool = False
    quiet: bool = False
    jobs: int = 1
    dry_run: bool = False
    fail_fast: bool = False

    @classmethod
    def of(cls, ctx: typer.Context) -> Shared:
        """Collect the options of a running command by their flags.

        Of two that exclude each other the nearer one counts: a flag before the environment
        before the configuration.

        Raises:
            UsageError: both were given in the same place.
        """
        values: dict[str, Any] = {}
        ranks: dict[str, int] = {}
        told: dict[str, str] = {}  # options by other names
        for parameter in ctx.command.params:
            name = parameter.opts[0].lstrip("-").replace("-", "_")
            if name in cls.__dataclass_fields__:
                values[name] = ctx.params[parameter.name]
                ranks[name] = _rank(ctx, parameter.name)
        values["inputs"] = tuple(values.get("inputs") or ())
        # of sketches, which are gone on with where they stopped
        if ctx.params.get("resume") is True and "skip_existing" in values:
            rank = _rank(ctx, "resume")
            if rank <= ranks["skip_existing"]:
                values["skip_existing"], ranks["skip_existing"] = True, rank
                told["skip_existing"] = "resume"
        _exclude(values, ranks, told, "skip_existing", "overwrite")
        _exclude(values, ranks, told, "json", "quiet")
        return cls(**values)

    def output(self, *, lasting: bool = False) -> Output:
        """The output in the mode that was asked for; `lasting` as in `Output`."""
        mode: Mode = "json" if self.json else "quiet" if self.quiet else "human"
        return Output(mode, null=self.null, lasting=lasting)


def _rank(ctx: typer.Context, name: str) -> int:
    source = ctx.get_parameter_source(name)
    return _RANKS.index(source.name) if source else len(_RANKS)


def _exclude(
    values: dict[str, Any],
    ranks: Mapping[str, int],
    told: Mapping[str, str],
    first: str,
    second: str,
) -> None:
    if not (values.get(first) and values.get(second)):
        return
    if ranks[first] == ranks[second]:
        names = (told.get(name, name) for name in (first, second))
        one, other = (f"--{name.replace('_', '-')}" for name in names)
        raise UsageError(f"{one} and {other} exclude each other; give one of them.")
    values[second if ranks[first] < ranks[second] else first] = False
