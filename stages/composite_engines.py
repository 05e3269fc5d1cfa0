"""Engines for composites by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..core.errors import ModelError, UsageError
from ..models.cache import UserPaths
from .composite_blend import BlendEngine
from .composite_config import CompositeConfig
from .composite_engine import CompositeEngine
from .composite_peers import CloneEngine, PasteEngine


@dataclass(frozen=True)
class EngineOptions:
    """What engines are opened with."""

    config: CompositeConfig = field(default_factory=CompositeConfig)
    threads: int = 1
    device: str = "cpu"  # torch's name
    user: UserPaths | None = None  # checkpoints that the user named


def _pics(options: EngineOptions) -> CompositeEngine:
    raise ModelError(
        "engine pics needs the checkpoint pics, which is not on this machine; name its file by "
        "--checkpoint pics=FILE, or use --engine blend."
    )


_OPENERS: dict[str, Callable[[EngineOptions], CompositeEngine]] = {
    "blend": lambda options: BlendEngine(options.config),
    "pics": _pics,
}
ENGINE_NAMES = ("auto", *_OPENERS)
_PEERS: dict[str, Callable[[], CompositeEngine]] = {
    "paste": PasteEngine,
    "clone": CloneEngine,
    "clone-mixed": lambda: CloneEngine(mixed=True),
}
PEER_NAMES = tuple(_PEERS)


def engine_name(name: str) -> str:
    """The engine that a name stands for; `auto` is `blend`, which is always there.

    Raises:
        UsageError: no such engine.
    """
    if name not in ENGINE_NAMES:
        raise UsageError(f"'{name}' is no engine for composites; use {', '.join(ENGINE_NAMES)}.")
    return "blend" if name == "auto" else name


def open_engine(name: str = "auto", options: EngineOptions | None = None) -> CompositeEngine:
    """Load an engine; its `name` says which one it is.

    Raises:
        UsageError: no such engine, or no such harmoniser.
        ModelError: its weights are not on this machine.
    """
    return _OPENERS[engine_name(name)](options or EngineOptions())


def open_measured(name: str, options: EngineOptions | None = None) -> CompositeEngine:
    """An engine to be measured: one of `ENGINE_NAMES`, or of the plain ones in `PEER_NAMES`.

    Raises:
        UsageError, ModelError: as `open_engine`.
    """
    if name in _PEERS:
        return _PEERS[name]()
    if name not in ENGINE_NAMES:
        names = ", ".join((*ENGINE_NAMES, *PEER_NAMES))
        raise UsageError(f"'{name}' is no engine for composites; use {names}.")
    return open_engine(name, options)
