"""Checkpoints of a training: folders that are whole or not counted.

checkpoints/step-0002000/weights.safetensors   the running mean, as the engine reads it
checkpoints/step-0002000/state.pt              weights, optimiser and place; written last
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from ..core.errors import ModelError, OutputError, UsageError
from ..core.files import atomic_write
from ..core.names import printable
from ..models.weights_io import load_pickle_weights_only
from .train_composite_world import World
from .train_metrics import Metrics

CHECKPOINTS = "checkpoints"
WEIGHTS, STATE = "weights.safetensors", "state.pt"
_NAME = re.compile(r"step-(\d{7,})")


class Settings(Protocol):
    """What a training's settings tell of its checkpoints."""

    @property
    def keep(self) -> int:
        """Checkpoints to keep."""
        ...

    def binding(self) -> Mapping[str, Any]:
        """What must be the same for a checkpoint to be gone on from."""
        ...


class Resumable(Protocol):
    """A training between two steps."""

    step: int
    world: World

    @property
    def config(self) -> Settings:
        """How it is done."""
        ...

    @property
    def data(self) -> str:
        """A digest of what it learns from."""
        ...

    def state(self) -> dict[str, Any]:
        """What it goes on from."""
        ...


def write_state(
    out: Path, training: Resumable, metrics: Metrics, save: Callable[[Path], object]
) -> Path:
    """Write one below `out`, remove the oldest beyond `config.keep`, and give its folder.

    Args:
        out: the run's folder.
        training: between two steps.
        metrics: so far.
        save: writes the running mean.

    Raises:
        OutputError: it cannot be written.
    """
    folder = out / CHECKPOINTS / f"step-{training.step:07d}"
    save(folder / WEIGHTS)
    state = {
        **training.state(),
        "config": _text(training),
        "rows": json.dumps(metrics.rows),
        "sums": json.dumps(metrics.sums),
    }
    with atomic_write(folder / STATE) as part:
        torch.save(state, part)
    for old in checkpoints(out)[: -training.config.keep]:
        (old / STATE).unlink()  # from here on it does not count
        shutil.rmtree(old, ignore_errors=True)
    return folder


def begin_anew(out: Path) -> None:
    """Remove a former run's checkpoints below `out`, which a resumed one would take for its own.

    Nothing else there is touched, for the folder may hold the user's own.

    Raises:
        OutputError: one cannot be removed.
    """
    for folder in checkpoints(out):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise OutputError(
                f"cannot remove the former run's {printable(folder)} ({error.strerror}); "
                "remove it, or train into another folder."
            ) from None


def checkpoints(out: Path) -> list[Path]:
    """The whole checkpoints of a run, oldest first."""
    found = [
        (int(match[1]), path)
        for path in (out / CHECKPOINTS).glob("step-*")
        if (match := _NAME.fullmatch(path.name)) and (path / STATE).is_file()
    ]
    return [path for _, path in sorted(found)]


def find_checkpoint(out: Path, resume: str | None) -> Path | None:
    """The checkpoint that `--resume` means: None for none.

    Args:
        out: the run's folder.
        resume: `auto`, for the last one there, if there is any; or its folder, or a run's.

    Raises:
        UsageError: there is no checkpoint where one was named.
    """
    if resume is None:
        return None
    if resume == "auto":
        return next(reversed(checkpoints(out)), None)
    path = Path(resume)
    if (path / STATE).is_file():
        return path
    if found := checkpoints(path):
        return found[-1]
    raise UsageError(
        f"there is no checkpoint in {printable(path)}; give a folder such as "
        f"RUN/{CHECKPOINTS}/step-0002000, or --resume auto."
    )


def read_state(
    folder: Path,
    training: Resumable,
    metrics: Metrics,
    restore: Callable[[dict[str, Any], Path], object],
) -> None:
    """Let a training go on from a checkpoint, and metrics too.

    Args:
        folder: the checkpoint's.
        training: of the same settings.
        metrics: to fill.
        restore: puts state and weights back, given the state and the weights' file.

    Raises:
        ModelError: it is damaged, or of a training with other settings.
    """
    state = load_pickle_weights_only(folder / STATE)
    if state.get("config") != _text(training):
        raise ModelError(
            f"{printable(folder)} is of a training with other settings or data; give the same "
            "ones, or train anew into another folder."
        )
    try:
        restore(state, folder / WEIGHTS)
        metrics.rows, metrics.sums = json.loads(state["rows"]), json.loads(state["sums"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{printable(folder)} is damaged ({reason}); remove it and go on from the one before."
        ) from None


def _text(training: Resumable) -> str:
    binding = {**training.config.binding(), "processes": training.world.size}
    binding["data"] = training.data
    return json.dumps(binding, sort_keys=True)
