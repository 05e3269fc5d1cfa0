"""The command `compose`: which commands there are, and how a run of it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from .failures import FAILED, INTERRUPTED, WRONG_USAGE, begin, report_failure
from .group import Entry, group_of

COMMANDS: dict[str, Entry] = {
    "crop": Entry("compose.cli.crop", "Find the best crops of pictures."),
    "sketch": Entry("compose.cli.sketch", "Draw pictures in a fixed number of strokes."),
    "composite": Entry("compose.cli.composite", "Put objects into photographs."),
    "build-dataset": Entry("compose.cli.build_dataset", "Make data sets out of others."),
    "segment-inpaint": Entry(
        "compose.cli.segment_inpaint", "Take pictures apart into layers, hidden parts filled in."
    ),
    "train": Entry("compose.cli.train", "Train networks."),
    "evaluate": Entry("compose.cli.evaluate", "Measure engines on annotated data."),
    "index": Entry("compose.cli.index", "Make reference sets of photographs and search them."),
    "models": Entry("compose.cli.models", "List, fetch, check and locate weights."),
    "config": Entry("compose.cli.config", "Print the values that the options of a command take."),
}

_HELP = """Image composition on the command line.

    Every option is also a key of the file that --config names and an environment variable:
    --max-pixels is max-pixels and COMPOSE_MAX_PIXELS. Several values of a repeatable one stand in
    lines there. Flags go before the environment, and
    that before the file."""


def version() -> str:
    """The version of the installed package."""
    from importlib.metadata import version as installed

    return installed("compose-toolkit")


def make_app(commands: Mapping[str, Entry]) -> typer.Typer:
    """The typer app with these commands."""
    app = typer.Typer(
        name="compose",
        cls=group_of(commands),
        help=_HELP,
        invoke_without_command=True,
        rich_markup_mode=None,  # plain help: quick, and the same in a pipe
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"compose {version()}")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help(), file=sys.stderr)
        raise typer.Exit(WRONG_USAGE)


def run(commands: Mapping[str, Entry], arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    0 all done; 1 some input failed, or the command did; 2 wrong usage; 130 interrupted. A
    reader of stdout that has gone away ends the run quietly with 1.
    """
    begin()
    _open_streams()
    try:
        code = make_app(commands)(list(arguments), prog_name="compose", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        _silence_stdout()
        return FAILED
    except SystemExit as stop:  # typer's own way with a closed pipe
        _silence_stdout()
        return stop.code if isinstance(stop.code, int) else FAILED
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        code = report_failure(error)
        if isinstance(error, OSError) or isinstance(error.__cause__, OSError):
            _silence_stdout()
        return code


def _open_streams() -> None:
    """Streams that the caller closed become /dev/null, and odd names can be printed."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115, for the whole run
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        else:
            stream.reconfigure(errors="backslashreplace")


def _silence_stdout() -> None:
    """Keep the interpreter from complaining at its end that it cannot flush stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Entry point of the command `compose`."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"compose {version()}")
        return
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends a run like Ctrl-C
    sys.exit(run(COMMANDS, arguments))
