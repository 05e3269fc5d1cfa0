"""Whether `compose crop --per-subject` serves the subjects that people annotated (COCO).

    python benchmarks/crop_subjects.py --data DIR [--split val] [--engine NAME ...]
        [--network NAME=FILE ...] [--kind voc] [--finder NAME ...] [--json]

Of every photograph with two or more large objects (96 x 96 pixels, as COCO calls them) the two
largest are its subjects. A crop serves one if it holds 95 % of its pixels and its middle is nearer
to the middle of that subject's box than to the other's. The table says how many photographs have a
crop for each of the two, and how many subjects have one, with one crop for each subject found and
with --topk; beside them what as many crops of the same engine do without --per-subject, and what
constant crops do that look at nothing.

The subjects are found by the network that ships or, by --finder objects, with MobileSAM too,
whatever the engine; `given` is told the annotated boxes of the two, which shows what of the
failures is the finding. --network adds a row of
procrop or multi-in-one, from a file of `compose train crop`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from printing import run, table

from compose.core.images import Picture, load_picture
from compose.models.cache import parse_user_paths
from compose.models.crop_belief import CropBelief
from compose.stages.crop_engines import CropEngineOptions, open_engine
from compose.stages.crop_finders import FINDER_NAMES, open_finder
from compose.stages.crop_per_subject import Subject, about_best, search_subjects
from compose.stages.crop_request import CropRequest
from compose.stages.crop_search import Crop, search
from compose.stages.evaluate_subjects import Served, SubjectPair, served, subject_pairs

TARGET = 0.8  # of the photographs
MANY = 30  # crops without --per-subject: as many as five of each of six subjects
# halves of 3/4, the middle, and all
CONSTANT = (
    (0, 0, 0.75, 1),
    (0.25, 0, 1, 1),
    (0, 0, 1, 0.75),
    (0, 0.25, 1, 1),
    (0.125, 0.125, 0.875, 0.875),
    (0, 0, 1, 1),
)

Way = Callable[[SubjectPair, CropBelief, Picture, Sequence[Subject]], list[Crop]]


@dataclass
class Row:
    """One line of the table."""

    engine: str
    finder: str
    way: str
    photos: list[Served]

    def summary(self) -> dict[str, Any]:
        """As printed."""
        count = len(self.photos)
        return {
            "engine": self.engine,
            "finder": self.finder,
            "crops": self.way,
            "photographs": count,
            "both": sum(photo.both for photo in self.photos) / count,
            "subjects": sum(photo.first + photo.second for photo in self.photos) / (2 * count),
            "crops_each": float(np.mean([photo.crops for photo in self.photos])),
        }


def main() -> int:
    """Measure and print."""
    options = _options()
    pairs = subject_pairs(options.data, options.split, options.kind)[: options.limit]
    finders = {name: open_finder(name=name) for name in options.finder}
    ways = _ways(options.topk)
    rows = [
        Row(engine, finder, way, [])
        for engine in options.engine
        for finder in finders
        for way in ways
    ]
    constant = Row("none", "none", f"{len(CONSTANT)} constant", [])
    opened = CropEngineOptions(user=parse_user_paths(options.network))
    engines = [
        open_engine(name, weights=options.weights, options=opened) for name in options.engine
    ]
    for number, pair in enumerate(pairs, 1):
        print(f"{number}/{len(pairs)} {pair.photo.name}", file=sys.stderr)
        picture = load_picture(pair.photo.photo)
        limit = picture.width * picture.height
        found = [one.find(pair.photo.photo, picture, limit) for one in finders.values()]
        constant.photos.append(served(pair, _constant(picture)))
        places = iter(rows)
        for engine in engines:
            belief = engine.read(picture.over())
            for subjects in found:
                for way in ways.values():
                    next(places).photos.append(served(pair, way(pair, belief, picture, subjects)))
    summaries = [row.summary() for row in (*rows, constant)]
    if options.json:
        for summary in summaries:
            print(json.dumps({"dataset": options.kind, "split": options.split, **summary}))
    else:
        _print(summaries, f"{options.kind.upper()} {options.split}")
    return 0


def _ways(topk: int) -> dict[str, Way]:
    """What is compared, by its name."""

    def several(count: int) -> Way:
        def way(
            pair: SubjectPair, belief: CropBelief, picture: Picture, subjects: Sequence[Subject]
        ) -> list[Crop]:
            request = CropRequest(topk=count)
            size = picture.width, picture.height
            if not subjects:
                return about_best(search(belief, *size, request))[1]
            return search_subjects(belief, *size, request, subjects)

        return way

    def without(
        pair: SubjectPair, belief: CropBelief, picture: Picture, subjects: Sequence[Subject]
    ) -> list[Crop]:
        request = CropRequest(topk=MANY)
        return search(belief, picture.width, picture.height, request)

    def given(
        pair: SubjectPair, belief: CropBelief, picture: Picture, subjects: Sequence[Subject]
    ) -> list[Crop]:
        known = [Subject(1, pair.first.box, 1.0), Subject(2, pair.second.box, 1.0)]
        return several(1)(pair, belief, picture, known)

    return {
        "per subject, 1 each": several(1),
        f"per subject, {topk} each": several(topk),
        "per subject, given": given,
        f"best {MANY}": without,
    }


def _constant(picture: Picture) -> list[Crop]:
    size = np.array([picture.width, picture.height] * 2)
    boxes = [tuple(int(edge) for edge in np.rint(np.array(box) * size)) for box in CONSTANT]
    return [
        Crop(rank, (box[0], box[1], box[2], box[3]), 0.0, "", 0.0)
        for rank, box in enumerate(boxes, 1)
    ]


def _print(summaries: list[dict[str, Any]], what: str) -> None:
    lines = [
        [
            row["engine"],
            row["finder"],
            row["crops"],
            f"{row['both']:.3f}",
            f"{row['subjects']:.3f}",
            f"{row['crops_each']:.1f}",
        ]
        for row in summaries
    ]
    print(f"{what}, {summaries[0]['photographs']} photographs with two large objects:\n")
    print(
        table(["engine", "finder", "crops", "both served", "subjects served", "crops each"], lines)
    )
    print(f"\nAsked for: {TARGET:.0%} of the photographs with both served.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the set's folder")
    parser.add_argument("--kind", default="coco", choices=("coco", "voc"), help="of set")
    parser.add_argument(
        "--finder", action="append", choices=FINDER_NAMES[1:], help="of subjects; repeatable"
    )
    parser.add_argument("--split", default="val", choices=("train", "val"))
    parser.add_argument("--engine", action="append", metavar="NAME", help="repeatable")
    parser.add_argument(
        "--network", action="append", default=[], metavar="NAME=FILE", help="of procrop or "
        "multi-in-one, which are then measured too; repeatable",
    )  # fmt: skip
    parser.add_argument("--weights", type=Path, metavar="DIR", help="from `compose train crop`")
    parser.add_argument("--topk", type=int, default=5, metavar="N", help="crops of each subject")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N photographs only")
    parser.add_argument("--json", action="store_true", help="one object a line")
    options = parser.parse_args()
    options.engine = options.engine or ["builtin"]
    options.finder = options.finder or ["builtin"]
    options.engine += [network.partition("=")[0] for network in options.network]
    return options


if __name__ == "__main__":
    run(main)
