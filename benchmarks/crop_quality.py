"""How well `compose crop` crops beside other programs, on photographs with drawn crops (FCDB).

    python benchmarks/crop_quality.py --data DIR [--split val] [--engine NAME ...] [--json]

The table has the figures of `compose evaluate crop`, by the same code: IoU and boundary
displacement of the first crop, IoU of the best of five, and the share of clearly voted pairs
that the scores rank as people did.

smartcrop and libvips only place a crop whose size they are told. **They are given the aspect
ratio and the area of the crop that the photographer drew, which our engines are not told**; so
what is compared is all of our answer with the place alone of theirs. A crop of that size in the
middle of the picture shows what being told is worth. smartcrop rates every place, so its five
best are taken; libvips has one, and neither can rate any crop of any size, so there are no
figures for pairs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from peers import Pixels, Place, open_peers, versions
from printing import run, table

from compose.core.boxes import Box
from compose.core.images import load_picture
from compose.core.metrics import p_text
from compose.data.fcdb import image_path
from compose.stages.crop_engines import open_engine
from compose.stages.evaluate_crop import (
    CropScores,
    FcdbSplit,
    compare,
    evaluate_engine,
    load_split,
)

TOPK = 5
MARK = " *"  # of those that are told the size
FIGURES = {
    "iou": "IoU",
    "displacement": "displacement",
    "best_iou": f"best of {TOPK}",
    "pair_hits": "pairs",
}


def main() -> int:
    """Measure and print."""
    options = _options()
    peers = open_peers()
    split = load_split(options.data, options.split)
    engines = [open_engine(name, weights=options.weights) for name in options.engine]
    scores, rows = [], []
    for engine in engines:
        print(f"{engine.name} on {len(split.records)} photographs", file=sys.stderr)
        scores.append(evaluate_engine(engine, split, topk=TOPK))
        rows.append(scores[-1].summary())
    for name, place, several in [*((p.name, p.place, p.several) for p in peers), MIDDLE]:
        print(f"{name} on {len(split.records)} photographs", file=sys.stderr)
        score = evaluate_placed(name, place, split)
        row = score.summary() | {"told": "aspect ratio and area"}
        if not several:
            row["best_iou"], score.best_iou = None, []
        scores.append(score)
        rows.append(row)
    comparisons = compare(scores[0], scores[1:])
    if options.json:
        for row in rows:
            print(json.dumps({"dataset": "fcdb", "split": options.split, "topk": TOPK, **row}))
        for comparison in comparisons:
            print(json.dumps(comparison))
    else:
        _print(rows, comparisons, options.split)
    return 0


def _in_the_middle(rgb: Pixels, width: int, height: int, topk: int) -> list[Box]:
    x, y = (rgb.shape[1] - width) // 2, (rgb.shape[0] - height) // 2
    return [Box(x, y, x + width, y + height)]


MIDDLE = ("in the middle", _in_the_middle, False)


def evaluate_placed(name: str, place: Place, split: FcdbSplit) -> CropScores:
    """Place crops of the drawn one's size in every photograph of `split`."""
    scores = CropScores(name)
    for record in split.records:
        picture = load_picture(image_path(split.root, record.file))
        width = int(np.clip(round(record.box.width), 1, picture.width))
        height = int(np.clip(round(record.box.height), 1, picture.height))
        boxes = place(picture.over(), width, height, TOPK)
        scores.add(np.array(boxes, np.float64), record, picture.width, picture.height)
    return scores


def _print(rows: list[dict[str, Any]], comparisons: list[dict[str, Any]], split: str) -> None:
    names = ("iou", "displacement", "best_iou", "pair_accuracy")
    lines = [
        [
            f"{row['engine']}{MARK if 'told' in row else ''}",
            *("-" if row[name] is None else f"{row[name]:.4f}" for name in names),
        ]
        for row in rows
    ]
    releases = " and ".join(f"{name} {version}" for name, version in versions().items())
    print(f"FCDB {split}, {rows[0]['images']} photographs, {rows[0]['pairs']} clear pairs:\n")
    print(table(["engine", *FIGURES.values()], lines))
    print(
        f"\n* {releases} only place a crop: they are told the\n"
        "  aspect ratio and the area of the drawn one, which our engines have to find.\n"
    )
    print("Differences from the first, paired bootstrap over the photographs (pairs):\n")
    lines = [
        [
            f"{row['engine']} - {row['against']}",
            label,
            f"{row[name]['difference']:+.4f}",
            f"[{row[name]['low']:+.4f}, {row[name]['high']:+.4f}]",
            p_text(row[name]["p"]),
        ]
        for row in comparisons
        for name, label in FIGURES.items()
        if name in row
    ]
    print(table(["difference", "of", "mean", "95 % interval", "p"], lines))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="FCDB's folder")
    parser.add_argument("--split", default="val", choices=("train", "val"))
    parser.add_argument(
        "--engine",
        action="append",
        metavar="NAME",
        help="of ours, repeatable; the first is compared with all others",
    )
    parser.add_argument("--weights", type=Path, metavar="DIR", help="from `compose train crop`")
    parser.add_argument("--json", action="store_true", help="one object a line")
    options = parser.parse_args()
    options.engine = options.engine or ["builtin", "rank", "centre", "full"]
    return options


if __name__ == "__main__":
    run(main)
