"""The crop engines by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.devices import available_cores, require_torch, resolve_device
from ..core.errors import ModelError, UsageError
from ..models.cache import UserPaths, parse_user_paths
from ..models.crop_engine import ConstantCrop, CropEngine

if TYPE_CHECKING:
    from ..models.reference_set import ReferenceSet


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


def _trained(name: str, opened: CropEngineOptions) -> CropEngine:
    user = parse_user_paths() if opened.user is None else opened.user
    path = user.files.get(name)
    if path is None:
        raise ModelError(
            f"engine {name} needs a network that `compose train crop --engine {name}` wrote; name "
            f"its file by --checkpoint {name}=FILE, or use --engine builtin."
        )
    require_torch(f"engine {name}")
    from ..models.crop_detr_engine import open_detr_cropper

    return open_detr_cropper(
        path,
        name,
        opened.device,
        references=_references(path, opened, user),
        context=user.files.get("context"),
        seed=opened.seed,
    )


def _references(path: Path, opened: CropEngineOptions, user: UserPaths) -> ReferenceSet | None:
    """What the network is shown, where it was trained to look at photographs."""
    from ..models.crop_detr_load import read_config
    from .crop_network_references import network_references

    config = read_config(path)
    if opened.refs is None or config.fusion == "none":
        return None
    blip = user.files.get("blip") if config.text_channels else None
    return network_references(opened.refs, blip, device=opened.device)


_ENGINES: dict[str, Callable[[int, Path | None], CropEngine]] = {
    "builtin": _builtin,
    "rank": _rank,
    "full": _full,
    "centre": _centre,
}
TRAINED_ENGINES = ("procrop", "multi-in-one")  # whose files only the user has
ENGINE_NAMES = ("auto", *_ENGINES, *TRAINED_ENGINES)
_BEST = "builtin"  # embedded, so it is always there


def engine_name(name: str) -> str:
    """The engine that a name stands for: `auto` is the best that is here, `builtin`.

    Raises:
        UsageError: no such engine.
    """
    if name not in ENGINE_NAMES:
        raise UsageError(f"'{name}' is no crop engine; use {', '.join(ENGINE_NAMES)}.")
    return _BEST if name == "auto" else name


@dataclass(frozen=True)
class CropEngineOptions:
    """What engines are opened with that are not always there."""

    device: str = "cpu"  # torch's name
    user: UserPaths | None = None  # checkpoints that the user named
    refs: Path | None = None  # a folder of photographs to crop like, for procrop
    seed: int = 0  # of what multi-in-one draws by lot


def engine_options(
    names: Collection[str],
    device: str,
    checkpoints: Iterable[str],
    refs: Path | None,
    seed: int,
) -> CropEngineOptions:
    """What commands are asked for, which opens engines of these names.

    Args:
        names: see `engine_name`; a device is looked for only where one of them wants torch.
        device: as options have it, `auto` or torch's name.
        checkpoints: `name=path`, see `cache.parse_user_paths`.
        refs, seed: see `CropEngineOptions`.

    Raises:
        UsageError: the device or a checkpoint is none.
    """
    trained = any(name in TRAINED_ENGINES for name in names)
    place = resolve_device(device) if trained else "cpu"
    return CropEngineOptions(place, parse_user_paths(checkpoints), refs, seed)


def open_engine(
    name: str = "auto",
    *,
    jobs: int = 1,
    weights: Path | None = None,
    options: CropEngineOptions | None = None,
) -> CropEngine:
    """Load an engine, once a process; share it between threads.

    Args:
        name: see `engine_name`.
        jobs: how many threads will call it at a time; the cores are divided among them.
        weights: a folder that `compose train crop` wrote; the networks that ship by default.
        options: for procrop and multi-in-one.

    Raises:
        UsageError: no such engine, or torch is not installed.
        ModelError: its weights are missing or damaged.
    """
    chosen = engine_name(name)
    if chosen in TRAINED_ENGINES:
        return _trained(chosen, options or CropEngineOptions())
    threads = max(available_cores() // max(jobs, 1), 1)
    return _ENGINES[chosen](threads, weights)
