"""Salient-subject maps by engine name: which pixels belong to what a person looks at first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError
from .hub import is_here

if TYPE_CHECKING:
    from .saliency_features import SaliencyTrunks

CHECKPOINT = "u2netp"
SALIENCY_NAMES = ("auto", "builtin", "u2netp", "centre")
_BEST = "builtin"  # embedded, so it is always there


class SaliencyReader(Protocol):
    """Opened once a process and shared by threads, so `read` must be safe to call at once."""

    @property
    def name(self) -> str:
        """The engine; never "auto"."""
        ...

    def read(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The map HxW in [0, 1] of `rgb`, HxWx3 upright sRGB at any scale."""
        ...


class CentreSaliency:
    """The same bump for every picture; what any other engine has to beat."""

    name = "centre"

    def read(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A Gaussian whose deviation is a quarter of each side."""
        height, width = rgb.shape[:2]
        y = (np.arange(height, dtype=np.float32) + 0.5) / height - 0.5
        x = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
        return np.asarray(np.exp(-8 * (y[:, None] ** 2 + x**2)), np.float32)


def saliency_name(name: str) -> str:
    """The engine that a name stands for; `auto` is the best measured one, `builtin`.

    Raises:
        UsageError: no such engine.
    """
    if name not in SALIENCY_NAMES:
        raise UsageError(f"'{name}' finds no subjects; use {', '.join(SALIENCY_NAMES)}.")
    return _BEST if name == "auto" else name


def saliency_here() -> list[str]:
    """The engines whose weights are on this machine, best measured first."""
    small = [CHECKPOINT] if is_here(CHECKPOINT) else []
    return ["builtin", *small, "centre"]


def open_saliency(
    name: str = "auto",
    *,
    threads: int = 1,
    weights: Path | None = None,
    trunks: SaliencyTrunks | None = None,
) -> SaliencyReader:
    """Load an engine, whose `name` says which one it is.

    Args:
        name: see `saliency_name`.
        threads: of one picture.
        weights: a folder that `compose train saliency` wrote, for engine `builtin`.
        trunks: of engine `builtin`, where they are open already.

    Raises:
        UsageError: no such engine.
        ModelError: its weights are missing or damaged.
    """
    from .saliency_builtin import BuiltinSaliency
    from .saliency_u2net import U2NetSaliency

    match saliency_name(name):
        case "builtin":
            return BuiltinSaliency(threads, weights, trunks)
        case "u2netp":
            return U2NetSaliency(threads)
        case _:
            return CentreSaliency()
