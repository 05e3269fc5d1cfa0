"""A set of pictures in which one object was laid over another, so that what is hidden is known.

    occlusion.json            how the set was made
    scenes/NAME.json          of every scene: where its parts come from and how much is hidden
    images/NAME.png           the picture, with the occluder over the hidden object
    originals/NAME.png        the picture as it was: what the hidden pixels really look like
    amodal/NAME.png           the whole extent of the hidden object, white on black
    visible/NAME.png          what is still to be seen of it
    occluder/NAME.png         the occluder
    objects/NAME.png          all annotated objects of the original, one index each; 255: unknown

A scene's json is written last, so that one which has it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.encoding import save_rgb
from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.images import load_picture
from ..core.masks import Mask, load_mask
from ..core.names import printable
from .label_map import read_label_map, write_label_map

VERSION = 1
MOST_SCENES = 99_999
UNKNOWN = 255  # the index in `objects` of what nobody annotated
SETTINGS = "occlusion.json"
_PICTURES = ("images", "originals")
_MASKS = ("amodal", "visible", "occluder")
_FOLDERS = (*_PICTURES, *_MASKS, "objects", "scenes")


@dataclass(frozen=True)
class SceneNotes:
    """What is known of a scene besides its pictures."""

    name: str
    source: str  # the photograph
    label: str | None  # class of the hidden object
    number: int  # the hidden object's index in `objects`
    occluder_source: str  # the photograph that the occluder was cut out of
    occluder_label: str | None
    scale: float  # of the occluder against its photograph
    hidden: float  # share of the hidden object's pixels behind the occluder


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture with its truth; all arrays have its height and width."""

    notes: SceneNotes
    image: NDArray[np.uint8] = field(repr=False)  # HxWx3
    original: NDArray[np.uint8] = field(repr=False)  # HxWx3
    amodal: Mask = field(repr=False)
    occluder: Mask = field(repr=False)
    objects: NDArray[np.uint8] = field(repr=False)  # HxW: 0 none, 1 to 254 an object, UNKNOWN

    @property
    def visible(self) -> Mask:
        """What is still to be seen of the hidden object."""
        return self.amodal & ~self.occluder

    @property
    def invisible(self) -> Mask:
        """What of it lies behind the occluder."""
        return self.amodal & self.occluder


def scene_name(number: int) -> str:
    """The name of a scene by its number from 0."""
    return f"{number:05d}"


def scene_files(root: Path, name: str) -> list[Path]:
    """The files of a scene in the order of writing; the last one marks that all are there."""
    suffixes = [".png"] * (len(_FOLDERS) - 1) + [".json"]
    return [
        Path(root) / folder / f"{name}{suffix}"
        for folder, suffix in zip(_FOLDERS, suffixes, strict=True)
    ]


def write_scene(root: Path, scene: Scene) -> list[Path]:
    """Write the files of a scene, each whole or not at all, over those that stand; equal scenes
    give equal bytes.

    Raises:
        OutputError: one cannot be written.
    """
    files = scene_files(root, scene.notes.name)
    image, original, amodal, visible, occluder, objects, notes = files
    notes.unlink(missing_ok=True)
    save_rgb(scene.image, image)
    save_rgb(scene.original, original)
    for path, mask in (
        (amodal, scene.amodal),
        (visible, scene.visible),
        (occluder, scene.occluder),
    ):
        with atomic_write(path) as part:
            Image.fromarray(mask).save(part, "PNG")
    write_label_map(objects, scene.objects)
    write_json(notes, asdict(scene.notes))
    return files


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object, sorted and indented."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", "utf-8")


def read_settings(root: Path) -> dict[str, Any] | None:
    """How a set was made; None where there is none.

    Raises:
        DataError: the file is damaged or of another version.
    """
    path = Path(root) / SETTINGS
    if not path.is_file():
        return None
    values = _read_json(path)
    count = values.get("count")
    if values.get("version") != VERSION or type(count) is not int or not 0 < count <= MOST_SCENES:
        raise DataError(
            f"{printable(path)} is not of version {VERSION}; make the set anew with "
            "`compose build-dataset occlusion`."
        )
    return values


def scene_names(root: Path) -> list[str]:
    """The names of a set's scenes, in the order of their numbers.

    Raises:
        DataError: this is no set, or one whose making was broken off.
    """
    settings = read_settings(root)
    if settings is None:
        raise DataError(
            f"{printable(root)} has no {SETTINGS}; give a folder of "
            "`compose build-dataset occlusion`."
        )
    names = [scene_name(number) for number in range(settings["count"])]
    there = sum(scene_files(root, name)[-1].is_file() for name in names)
    if there < len(names):
        raise DataError(
            f"{printable(root)} has {there} of its {len(names)} scenes; finish it with "
            "`compose build-dataset occlusion --skip-existing`."
        )
    return names


def hidden_span(root: Path) -> tuple[float, float]:
    """The least and the greatest hidden share that a set was made with.

    Raises:
        DataError: its settings are missing or damaged.
    """
    settings = read_settings(root) or {}
    least, most = settings.get("least"), settings.get("most")
    if isinstance(least, float) and isinstance(most, float) and 0 < least < most < 1:
        return least, most
    path = printable(Path(root) / SETTINGS)
    raise DataError(f"{path} gives no range of hidden shares; make the set anew.")


def read_scene(root: Path, name: str) -> Scene:
    """Read one scene.

    Raises:
        DataError: a file is missing, or the files do not go together.
        ImageError, MaskError: a picture is missing or damaged, or a mask is empty.
    """
    image, original, amodal, visible, occluder, objects, notes = scene_files(root, name)
    pictures = [load_picture(path).over() for path in (image, original)]
    height, width = pictures[0].shape[:2]
    if pictures[1].shape != pictures[0].shape:
        raise DataError(f"{printable(original)} is of another size than {printable(image)}.")
    masks = [load_mask(path, size=(width, height)) for path in (amodal, visible, occluder)]
    numbers = read_label_map(objects, size=(width, height)).astype(np.uint8)
    scene = Scene(_notes(notes, name), pictures[0], pictures[1], masks[0], masks[2], numbers)
    if (scene.visible != masks[1]).any() or not scene.invisible.any():
        raise DataError(
            f"{printable(visible)} is not what {printable(occluder)} leaves of the hidden object; "
            "make the set anew."
        )
    return scene


def _notes(path: Path, name: str) -> SceneNotes:
    values = _read_json(path)
    kinds = {
        "name": str, "source": str, "label": str | None, "number": int, "occluder_source": str,
        "occluder_label": str | None, "scale": float | int, "hidden": float | int,
    }  # fmt: skip
    known = {one.name for one in fields(SceneNotes)}
    if set(values) != known or not all(isinstance(values[key], kinds[key]) for key in known):
        raise DataError(f"{printable(path)} does not describe a scene; make the set anew.")
    if values["name"] != name:
        raise DataError(f"{printable(path)} describes {values['name']!r}; make the set anew.")
    return SceneNotes(**values)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{printable(path)} cannot be read ({reason}); make the set anew."
        ) from None
    if not isinstance(values, dict):
        raise DataError(f"{printable(path)} holds no JSON object; make the set anew.")
    return values
