"""Small data sets in their published layouts: two boxes that overlap, a speck, a crowd; and an
empty picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from compose.core.rle import encode_rle

WIDTH, HEIGHT = 120, 80
Rect = tuple[int, int, int, int]
TALL, WIDE, SPECK, GROUP = (30, 10, 60, 62), (50, 35, 100, 70), (2, 2, 7, 7), (62, 2, 118, 33)
RECTS: tuple[Rect, ...] = (SPECK, TALL, GROUP, WIDE)  # in the order of annotation; WIDE in front
COLOURS = {SPECK: (250, 250, 0), TALL: (200, 50, 40), GROUP: (90, 160, 90), WIDE: (40, 60, 200)}


def rect_mask(rect: Rect, size: tuple[int, int] = (WIDTH, HEIGHT)) -> NDArray[np.bool_]:
    mask = np.zeros((size[1], size[0]), bool)
    x1, y1, x2, y2 = rect
    mask[y1:y2, x1:x2] = True
    return mask


SEEN = {rect: rect_mask(rect) for rect in RECTS}
SEEN[TALL] = SEEN[TALL] & ~SEEN[WIDE]


def photograph(number: int = 0, *, empty: bool = False) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = (120 + 40 * np.sin((x + (number % 5 + 1) * y) / 9))[..., None] * np.array([1, 0.9, 0.8])
    for rect in () if empty else RECTS:
        rgb[rect_mask(rect)] = COLOURS[rect]
    return np.clip(rgb, 0, 255).astype(np.uint8)


def save(path: Path, pixels: NDArray[np.generic], **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def dump(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def polygon(rect: Rect) -> list[float]:
    x1, y1, x2, y2 = map(float, rect)
    return [x1, y1, x2, y1, x2, y2, x1, y2]


def xywh(rect: Rect) -> list[float]:
    x1, y1, x2, y2 = map(float, rect)
    return [x1, y1, x2 - x1, y2 - y1]


def label_map(values: dict[Rect, int]) -> NDArray[np.uint16]:
    numbers = np.zeros((HEIGHT, WIDTH), np.uint16)
    for rect in RECTS:
        numbers[SEEN[rect]] = values[rect]
    return numbers


def annotations(count: int, *, crowds: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for image in range(1, count + 1):
        for rect in RECTS:
            row: dict[str, object] = {
                "id": len(rows) + 1, "image_id": image, "category_id": 3 if rect == GROUP else 7,
                "bbox": xywh(rect), "area": float(rect_mask(rect).sum()),
                "segmentation": [polygon(rect)],
            }  # fmt: skip
            if crowds:
                row["iscrowd"] = int(rect == GROUP)
                if rect == GROUP:  # as COCO has its crowds: run lengths that are not compressed
                    cells = rect_mask(rect).ravel(order="F")
                    edges = np.flatnonzero(np.diff(cells)) + 1
                    runs = np.diff([0, *edges.tolist(), cells.size])
                    row["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": runs.tolist()}
            elif rect == GROUP:
                continue
            rows.append(row)
    return rows


def coco_tree(root: Path, count: int = 2, *, inside: str = "annotations") -> Path:
    """The last picture is empty, beside `count` others."""
    images = []
    for number in range(1, count + 2):
        name = f"{number:012d}.jpg"
        save(root / "train2017" / name, photograph(number, empty=number > count), quality=95)
        images.append({"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT,
                       "license": 1, "flickr_url": ""})  # fmt: skip
    dump(root / inside / "instances_train2017.json", {
        "info": {}, "licenses": [], "images": images,
        "annotations": annotations(count, crowds=True),
        "categories": [{"id": 3, "name": "car"}, {"id": 7, "name": "box", "supercategory": "x"}],
    })  # fmt: skip
    return root


def lvis_tree(root: Path, count: int = 2) -> Path:
    images = []
    for number in range(1, count + 2):
        name, folder = f"{number:012d}.jpg", ("train2017", "val2017")[number % 2]
        save(root / folder / name, photograph(number, empty=number > count), quality=95)
        images.append({"id": number, "width": WIDTH, "height": HEIGHT, "neg_category_ids": [],
                       "not_exhaustive_category_ids": [], "license": 1, "date_captured": "",
                       "coco_url": f"http://images.cocodataset.org/{folder}/{name}"})  # fmt: skip
    dump(root / "lvis_v1_train.json", {
        "info": {}, "licenses": [], "images": images,
        "annotations": annotations(count, crowds=False),
        "categories": [{"id": 3, "name": "car", "synset": "car.n.01", "frequency": "f"},
                       {"id": 7, "name": "box", "synset": "box.n.01", "frequency": "f"}],
    })  # fmt: skip
    return root


def vitonhd_tree(root: Path, count: int = 2) -> Path:
    """Regions in order of their indices: hat, upper clothes, pants, face."""
    values = {SPECK: 1, TALL: 9, GROUP: 13, WIDE: 5}
    for number in range(count + 1):
        stem, empty = f"{number:05d}_00", number == count
        save(root / "train" / "image" / f"{stem}.jpg", photograph(number, empty=empty), quality=95)
        numbers = np.zeros((HEIGHT, WIDTH), np.uint16) if empty else label_map(values)
        parse = Image.fromarray(numbers.astype(np.uint8), "L").convert("P")
        parse.putpalette([7 * k % 256 for k in range(60)])
        path = root / "train" / "image-parse-v3" / f"{stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        parse.putdata(numbers.ravel().tolist())
        parse.save(path)
    return root


def cityscapes_tree(root: Path, count: int = 2) -> Path:
    for number in range(count + 1):
        city, empty = ("aachen", "zürich")[number % 2], number == count
        stem = f"{city}_{number:06d}_000019"
        save(root / "leftImg8bit" / "train" / city / f"{stem}_leftImg8bit.png",
             photograph(number, empty=empty))  # fmt: skip
        labels = {SPECK: "car", TALL: "car", GROUP: "cargroup", WIDE: "truck"}
        corners = {rect: np.array(polygon(rect)).reshape(-1, 2).tolist() for rect in RECTS}
        objects = [{"label": "road", "polygon": [[0, 40], [119, 40], [119, 79], [0, 79]]}]
        if not empty:
            objects += [{"label": labels[rect], "polygon": corners[rect]} for rect in RECTS]
            objects.append({"label": "car", "deleted": 1, "polygon": corners[WIDE]})
        dump(root / "gtFine" / "train" / city / f"{stem}_gtFine_polygons.json",
             {"imgHeight": HEIGHT, "imgWidth": WIDTH, "objects": objects})  # fmt: skip
    return root


def mapillary_tree(root: Path, count: int = 2) -> Path:
    names = ["nature--sky", "object--vehicle--bus", "object--vehicle--car",
             "object--vehicle--vehicle-group"]  # fmt: skip
    dump(root / "config_v2.0.json", {"labels": [
        {"name": name, "instances": k > 0, "readable": name, "evaluate": True, "color": [k, k, k]}
        for k, name in enumerate(names)
    ], "version": "2.0"})  # fmt: skip
    values = {SPECK: 2 * 256, TALL: 2 * 256 + 1, GROUP: 3 * 256, WIDE: 1 * 256}
    for number in range(count + 1):
        stem, empty = f"vistas-{number:03d}_Q", number == count
        folder = root / "training"
        save(folder / "images" / f"{stem}.jpg", photograph(number, empty=empty), quality=95)
        numbers = np.zeros((HEIGHT, WIDTH), np.uint16) if empty else label_map(values)
        save(folder / "v2.0" / "instances" / f"{stem}.png", numbers)
    return root


def bdd100k_tree(root: Path, count: int = 2, *, bitmasks: bool = False) -> Path:
    frames = []
    for number in range(count + 1):
        name, empty = f"0004a4c0-{number:08x}.jpg", number == count
        save(root / "images" / "10k" / "train" / name, photograph(number, empty=empty), quality=95)
        labels = []
        pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        for place, rect in enumerate(() if empty else RECTS, 1):
            x1, y1, x2, y2 = rect
            crowd = rect == GROUP
            category, kind = (5, "bus") if rect == WIDE else (3, "car")
            pixels[SEEN[rect]] = (category, 2 * crowd + 8, 0, place)
            labels.append({
                "id": str(place), "category": kind,
                "attributes": {"occluded": False, "truncated": True, "crowd": crowd},
                "box2d": {"x1": x1, "y1": y1, "x2": x2 - 1, "y2": y2 - 1},
                "rle": {k: encode_rle(SEEN[rect])[k] for k in ("counts", "size")},
            })  # fmt: skip
        frames.append({"name": name, "labels": labels} if labels else {"name": name})
        if bitmasks:
            save(
                root / "labels" / "ins_seg" / "bitmasks" / "train" / f"{Path(name).stem}.png",
                pixels,
            )
    if not bitmasks:
        dump(root / "labels" / "ins_seg" / "rles" / "ins_seg_train.json",
             {"frames": frames, "config": {}})  # fmt: skip
    return root


def objects365_boxes(root: Path, count: int = 2) -> Path:
    """The set as it is published: boxes only."""
    images, rows = [], []
    for number in range(1, count + 2):
        name = f"objects365_v2_{number:08d}.jpg"
        patch = f"patch{15 + number % 2}"
        save(root / "images" / "train" / patch / name, photograph(number, empty=number > count),
             quality=95)  # fmt: skip
        images.append({"id": 100 + number, "file_name": f"images/v2/{patch}/{name}", "url": "",
                       "width": WIDTH, "height": HEIGHT, "license": 5})  # fmt: skip
        for rect in RECTS if number <= count else ():
            rows.append({"id": len(rows), "image_id": 100 + number, "category_id": 46, "area": 1.0,
                         "bbox": xywh(rect), "iscrowd": int(rect == GROUP), "isfake": 0,
                         "isreflected": 0})  # fmt: skip
    dump(root / "annotations" / "zhiyuan_objv2_train.json", {
        "images": images, "annotations": rows, "licenses": [],
        "categories": [{"id": 46, "name": "Storage box"}],
    })  # fmt: skip
    return root


def objects365_tree(root: Path, count: int = 2) -> Path:
    """With masks beside the boxes, as PICS writes them; the crowd's is marked."""
    objects365_boxes(root, count)
    for number in range(1, count + 2):
        rows = [
            {"segmentation": [polygon(rect)], "bbox": xywh(rect), "area": 1.0, "category_id": 1,
             "iscrowd": int(rect == GROUP)}
            for rect in (RECTS if number <= count else ())
        ]  # fmt: skip
        patch = f"patch{15 + number % 2}"
        dump(root / "labels" / "train" / patch / f"objects365_v2_{number:08d}.json",
             {"image_id": 100 + number, "annotations": rows})  # fmt: skip
    return root


TREES: dict[str, Callable[..., Path]] = {
    "coco": coco_tree, "lvis": lvis_tree, "vitonhd": vitonhd_tree, "objects365": objects365_tree,
    "cityscapes": cityscapes_tree, "mapillary": mapillary_tree, "bdd100k": bdd100k_tree,
}  # fmt: skip
