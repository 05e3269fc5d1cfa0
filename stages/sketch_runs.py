"""Finished sketches on the disk: which files they are, and what their runs say of them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from ..core.inputs import Source
from ..core.names import printable
from .sketch_names import RUN_FILE

SKETCH_SUFFIXES = frozenset({".svg", ".png"})
FINALS = ("final.svg", "final.png")  # of a run; the first that is there
LEVELS = 3  # folders above a file that may say what it is


@dataclass(frozen=True)
class Run:
    """What a run of `compose sketch` says of itself that matters afterwards."""

    folder: Path
    target: Path | None
    fix_scale: bool
    seconds: float | None


def run_folder(sketch: Path) -> Path | None:
    """The nearest folder above a file that holds a `run.json`, among three."""
    above = Path(os.path.abspath(sketch)).parents[:LEVELS]
    return next((folder for folder in above if (folder / RUN_FILE).is_file()), None)


def read_run(sketch: Path) -> Run | None:
    """The run that a file belongs to, or None if it lies in none.

    Raises:
        DataError: its `run.json` is not what a run writes.
    """
    folder = run_folder(sketch)
    if folder is None:
        return None
    path = folder / RUN_FILE
    damaged = DataError(f"{printable(path)} is not what a run writes; remove it or run again.")
    try:
        record: Any = json.loads(path.read_bytes())
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        text = f"cannot read {printable(path)} ({reason}); check its permissions."
        raise DataError(text) from error
    except (ValueError, RecursionError) as error:
        raise damaged from error
    if not isinstance(record, dict):
        raise damaged
    target, seconds = record.get("target"), record.get("seconds")
    arguments = record.get("arguments")
    settings = arguments if isinstance(arguments, dict) else record
    if not isinstance(target, str | None) or not isinstance(seconds, int | float | None):
        raise damaged
    timed = seconds is not None and math.isfinite(seconds)
    return Run(
        folder,
        Path(target) if target else None,
        settings.get("fix_scale") is True,
        float(seconds) if timed and seconds is not None else None,
    )


def choose_sketches(sources: Sequence[Source], named: Collection[str] = ()) -> list[Source]:
    """Leave out of the files below folders what is no finished sketch of its own.

    Of a run's folder only the final drawing stays, of an SVG and a PNG with one name in one
    folder the SVG. A run without a final drawing becomes one source with a problem.

    Args:
        sources: files that were found.
        named: paths that somebody named one by one; they stay, whatever they are.
    """
    paths = {os.path.abspath(source.path) for source in sources}
    chosen: dict[str, Source] = {}
    for source in sources:
        path = os.path.abspath(source.path)
        if os.fspath(source.path) in named or source.problem is not None:
            chosen[path] = source
            continue
        folder = run_folder(source.path)
        if folder is not None:
            finals = [folder / name for name in FINALS if (folder / name).is_file()]
            if not finals:
                text = f"the run in {printable(folder)} has no final drawing; finish it first."
                chosen.setdefault(os.fspath(folder), Source(folder, source.relative, text))
            elif os.fspath(finals[0]) == path or not _holds(paths, finals):
                chosen[path] = source
        elif (
            source.path.suffix.lower() == ".svg" or os.path.splitext(path)[0] + ".svg" not in paths
        ):
            chosen[path] = source
    return list(chosen.values())


def _holds(paths: Collection[str], files: Sequence[Path]) -> bool:
    return any(os.fspath(file) in paths for file in files)
