"""Where the parts of a picture go, and every file of theirs.

| file | what |
|---|---|
| `layers/01_dog.png` | RGBA on the full canvas, 01 in front |
| `masks/01_dog_visible.png`, `masks/01_dog_amodal.png` | what shows of it, and its whole extent |
| `background.png` | the picture with all objects erased |
| `labels.png` | label map with a palette: the rank of the object, 1 in front, or 0 for none |
| `overlay.png` | the objects drawn on the picture, at the size of the search |
| `iterations/1.png`, `1_found.png`, `1_hole.png` | what was searched, found and erased |
| `coco.json`, `stack.ora` | where they are asked for |
| `stack.json` | order, boxes, scores, settings, seed, recomposition; written last |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STACK = "stack.json"  # written last
_LONGEST = 40  # characters of a label in a file's name


@dataclass(frozen=True)
class Wanted:
    """What is written of a picture."""

    layers: bool = True
    masks: bool = True  # with the label map and the overlay
    background: bool = True
    coco: bool = False
    ora: bool = False
    iterations: bool = False

    @property
    def clean(self) -> bool:
        """Whether the clean plate is needed."""
        return self.layers or self.background or self.ora


def stack_folder(out: Path, relative: Path) -> Path:
    """The folder of a picture that lies at `relative` below its input."""
    return out / relative.with_suffix("")


def stack_outputs(folder: Path, wanted: Wanted) -> list[Path]:
    """What a run may write into its folder, `stack.json` last.

    How many layers there will be is not known: their folders stand for them, if they are there
    yet, as do the files of an earlier run in them.
    """
    return [*_standing(folder), *stack_marks(folder, wanted)]


def stack_marks(folder: Path, wanted: Wanted) -> list[Path]:
    """What stands when all that is wanted has been written, whatever was found."""
    names = [
        *(["background.png"] if wanted.background else []),
        *(["labels.png", "overlay.png"] if wanted.masks else []),
        *(["coco.json"] if wanted.coco else []),
        *(["stack.ora"] if wanted.ora else []),
        STACK,
    ]
    return [folder / name for name in names]


def object_name(rank: int, label: str | None) -> str:
    """The beginning of an object's files, such as `01_dog`; a label may be anything."""
    kept = "".join(c if c.isalnum() and c.isascii() else "-" for c in label or "object")
    return f"{rank:02d}_{kept[:_LONGEST].strip('-') or 'object'}"


def clear(folder: Path) -> None:
    """Remove what an earlier run left in a folder that is to be written anew; nothing else."""
    (folder / STACK).unlink(missing_ok=True)  # which says that the rest is there
    for name in ("background.png", "labels.png", "overlay.png", "coco.json", "stack.ora"):
        (folder / name).unlink(missing_ok=True)
    for path in _standing(folder):
        path.unlink(missing_ok=True)


def _standing(folder: Path) -> Iterator[Path]:
    digits = "[0-9][0-9]"
    for pattern in (
        f"layers/{digits}_*.png",
        f"layers/{digits}[0-9]_*.png",
        f"masks/{digits}_*_visible.png",
        f"masks/{digits}[0-9]_*_visible.png",
        f"masks/{digits}_*_amodal.png",
        f"masks/{digits}[0-9]_*_amodal.png",
        "iterations/[0-9].png",
        "iterations/[0-9][0-9].png",
        "iterations/*_found.png",
        "iterations/*_hole.png",
    ):
        yield from sorted(folder.glob(pattern))
