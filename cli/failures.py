"""From an exception to a sentence on stderr and an exit code; a traceback only when asked for."""

from __future__ import annotations

import os
import re
import sys
import traceback
from typing import Any

import typer

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130

_wanted = False


def show_tracebacks(wanted: bool) -> bool:
    """Callback of `--debug`."""
    global _wanted
    _wanted = _wanted or wanted
    return wanted


def begin() -> None:
    """Forget what an earlier run in this process was told, as tests have several."""
    global _wanted
    _wanted = False


def tracebacks_wanted() -> bool:
    """Whether `--debug` was given or COMPOSE_DEBUG is set to something other than 0 or false."""
    return _wanted or os.environ.get("COMPOSE_DEBUG", "").lower() not in ("", "0", "false", "no")


def report_failure(error: Exception) -> int:
    """Say on stderr what ended the command, and return its exit code."""
    from ..core.batch import describe
    from ..core.errors import ComposeError

    usage = getattr(error, "format_message", None)  # typer's own errors, of every version
    if tracebacks_wanted() and usage is None:
        traceback.print_exception(error)
    if isinstance(error, ComposeError):
        text, code = describe(error), error.exit_code
    elif usage is not None:
        text, code = _usage_sentence(str(usage()), getattr(error, "ctx", None)), WRONG_USAGE
    else:
        text, code = describe(error), FAILED
    print(f"error: {text}", file=sys.stderr)
    return code


def _usage_sentence(text: str, ctx: typer.Context | Any | None) -> str:
    """What typer says of wrong usage, as one sentence that ends with where to look."""
    text = " ".join(text.split()).rstrip(".")
    text = re.sub(r"\. Did you mean (.*)\?$", r" (did you mean \1?)", text)
    text = text[:1].lower() + text[1:]
    where = ctx.command_path if ctx is not None else "compose"
    return f"{text}; see '{where} --help'."
