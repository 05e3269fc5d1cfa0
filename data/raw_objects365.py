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


def read_boxes(root: Path, part: Part) -> list[BoxedPicture]:
    """The pictures of the published file in its order, which is what an index range counts.

    Raises:
        DataError: the file is missing or damaged, or the photographs are not there.
    """
    file = f"zhiyuan_objv2_{part}.json"
    places = [root / below / file for below in ("annotations", part, "")]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise DataError(f"{printable(root)} holds no {file}; give the folder of Objects365.")
    document = read_json(path)
    try:
        names = {row["id"]: str(row["name"]) for row in document["categories"]}
        boxes: dict[int, list[BoxedObject]] = {}
        for row in document["annotations"]:
            box = box_of(row["bbox"])
            if box is not None:
                category = int(row["category_id"])
                entry = BoxedObject(category, names.get(category), box, bool(row.get("iscrowd")))
                boxes.setdefault(row["image_id"], []).append(entry)
        files = [(int(row["id"]), PurePosixPath(row["file_name"])) for row in document["images"]]
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{printable(path)} is not the file of Objects365; get it anew.") from None
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
