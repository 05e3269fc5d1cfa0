"""Data sets of crops as they are published: one photograph, whose best crop is the rectangle."""

from __future__ import annotations

import json
from pathlib import Path

from compose.data.cpc import RAW

from .crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2, draw

_BAD = (0, 0, 40, 64)  # another crop, x first


def gaicd(root: Path, part: str = "train") -> Path:
    """Rows first, a text a photograph."""
    draw(root / f"images/{part}/7.jpg")
    folder = root / f"annotations/{part}"
    folder.mkdir(parents=True)
    lines = [f"{Y1} {X1} {Y2} {X2} 4.5", f"0 0 {HEIGHT} {WIDTH} -2", "0 0 64 40 2.5"]
    (folder / "7.txt").write_text("\n".join(lines) + "\n")
    return root


def cpc(root: Path) -> Path:
    """JSON in a JSON string, three raters."""
    draw(root / "images/7.jpg")
    (root / RAW).mkdir(parents=True)
    crops = [[X1, Y1, X2, Y2], list(_BAD)]
    inner = json.dumps({"scores": [[3, 1], [2, 0], [1, 1]], "bboxes": crops})
    (root / RAW / "7.jpg.txt").write_text(json.dumps(inner))
    return root


def sacd(root: Path, part: str = "train") -> Path:
    """Crops x first, the subject a string of xywh."""
    draw(root / "images/7.jpg")
    entry = {
        "phase1_box": [],
        "phase2_box": [],
        "select_from_phase2_box": [],
        "crop_box": [],
        "best_box": [[X1, Y1, X2, Y2]],
        "mask_box": f"[{X1}, {Y1}, {X2 - X1}, {Y2 - Y1}]",
    }
    (root / "7.json").write_text(json.dumps(entry))
    (root / f"{part}.json").write_text(json.dumps({"imgs": ["images/7.jpg"], "jsons": ["7.json"]}))
    return root


def fcdb_published(root: Path) -> Path:
    """URLs and xywh."""
    draw(root / "data/7.jpg")
    rows = [{"url": "http://example.org/a/7.jpg", "crop": [X1, Y1, X2 - X1, Y2 - Y1]}]
    (root / "cropping_training_set.json").write_text(json.dumps(rows))
    return root


def cad(root: Path) -> Path:
    """The original's region first, a score of ten times a confidence."""
    draw(root / "7_0.jpg")
    (root / "7_0.txt").write_text(f"{X1} {Y1} {X2} {Y2} 5\n0 0 40 64 6.5\n")
    return root
