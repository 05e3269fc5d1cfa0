"""A command that copies bytes, made of the real options, batch and output; run by subprocesses.

`python copying.py copy …`. A file that holds `bad` fails with our error, `bug` with another,
`slow` says on stderr when it is half written and takes a while.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import typer

from compose.cli import main, options
from compose.cli.batch_command import run_batch_command
from compose.cli.group import Entry
from compose.cli.shared import Shared
from compose.core.errors import ImageError
from compose.core.files import atomic_write
from compose.core.inputs import Source

app = typer.Typer()


@app.command()
def copy(
    ctx: typer.Context,
    inputs: options.Inputs,
    null: options.Null = False,
    out: options.Out = None,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    jobs: options.Jobs = 2,
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    checkpoint: options.Checkpoint = None,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Copy files."""
    target = out or Path("copies")

    def start() -> Any:
        print("started", file=sys.stderr, flush=True)
        return work

    def work(source: Source) -> dict[str, Any]:
        data = source.path.read_bytes()
        if data == b"bad":
            raise ImageError("this holds no picture; leave it out.")
        if data == b"bug":
            raise KeyError("no such\nthing")
        written = target / source.relative
        with atomic_write(written) as part:
            part.write_bytes(data[:2])
            if data == b"slow":
                print(f"began {source.relative}", file=sys.stderr, flush=True)
                time.sleep(1.5)
            part.write_bytes(data)
        told = {"max_pixels": max_pixels} | ({"checkpoint": checkpoint} if checkpoint else {})
        return {"bytes": len(data), **told, "file": written}

    raise typer.Exit(
        run_batch_command(
            Shared.of(ctx), start, plan=lambda source: [target / source.relative], suffixes=SUFFIXES
        )
    )


SUFFIXES = frozenset({".txt"})

if __name__ == "__main__":
    sys.modules["copying"] = sys.modules["__main__"]
    main.COMMANDS["copy"] = Entry("copying", "Copy files.")
    main.main()
