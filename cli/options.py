"""The options that commands share, one type each, so that a flag means the same everywhere.

A command takes those it needs under the names used here in lower case (`max_pixels:
options.MaxPixels = options.DEFAULT_MAX_PIXELS`). `Shared.of(ctx)` collects their values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core.formats import DEFAULT_MAX_PIXELS as DEFAULT_MAX_PIXELS
from .failures import show_tracebacks
from .settings import load_config

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUTS",
        help="Files, folders, quoted patterns, @list.txt, or - for paths on standard input.",
        show_default=False,
    ),
]
Null = Annotated[
    bool,
    typer.Option(
        "--null", help="Paths in lists, and those that --quiet prints, end in NUL, not in a line."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Write below this folder, as the inputs lie. What lies in it is no input of a folder.",
    ),
]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", help="Leave inputs alone whose outputs all exist.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line for every input.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the paths of written files only.")]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:N or mps.")
]
Gpus = Annotated[
    str | None, typer.Option("--gpus", metavar="N,N", help="Use these GPUs together, as in 0,1.")
]
Precision = Annotated[
    str, typer.Option("--precision", metavar="NAME", help="auto, fp32, fp16 or bf16.")
]
MaxPixels = Annotated[
    int, typer.Option("--max-pixels", min=1, metavar="N", help="Refuse pictures with more pixels.")
]
Seed = Annotated[
    int,
    typer.Option(  # beyond its end torch's own generators overflow
        "--seed", min=0, max=2**63 - 1, metavar="N", help="Start of all random draws."
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", min=0, metavar="N", help="Inputs worked on at once; 0: one a core, at most 8."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be done and write nothing.")
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="Begin no further input after the first failure.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=load_config,
        help="TOML file of option values; the environment (COMPOSE_…) and flags go before it.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write one self-contained HTML page here."),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never use the network.")]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", is_eager=True, callback=show_tracebacks, help="Show tracebacks of failures."
    ),
]
Engine = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="What does the work; auto: the best here.")
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights", metavar="DIR", help="Take the networks from this folder of `compose train`."
    ),
]
Checkpoint = Annotated[
    list[str] | None,
    typer.Option(
        "--checkpoint", metavar="NAME=PATH", help="Take the weights NAME from PATH; repeatable."
    ),
]
