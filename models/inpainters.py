"""Inpainters by engine name."""

from __future__ import annotations

from collections.abc import Callable

from ..core.errors import UsageError
from .cache import UserPaths, parse_user_paths
from .hub import is_here
from .inpainter import Inpainter

# On 86 photographs with object-shaped holes `ns` is .3 dB closer to the truth than `telea`.
# `patchmatch` is as close in decibels, and far closer in how it looks, for it has the texture of
# its surroundings, which those lack. `shiftmap` keeps lines and large textures whole besides; see
# "Filling holes" in docs/results.md.
_ALIASES = {"opencv": "ns"}
# of the engines that need one
_CHECKPOINTS = {"lama": "big-lama", "mat": "mat-places", "migan": "migan", "plainest": "migan"}
_BY_TORCH = {"lama", "mat"}


def _migan(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_migan import open_migan

    return open_migan(threads, user)


def _shiftmap(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_patchmatch import PatchMatchInpainter, patchmatch_here
    from .inpainter_shiftmap import ShiftMapInpainter

    return ShiftMapInpainter(PatchMatchInpainter() if patchmatch_here() else None)


def _plainest(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_plainest import PlainestInpainter
    from .saliency import open_saliency

    first, second = _shiftmap(threads, device, user), _migan(threads, device, user)
    return PlainestInpainter(first, second, open_saliency(threads=threads))


def _patchmatch(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_patchmatch import PatchMatchInpainter

    return PatchMatchInpainter()


def _builtin(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_builtin import open_builtin

    return open_builtin(threads, user)


def _telea(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_opencv import OpenCvInpainter

    return OpenCvInpainter("telea")


def _ns(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_opencv import OpenCvInpainter

    return OpenCvInpainter("ns")


def _rims(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from .inpainter_rims import RimInpainter

    return RimInpainter()


def _lama(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from ..core.devices import require_torch

    require_torch("inpainter lama")
    from .inpainter_lama import open_lama

    return open_lama(device, user)


def _mat(threads: int, device: str, user: UserPaths | None) -> Inpainter:
    from ..core.devices import require_torch

    require_torch("inpainter mat")
    from .inpainter_mat import open_mat

    return open_mat(device, user)


_OPENERS: dict[str, Callable[[int, str, UserPaths | None], Inpainter]] = {
    "lama": _lama,
    "mat": _mat,
    "plainest": _plainest,
    "migan": _migan,
    "shiftmap": _shiftmap,
    "patchmatch": _patchmatch,
    "builtin": _builtin,
    "ns": _ns,
    "telea": _telea,
    "rims": _rims,
}

INPAINTER_NAMES = ("auto", "opencv", *_OPENERS)


def inpainter_name(name: str, user: UserPaths | None = None) -> str:
    """The engine that a name stands for.

    `opencv` is the better of OpenCV's two. `auto` is plainest, which is shiftmap or migan by how
    little stands out, where the weights migan are on this machine, and otherwise the best one
    that needs none: shiftmap, with patchmatch for the search for objects and for what cannot be
    pieced together, or by itself and with opencv on machines for which pypatchmatch has no
    library. `builtin`
    needs a network of `compose train inpaint`; the one that a CPU trained in half an hour made
    fills no better than patchmatch, and does not ship. `rims` is for holes that something is laid
    over.

    Raises:
        UsageError: no such engine.
    """
    if name not in INPAINTER_NAMES:
        raise UsageError(f"'{name}' fills no holes; use {', '.join(INPAINTER_NAMES)}.")
    if name != "auto":
        return _ALIASES.get(name, name)
    return "plainest" if is_here("migan", user) else "shiftmap"


def inpainters_here() -> list[str]:
    """The engines that run on this machine as it is, best first."""
    from importlib.util import find_spec

    from .inpainter_builtin import trained_file
    from .inpainter_patchmatch import patchmatch_here

    user = parse_user_paths()
    found = []
    for name in _OPENERS:
        needed = _CHECKPOINTS.get(name)
        if needed and not is_here(needed, user):
            continue
        if name in _BY_TORCH and find_spec("torch") is None:
            continue
        if name == "builtin" and trained_file(user) is None:
            continue
        if name == "patchmatch" and not patchmatch_here():
            continue
        found.append(name)
    return found


def open_inpainter(
    name: str = "auto", *, threads: int = 1, device: str = "cpu", user: UserPaths | None = None
) -> Inpainter:
    """Load an engine, whose `name` says which one it is; nothing is ever downloaded for it.

    Args:
        name: see `inpainter_name`.
        threads: of one picture, for engines that run by onnxruntime.
        device: torch's name of a device, for engines that run by torch.
        user: checkpoints that the user named; by default what `COMPOSE_MODELS` says.

    Raises:
        UsageError: no such engine, or it needs a package that is not installed.
        ModelError: its checkpoint is not on this machine, is damaged, or is another network's.
    """
    return _OPENERS[inpainter_name(name, user)](threads, device, user)
