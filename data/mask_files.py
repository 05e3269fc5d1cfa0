"""Masks that users bring: pictures, folders of pictures, label maps, COCO's JSON, amg.py's JSON."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

from ..core.damage import damage_reported
from ..core.errors import DataError, MaskError
from ..core.formats import DEFAULT_MAX_PIXELS, IMAGE_SUFFIXES
from ..core.instances import Instance
from ..core.masks import Mask, load_mask
from ..core.names import printable
from ..core.opening import decode, open_picture, upright
from ..core.voc import VOC_IGNORED
from .coco import CocoPicture, instance_of, object_mask, read_coco, read_json, share_of
from .label_map import Labels, indices_of

_BRIGHT = 128  # a grey level from which on a picture is a mask and no map of indices
_MOST = 1000  # objects of a label map


def find_masks(path: Path, picture: Path, *, alone: bool) -> Path:
    """The file or folder under `path` that holds the masks of `picture`.

    In a folder: the folder or the mask picture called as the picture without its suffix, in the
    picture's own folders below it or else right in it; a folder without either is itself the
    folder of masks, where `alone`, that is, where no other picture is asked for.

    Args:
        path: what the user gave.
        picture: relative to the input, as `core.inputs.Source.relative`.
        alone: see above.

    Raises:
        DataError: there is none.
    """
    if not path.is_dir():
        return path
    for folder in dict.fromkeys((path / picture.parent, path)):
        own = folder / picture.stem
        if own.is_dir():
            return own
        for file in sorted(folder.glob(f"{_literal(picture.stem)}.*")):
            # `img.*` is also img.2.png, the mask of another picture
            if file.stem == picture.stem and file.suffix.lower() in IMAGE_SUFFIXES | {".json"}:
                return file
    if alone:
        return path
    raise DataError(
        f"{printable(path)} holds no masks of {printable(picture)}; call the file or folder of its "
        f"masks {printable(picture.stem)}."
    )


def read_instances(
    path: Path,
    size: tuple[int, int],
    *,
    picture: str | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> list[Instance]:
    """The instances in a file or folder, in its order; masks may overlap, none is empty.

    * A folder: every picture in it is one mask, by number and then by name.
    * A picture with a palette that has colours, or in grey with levels up to 127, or in 16-bit
      grey: a label map, each index but 0 an object; 255 of a palette is VOC's rim and left out.
    * Any other picture: one mask, as `core.masks.load_mask` reads it.
    * COCO's JSON: the annotations of the picture called `picture`, without crowds; if the file
      is of one picture only, of that one.
    * amg.py's JSON: a list of objects with `segmentation`, as Segment Anything writes it.

    Args:
        path: the file or folder.
        size: width and height of the upright picture.
        picture: its name, without folders.
        max_pixels: the limit above which pictures are not decoded.

    Raises:
        ImageError: a picture is damaged.
        MaskError: a mask is damaged, empty or of another size.
        DataError: the file is of no such form, or holds nothing.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(
            (f for f in path.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES and f.is_file()),
            key=lambda f: _natural(f.name),
        )
        found = [Instance(load_mask(f, size=size, max_pixels=max_pixels), 1.0) for f in files]
    elif path.suffix.lower() == ".json":
        found = _from_json(path, size, picture)
    else:
        found = _from_picture(path, size, max_pixels)
    if not found:
        raise DataError(f"{printable(path)} holds no masks; give another file.")
    return found


def label_instances(labels: Labels, *, ignored: int | None = None) -> list[Instance]:
    """Each index but 0 and `ignored` of a map HxW as an instance, by index.

    Raises:
        DataError: there are more than a thousand, as in a soft mask of 16 bits.
    """
    present = [int(i) for i in np.unique(labels) if i not in (0, ignored)]
    if len(present) > _MOST:
        raise DataError(
            f"a label map has {len(present)} objects, more than {_MOST}; if it is a mask, save it "
            "with 8 bits."
        )
    return [Instance(np.asarray(labels == index), 1.0) for index in present]


def _from_picture(path: Path, size: tuple[int, int], max_pixels: int) -> list[Instance]:
    name = printable(path)
    with open_picture(path, max_pixels) as opened:
        found = (opened.header.width, opened.header.height)
        if found != size:
            raise MaskError(
                f"the mask {name} is {found[0]}x{found[1]} but its picture is "
                f"{size[0]}x{size[1]}; resize the mask to match."
            )
        decode(opened)
        with damage_reported(name):
            image = upright(opened.image, opened)
            if _is_label_map(image):
                ignored = VOC_IGNORED if image.mode == "P" else None
                return label_instances(indices_of(image, name), ignored=ignored)
    return [Instance(load_mask(path, size=size, max_pixels=max_pixels), 1.0)]


def _is_label_map(image: Image.Image) -> bool:
    if image.mode == "P":
        if image.has_transparency_data:
            return False
        colours = np.asarray(image.getpalette(), np.uint8).reshape(-1, 3)
        used = colours[[i for i in np.unique(np.asarray(image)) if i < len(colours)]]
        return bool((used != used[:, :1]).any())
    if image.mode == "L" or image.mode == "I" or image.mode.startswith("I;16"):
        values = np.unique(np.asarray(image))
        top = int(values[-1])
        if image.mode == "L":
            return 1 < top < _BRIGHT
        return top > 1 and values.tolist() != [0, 0xFFFF]
    return False


def _from_json(path: Path, size: tuple[int, int], picture: str | None) -> list[Instance]:
    document = read_json(path)
    if isinstance(document, list):
        return [_from_amg(row, size, printable(path)) for row in document]
    entry = _matching(read_coco(path), picture, printable(path))
    if (entry.width, entry.height) != size:
        raise MaskError(
            f"{printable(path)} says that {printable(entry.file)} is {entry.width}x{entry.height}, "
            f"but the picture is {size[0]}x{size[1]}; give the annotations of this one."
        )
    found = [instance_of(row, size) for row in entry.objects if not row.crowd]
    return [instance for instance in found if instance is not None]


def _matching(pictures: list[CocoPicture], picture: str | None, name: str) -> CocoPicture:
    matches = [entry for entry in pictures if entry.base == picture]
    if len(matches) == 1:
        return matches[0]
    if len(matches) > 1:
        raise DataError(f"{name} has several pictures called {printable(picture or '')}; keep one.")
    if len(pictures) == 1:
        return pictures[0]
    raise DataError(
        f"{name} says nothing of {printable(picture or 'this picture')}; give the file that does."
    )


def _from_amg(row: object, size: tuple[int, int], name: str) -> Instance:
    if not isinstance(row, dict) or "segmentation" not in row:
        raise DataError(f"{name} is a list, but not of masks with a segmentation; write it anew.")
    mask: Mask = object_mask(row["segmentation"], size)
    if not mask.any():
        raise MaskError(f"a mask in {name} is empty; leave it out.")
    iou, stability = share_of(row, "predicted_iou"), share_of(row, "stability_score")
    return Instance(mask, 1.0 if iou is None else iou, None, iou, stability)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which 2.png comes before 10.png."""
    pieces = re.findall(r"\d+|\D+", name)
    return [(int(p), p) if p.isascii() and p.isdigit() else (-1, p) for p in pieces]


def _literal(stem: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", stem)
