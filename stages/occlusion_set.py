"""A whole set of occlusions: what it takes, its settings, and going on after an interruption."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import OutputError, UsageError
from ..core.files import remove_stale_parts
from ..core.names import printable
from ..data.occlusion import (
    SETTINGS,
    VERSION,
    SceneNotes,
    read_settings,
    scene_files,
    scene_name,
    write_json,
    write_scene,
)
from .occlusion import OcclusionConfig, make_scene
from .occlusion_sources import AnnotatedPhoto, Candidate, find_whole


@dataclass(frozen=True)
class OcclusionSet:
    """All that the scenes of a set depend on."""

    settings: dict[str, Any]  # as written into the set, its count included
    config: OcclusionConfig
    seed: int
    photos: list[AnnotatedPhoto] = field(repr=False)
    hidden: list[Candidate] = field(repr=False)
    fronts: list[Candidate] = field(repr=False)

    def write(self, out: Path, number: int) -> SceneNotes:
        """Make scene `number` and write its files below `out`.

        Raises:
            DataError: it cannot be made.
            OutputError: it cannot be written.
        """
        scene = make_scene(self.photos, self.hidden, self.fronts, number, self.config, self.seed)
        write_scene(out, scene)
        return scene.notes


def prepare(
    photos: list[AnnotatedPhoto],
    origin: tuple[str, str],
    count: int,
    config: OcclusionConfig,
    seed: int,
    *,
    advance: Callable[[], object] = lambda: None,
) -> OcclusionSet:
    """Read the annotations of photographs and find what can hide and be hidden.

    Args:
        photos: from `open_photos`.
        origin: the data set's form and part, to be noted.
        count: how many scenes the set has.
        config: how they are made.
        seed: of all draws.
        advance: called after each photograph, for a progress bar.

    Raises:
        InputError: the data set is damaged, or shows no object as a whole.
    """
    hidden, fronts = find_whole(photos, [config.hidden, config.front], advance=advance)
    settings = {
        "version": VERSION,
        "count": count,
        "from": origin[0],
        "split": origin[1],
        "seed": seed,
        "photographs": len(photos),
        "objects": len(hidden),
        "occluders": len(fronts),
        **asdict(config),
    }
    return OcclusionSet(settings, config, seed, photos, hidden, fronts)


def begin_set(out: Path, wanted: OcclusionSet, *, overwrite: bool) -> None:
    """Make a folder ready for the scenes of a set, and write how it is made.

    One that was begun with the same settings is gone on with, or enlarged; with `overwrite` its
    scenes count as not made.

    Raises:
        UsageError: it holds a set of other settings, and `overwrite` is not given.
        OutputError: it cannot be written.
        DataError: its settings are damaged.
    """
    settings = dict(wanted.settings)
    if overwrite:
        for number in range(settings["count"]):
            _remove(scene_files(out, scene_name(number))[-1])
    elif (earlier := read_settings(out)) is not None:
        settings["count"] = max(settings["count"], earlier["count"])
        if earlier | {"count": settings["count"]} != settings:
            raise UsageError(
                f"{printable(out)} holds a set that was made otherwise; give the same options "
                "as then, another --out, or --overwrite."
            )
    for path in scene_files(out, scene_name(0)):
        remove_stale_parts(path.parent)
    write_json(out / SETTINGS, settings)


def _remove(path: Path) -> None:
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
    except OSError as error:
        raise OutputError(
            f"cannot replace {printable(path)} ({error.strerror}); write to another folder."
        ) from error
