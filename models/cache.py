"""Where checkpoints lie on this machine: the user's folders, the cache, the installation."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from ..core.errors import ModelError, UsageError
from ..core.names import printable
from .checkpoint import Checkpoint
from .own_weights import REPLACEABLE, VARIABLE, own_file
from .registry import CHECKPOINTS, checkpoint
from .registry_embedded import EMBEDDED_NAMES

# networks whose files only the user can have, from training or from where no hash is published
TRAINED = frozenset({"inpaint", "pics", "procrop", "multi-in-one", "context", "blip"})


def cache_folder() -> Path:
    """Folder for everything that can be fetched again.

    `COMPOSE_HOME` if set, else `compose` in the user's cache: `XDG_CACHE_HOME` on every system
    where it is set, else the platform's own place. The folder need not exist.
    """
    if home := os.environ.get("COMPOSE_HOME"):
        return Path(home).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(shared):  # the XDG specification: a relative path is to be ignored
        return Path(shared) / "compose"
    try:
        user = Path.home()
    except RuntimeError as error:
        raise ModelError(
            "there is no home folder to keep checkpoints in; set COMPOSE_HOME to a folder."
        ) from error
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or user / "AppData/Local") / "compose" / "Cache"
    if sys.platform == "darwin":
        return user / "Library" / "Caches" / "compose"
    return user / ".cache" / "compose"


def cached_path(row: Checkpoint) -> Path:
    """Where the hub keeps this checkpoint, and where a user may put it by hand."""
    return cache_folder() / "models" / row.file


def embedded_path(row: Checkpoint) -> Path | None:
    """The checkpoint inside the installed package, or None."""
    inside = resources.files(__package__) / "weights" / row.file
    # a Path wherever the package lies in a folder, which is how it is installed
    return inside if isinstance(inside, Path) and inside.is_file() else None


@dataclass(frozen=True)
class UserPaths:
    """What the user says of where checkpoints lie."""

    files: Mapping[str, Path] = field(default_factory=dict)  # name of a checkpoint -> its file
    folders: tuple[Path, ...] = ()  # searched for the table's file names, in this order


def parse_user_paths(arguments: Iterable[str] = ()) -> UserPaths:
    """`--checkpoint` arguments (`name=path`), then what `COMPOSE_MODELS` adds to them.

    `COMPOSE_MODELS` is a list with the platform's path separator, each entry a folder or
    `name=path`; what an argument says goes before it.

    Raises:
        UsageError: an argument is not `name=path`, or names no checkpoint; or it or an entry
            names a network that ships, in whose place no file is taken.
    """
    files: dict[str, Path] = {}
    folders: list[Path] = []
    for argument in arguments:
        name, separator, path = argument.partition("=")
        if not separator or not path:
            raise UsageError(
                f"--checkpoint wants NAME=PATH, not {argument!r}; names: `compose models list`."
            )
        if name not in TRAINED:
            _refuse_embedded(checkpoint(name).name, f"--checkpoint {name}=…")
        files[name] = Path(path).expanduser().absolute()
    for entry in os.environ.get("COMPOSE_MODELS", "").split(os.pathsep):
        name, separator, path = entry.partition("=")
        if separator and path:
            _refuse_embedded(name, f"{name}=… of COMPOSE_MODELS")
        if separator and path and (name in CHECKPOINTS or name in TRAINED):
            files.setdefault(name, Path(path).expanduser().absolute())
        elif entry:
            folders.append(Path(entry).expanduser().absolute())
    return UserPaths(files, tuple(folders))


def _refuse_embedded(name: str, entry: str) -> None:
    """Refuse a file for a network that is only ever read where it is installed."""
    if name not in EMBEDDED_NAMES:
        return
    what = f"{name} ships with the tool and is taken from no other file; leave {entry} out"
    # trainings write several files, so a folder is named
    if name.startswith("crop-"):
        raise UsageError(f"{what}, or name a folder of `compose train crop`: --weights DIR.")
    if CHECKPOINTS[name].file in REPLACEABLE:
        raise UsageError(f"{what}, or name a folder of `compose train`: {VARIABLE}=DIR.")
    raise UsageError(f"{what}.")


@dataclass(frozen=True)
class Found:
    """A checkpoint's file on this machine."""

    path: Path
    # "given" (the user named the file), "folder" (of COMPOSE_MODELS), "trained" (of
    # COMPOSE_TRAINED), "cache" or "embedded"
    place: str


def find(row: Checkpoint, user: UserPaths) -> Found | None:
    """The first place that has the file, or None; neither opens nor checks it.

    Where the authors publish a folder, the user may name that.

    Raises:
        ModelError: the user named a file that is not there.
    """
    if given := user.files.get(row.name):
        if row.inside and given.is_dir():
            if not (given / row.inside).is_file():
                raise ModelError(
                    f"the folder {printable(given)} has no {row.inside}; give the folder of "
                    f"{row.name} as its authors published it, or the file itself."
                )
            given = given / row.inside
        if not given.is_file():
            raise ModelError(
                f"{printable(given)}, given for the checkpoint {row.name}, is not a file; "
                "correct the path or leave it out."
            )
        return Found(given, "given")
    if row.name in EMBEDDED_NAMES:  # engines look nowhere else
        if own := own_file(row.file):
            return Found(own, "trained")
        shipped = embedded_path(row)
        return Found(shipped, "embedded") if shipped else None
    for folder in user.folders:
        if (folder / row.file).is_file():
            return Found(folder / row.file, "folder")
    if cached_path(row).is_file():
        return Found(cached_path(row), "cache")
    if inside := embedded_path(row):
        return Found(inside, "embedded")
    return None
