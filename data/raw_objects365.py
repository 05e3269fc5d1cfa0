"""Objects365 v2 (Shao et al., ICCV 2019): boxes as published, and masks that SAM made of them.

    objects365:DIR   annotations/zhiyuan_objv2_train.json or train/… or the file itself in DIR
                     images/train/patch0/*.jpg or train/patch0/*.jpg or train/images/v1/patch0/*.jpg
                     labels/train/patch0/*.json, one a picture: `compose build-dataset annotate`

A file of labels is {"image_id": …, "annotations": [{"segmentation", "bbox" as x, y, w, h, "area",
"category_id"}]} as PICS writes it. Ours also have the picture's "width" and "height", and of every
annotation the name of its "category" and "iscrowd".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..core.boxes import Box
from ..core.errors import DataError
from ..core.names import printable
from .coco import box_of, read_json
from .json_records import read_records
from .raw import Part, RawObject, RawPicture, Segmentation, by_name, files_below


@dataclass(frozen=True)
class BoxedObject:
    """A box of the published file."""

    category: int
    label: str | None
    box: Box
    crowd: bool


@dataclass(frozen=True)
class BoxedPicture:
    """A picture with boxes and nothing more."""

    number: int
    photo: Path
    labels: Path  # where its masks go
    boxes: tuple[BoxedObject, ...] = field(repr=False)


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and the file of its masks."""

    photo: Path
    labels: Path

    @property
    def id(self) -> str:
        """See `RawPicture`."""
        return self.photo.stem

    def objects(self) -> list[RawObject]:
        """See `RawPicture`."""
        document = read_json(self.labels)
        rows = document.get("annotations") if isinstance(document, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataError(
                f"{printable(self.labels)} has no list of annotations; write it anew with "
                "`compose build-dataset annotate`."
            )
        width, height = document.get("width"), document.get("height")
        known = type(width) is int and type(height) is int
        size = (width, height) if known else None  # PICS's own files do not tell
        return [
            RawObject(
                row["category"] if isinstance(row.get("category"), str) else None,
                bool(row.get("iscrowd")),
                box_of(row.get("bbox")),
                Segmentation(row["segmentation"], size),
            )
            for row in rows
            if row.get("segmentation")
        ]


def open_objects365(root: Path, part: Part) -> list[RawPicture]:
    """The pictures that have masks, sorted.

    Raises:
        DataError: there are no masks, or no photographs.
    """
    folder = root / "labels" / part
    if not folder.is_dir():
        raise DataError(
            f"{printable(folder)} is not there, and Objects365 itself has boxes only; make masks "
            "of them with `compose build-dataset annotate`."
        )
    files = files_below(folder, (".json",), "labels")
    if not files:
        raise DataError(f"{printable(folder)} has no labels; run `compose build-dataset annotate`.")
    photos = _Photos(root, part)
    return by_name(
        (LabelledPicture(photos.path(f.parent.name, f"{f.stem}.jpg"), f) for f in files), folder
    )


def read_boxes(
    root: Path, part: Part, begin: int = 0, end: int | None = None
) -> list[BoxedPicture]:
    """Pictures of the published file in its order, which is what the range counts.

    Memory is taken by the pictures in the range alone.

    Args:
        root: the set's folder.
        part: which of its files.
        begin, end: the first picture, from 0, and the one to stop before.

    Raises:
        DataError: the file is missing or damaged, or the photographs are not there.
    """
    file = f"zhiyuan_objv2_{part}.json"
    places = [root / below / file for below in ("annotations", part, "")]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise DataError(f"{printable(root)} holds no {file}; give the folder of Objects365.")
    form = "the file of Objects365"
    names: dict[int, str] = {}
    files: list[tuple[int, PurePosixPath]] = []
    count = 0
    boxes: dict[int, list[BoxedObject]] = {}
    try:
        for record in read_records(path, ("images", "categories"), form):
            row = record.value
            if record.key == "categories":
                names[row["id"]] = str(row["name"])
            else:
                if begin <= count and (end is None or count < end):
                    files.append((int(row["id"]), PurePosixPath(row["file_name"])))
                count += 1
        wanted = {number for number, _ in files}
        for record in read_records(path, ("annotations",), form):
            row = record.value
            box = box_of(row["bbox"])
            if box is not None and row["image_id"] in wanted:
                category = int(row["category_id"])
                entry = BoxedObject(category, names.get(category), box, bool(row.get("iscrowd")))
                boxes.setdefault(row["image_id"], []).append(entry)
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{printable(path)} is not {form}; get it anew.") from None
    photos = _Photos(root, part)
    found = []
    for number, name in files:  # ends in patch0/objects365_v1_00000000.jpg
        if len(name.parts) < 2 or ".." in name.parts:
            raise DataError(f"{printable(path)} names a file {printable(str(name))}; get it anew.")
        patch, file = name.parts[-2:]
        labels = root / "labels" / part / patch / f"{name.stem}.json"
        photo = photos.path(patch, file)
        found.append(BoxedPicture(number, photo, labels, tuple(boxes.get(number, ()))))
    return found


class _Photos:
    """Where the photographs are; the published archives are unpacked in several ways."""

    def __init__(self, root: Path, part: str) -> None:
        places = (f"images/{part}", part, f"{part}/images/v1", f"{part}/images/v2")
        self._places = [root / below for below in (*places, "images/v1", "images/v2")]
        self._patches: dict[str, Path] = {}

    def path(self, patch: str, file: str) -> Path:
        """The file of a photograph; in the first place if its patch is nowhere."""
        if patch not in self._patches:
            folders = [place / patch for place in self._places]
            self._patches[patch] = next((f for f in folders if f.is_dir()), folders[0])
        return self._patches[patch] / file
