"""The crop engines by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..core.devices import available_cores
from ..core.errors import UsageError
from ..models.crop_engine import ConstantCrop, CropEngine


def _full(threads: int, weights: Path | None) -> CropEngine:
    return ConstantCrop("full", (0.0, 0.0, 1.0, 1.0))


def _centre(threads: int, weights: Path | None) -> CropEngine:
    # 5 % off every side: the best constant on the train part of FCDB
    return ConstantCrop("centre", (0.05, 0.05, 0.95, 0.95))


def _builtin(threads: int, weights: Path | None) -> CropEngine:
    from ..models.crop_builtin import BuiltinCropper

    return BuiltinCropper(threads, weights)


def _rank(threads: int, weights: Path | None) -> CropEngine:
    from ..models.crop_rank import RankCropper

    return RankCropper(threads, weights)


_ENGINES: dict[str, Callable[[int, Path | None], CropEngine]] = {
    "builtin": _builtin,
    "rank": _rank,
    "full": _full,
    "centre": _centre,
}
ENGINE_NAMES = ("auto", *_ENGINES)
_BEST = "builtin"  # embedded, so it is always there


def engine_name(name: str) -> str:
    """The engine that a name stands for: `auto` is the best that is here, `builtin`.

    Raises:
        UsageError: no such engine.
    """
    if name not in ENGINE_NAMES:
        raise UsageError(f"'{name}' is no crop engine; use {', '.join(ENGINE_NAMES)}.")
    return _BEST if name == "auto" else name


def open_engine(name: str = "auto", *, jobs: int = 1, weights: Path | None = None) -> CropEngine:
    """Load an engine, once a process; share it between threads.

    Args:
        name: see `engine_name`.
        jobs: how many threads will call it at a time; the cores are divided among them.
        weights: a folder that `compose train crop` wrote; the networks that ship by default.

    Raises:
        UsageError: no such engine.
        ModelError: its weights are missing or damaged.
    """
    threads = max(available_cores() // max(jobs, 1), 1)
    return _ENGINES[engine_name(name)](threads, weights)
