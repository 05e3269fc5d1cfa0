"""A further version of a set's labels: another engine predicts, and the rule of stage 2 chooses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import DataError, UsageError
from ..core.images import load_picture
from ..core.names import printable
from ..data import cad_files as cad
from ..models.crop_engine import CropEngine
from .cad_labels import Label, LabelConfig, predicted, refined
from .cad_set import write_version


def begin_version(root: Path, settings: Mapping[str, Any]) -> int:
    """The number of the version that is made: the next one, or the last one where it is unfinished.

    Raises:
        UsageError: the folder holds no set, or its last version was begun otherwise.
        OutputError: it cannot be written.
    """
    if not (root / cad.SETTINGS).is_file():
        raise UsageError(f"{printable(root)} holds no set; make one with `build-dataset cad`.")
    numbers = cad.versions(root)
    newest = numbers[-1] if numbers else 0
    begun = cad.begun_file(root, newest)
    if begun.is_file() and not cad.done_file(root, newest).is_file():
        if cad.read_json(begun) != settings:
            raise UsageError(
                f"version {cad.version_name(newest)} of {printable(root)} was begun otherwise and "
                "is unfinished; give the same options as then."
            )
        return newest
    if newest == 0:
        raise UsageError(f"{printable(root)} holds no labels; make the set first.")
    number = newest + 1
    cad.write_json(cad.begun_file(root, number), settings)
    (root / cad.LABELS / cad.version_name(number)).mkdir(parents=True, exist_ok=True)
    return number


def end_version(root: Path, number: int, settings: Mapping[str, Any]) -> None:
    """Mark a version as finished; it is not written to again.

    Raises:
        OutputError: it cannot be written.
    """
    cad.write_json(cad.done_file(root, number), settings)


def relabel(
    root: Path, record: Mapping[str, Any], number: int, engine: CropEngine, config: LabelConfig
) -> int:
    """Write version `number` of the labels of a photograph's pictures, from the version before.

    Returns:
        How many labels they have now.

    Raises:
        ImageError, DataError: a file of the set is missing or damaged.
        OutputError: a file cannot be written.
    """
    name = record["name"]
    before = cad.read_json(cad.origins_file(root, number - 1, name))
    found: dict[str, list[Label]] = {}
    for entry in record["pictures"]:
        picture = entry["picture"]
        if entry["dropped"] is not None:
            continue
        if picture not in before:
            raise DataError(
                f"{printable(picture)} has no labels in version {cad.version_name(number - 1)}; "
                "make the set again."
            )
        labels = [
            Label((x1, y1, x2, y2), score, origin)
            for x1, y1, x2, y2, score, origin in before[picture]
        ]
        rgb = load_picture(cad.image_file(root, picture)).over()
        height, width = rgb.shape[:2]
        best = predicted(engine.read(rgb), width, height, engine.name, config)
        found[picture] = refined(labels, best, width, height, config)
    write_version(root, number, name, found)
    return sum(len(labels) for labels in found.values())
