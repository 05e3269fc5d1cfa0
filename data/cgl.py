"""CGL (Zhou et al., IJCAI 2022): posters with their elements; a list without crops.

`layout_train_6w_fixed_v2.json`, `layout_test_6w_fixed_v2.json` and `yinhe.json` (posters without
elements) are COCO's JSON except that `annotations` is **a list of lists**, one a poster, of
`{"image_id", "category_id", "bbox": [x, y, w, h]}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.boxes import Boxes, from_xywh
from ..core.errors import DataError
from ..core.names import printable
from .coco import read_json
from .crop_example import box_array, picture_path

FILES = {
    "train": "layout_train_6w_fixed_v2.json",
    "val": "layout_test_6w_fixed_v2.json",
    "test": "yinhe.json",
}
_FOLDERS = {
    "train": ("images", "layout_imgs_6w", "image/train/original", "."),
    "test": ("yinhe_imgs", "images", "image/test/input", "."),
}


@dataclass(frozen=True, eq=False)
class CglPoster:
    """A poster and its elements."""

    picture: Path
    source: str
    width: int
    height: int
    boxes: Boxes  # (N,4) of the elements, ours
    labels: tuple[str, ...]  # of the elements, as the file calls their categories


def read_cgl(root: Path, split: str = "train") -> list[CglPoster]:
    """Posters of a part in the file's order.

    Raises:
        DataError: files are missing or not of that form.
    """
    if split not in FILES:
        raise DataError(f"CGL has no part '{split}'; choose {', '.join(FILES)}.")
    root = Path(root)
    places = [root / FILES[split], root / "annotation" / FILES[split]]
    path = next((place for place in places if place.is_file()), places[0])
    document = read_json(path)
    if not isinstance(document, dict):
        files = ", ".join(FILES.values())
        raise DataError(f"{printable(path)} is not CGL's JSON; give one of {files}.")
    try:
        names = {row["id"]: str(row["name"]) for row in document.get("categories", [])}
        elements: dict[Any, list[Any]] = {}
        for row in _flat(document.get("annotations", [])):
            elements.setdefault(row["image_id"], []).append(row)
        posters = []
        for row in document["images"]:
            rows = elements.get(row["id"], [])
            boxes = from_xywh(box_array([one["bbox"] for one in rows], path))
            labels = tuple(names.get(one["category_id"], str(one["category_id"])) for one in rows)
            file = str(row["file_name"])
            picture = picture_path(root, _FOLDERS.get(split, _FOLDERS["train"]), file)
            size = int(row["width"]), int(row["height"])
            posters.append(CglPoster(picture, Path(file).stem, *size, boxes, labels))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{printable(path)} is not CGL's JSON ({error!r} is missing).") from None
    return posters


def _flat(annotations: Any) -> Iterator[dict[str, Any]]:
    """The elements, whether they lie in lists of their posters or not."""
    for row in annotations:
        if isinstance(row, list):
            yield from row
        else:
            yield row
