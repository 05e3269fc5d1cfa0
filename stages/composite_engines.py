"""Engines for composites by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.devices import require_torch
from ..core.errors import ModelError, UsageError
from ..core.seeds import derive_seed
from ..models.cache import UserPaths, parse_user_paths
from .composite_blend import BlendEngine
from .composite_config import CompositeConfig
from .composite_engine import Composed, CompositeEngine, Floats, Scene
from .composite_peers import CloneEngine, PasteEngine, SequentialEngine

if TYPE_CHECKING:
    from .composite_pics import PicsEngine


@dataclass(frozen=True)
class EngineOptions:
    """What engines are opened with."""

    config: CompositeConfig = field(default_factory=CompositeConfig)
    threads: int = 1
    device: str = "cpu"  # torch's name
    user: UserPaths | None = None  # checkpoints that the user named


class PaintedComposites:
    """Engine `pics`: objects painted into the boxes that were asked for."""

    name = "pics"

    def __init__(self, painter: PicsEngine) -> None:
        self._painter = painter

    def compose(self, scene: Scene) -> Composed:
        """See `composite_engine.CompositeEngine`; another sample is another draw of noise."""
        objects = [
            (_bytes(placed.rgb), _bytes(placed.seen), Box(*map(float, placed.at)))
            for placed in scene.objects
        ]
        seed = derive_seed(scene.seed, scene.name, str(scene.sample))
        return Composed(*self._painter.compose(scene.background, objects, scene.order, seed))


def _bytes(values: Floats) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255), np.uint8)


def _pics(options: EngineOptions) -> CompositeEngine:
    user = parse_user_paths() if options.user is None else options.user
    path = user.files.get("pics")
    if path is None:
        raise ModelError(
            "engine pics needs the checkpoint pics, which is not on this machine; name its file by "
            "--checkpoint pics=FILE, or use --engine blend."
        )
    require_torch("engine pics", extra="pics")
    from .composite_pics import open_pics

    return PaintedComposites(open_pics(path, options.device))


_OPENERS: dict[str, Callable[[EngineOptions], CompositeEngine]] = {
    "blend": lambda options: BlendEngine(options.config),
    "pics": _pics,
}
ENGINE_NAMES = ("auto", *_OPENERS)
_PEERS: dict[str, Callable[[EngineOptions], CompositeEngine]] = {
    "paste": lambda _: PasteEngine(),
    "paste-cut": lambda _: PasteEngine(cut=True),
    "clone": lambda _: CloneEngine(),
    "clone-mixed": lambda _: CloneEngine(mixed=True),
    "sequential": lambda options: SequentialEngine(BlendEngine(options.config)),
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
        return _PEERS[name](options or EngineOptions())
    if name not in ENGINE_NAMES:
        names = ", ".join((*ENGINE_NAMES, *PEER_NAMES))
        raise UsageError(f"'{name}' is no engine for composites; use {names}.")
    return open_engine(name, options)
