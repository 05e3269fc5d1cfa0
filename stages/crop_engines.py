"""The crop engines by name."""

from __future__ import annotations

from collections.abc import Callable

from ..core.devices import available_cores
from ..core.errors import UsageError
from ..models.crop_engine import ConstantCrop, CropEngine


def _full(threads: int) -> CropEngine:
    return ConstantCrop("full", (0.0, 0.0, 1.0, 1.0))


def _centre(threads: int) -> CropEngine:
    # 5 % off every side: the best constant on the train part of FCDB
    return ConstantCrop("centre", (0.05, 0.05, 0.95, 0.95))


def _builtin(threads: int) -> CropEngine:
    from ..models.crop_builtin import BuiltinCropper

    return BuiltinCropper(threads=threads)


_ENGINES: dict[str, Callable[[int], CropEngine]] = {
    "builtin": _builtin,
    "full": _full,
    "centre": _centre,
}
ENGINE_NAMES = ("auto", *_ENGINES)
_BEST = "builtin"  # embedded, so it is always there


def open_engine(name: str = "auto", *, jobs: int = 1) -> CropEngine:
    """Load an engine, once a process; share it between threads.

    Args:
        name: one of ENGINE_NAMES; `auto` is the best that is here, `builtin`.
        jobs: how many threads will call it at a time; the cores are divided among them.

    Raises:
        UsageError: no such engine.
        ModelError: its weights are missing or damaged.
    """
    wanted = _BEST if name == "auto" else name
    if wanted not in _ENGINES:
        raise UsageError(f"'{name}' is no crop engine; use {', '.join(ENGINE_NAMES)}.")
    return _ENGINES[wanted](max(available_cores() // max(jobs, 1), 1))
