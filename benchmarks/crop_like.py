"""Does `compose crop --like` make crops laid out like the reference?

    python benchmarks/crop_like.py --data FCDB [--count 60] [--references 2] [--weight 0.7] [--json]

Photographs of a split of FCDB are cropped by an engine alone, and with `--like` a reference:
the crop that the annotator drew of another photograph of the split, drawn at random. Reference
and crop are then cut out and measured anew, with the subject told by the trunk's tokens (and not
by the finder of salient subjects, which guides the crop), so that the guide's own estimates are
not what is counted; --judge guide counts by that finder, of the cut-out parts:

- class: the share of crops that have the reference's layout class, and the mean probability that
  both are of one class,
- likeness: the guide's own measure of class, place and horizon together, taken anew,
- place: distance of the subjects' centres, in shares of the sides, where both have one,
- horizon: distance of the horizons, where both have one,
- IoU with the annotator's crop of the photograph: what following the reference costs.

The last rows are `--prefer`: the share of crops of that class, without and with it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from printing import run, table

from compose.core.boxes import iou_matrix
from compose.core.images import load_picture
from compose.core.metrics import paired_bootstrap
from compose.core.seeds import generator
from compose.data.fcdb import CropRecord, image_path, read_crops
from compose.models.saliency import open_saliency
from compose.stages.crop_engines import open_engine
from compose.stages.crop_guidance import Guidance, Guided
from compose.stages.crop_guide import class_chances, likeness
from compose.stages.crop_guided import GuidedChoice, GuidedConfig
from compose.stages.crop_references import Liked
from compose.stages.crop_search import CropRequest, search
from compose.stages.layout import CLASSES, Layouts, layouts
from compose.stages.layout_reader import LayoutReader

PREFERRED = ("thirds", "centre", "horizontal", "diagonal", "symmetric")
SURE = 0.3  # presence of a subject, strength of a horizon, from which a place is compared


def main() -> int:
    """Measure and print."""
    options = _options()
    records = read_crops(options.data, options.split)
    step = max(len(records) // options.count, 1)
    chosen = records[::step][: options.count]
    bench = Bench(options)
    rows = []
    for record in chosen:
        for reference in bench.references(records, record):
            rows.append(bench.compare(record, reference))
        print(f"{len(rows)} of {len(chosen) * options.references}", file=sys.stderr)
    preferred = [bench.prefer(record) for record in chosen[:: options.every]]
    summary = summarise(rows, preferred)
    if options.json:
        print(json.dumps(summary))
    else:
        show(summary)
    return 0


class Bench:
    """What is opened once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.engine = options, open_engine(options.engine)
        self.reader = LayoutReader(subjects=open_saliency())
        self.judge = self.reader if options.judge == "guide" else LayoutReader()
        self._read: dict[str, Guided] = {}
        self._judged: dict[tuple[Any, ...], Layouts] = {}

    def references(self, records: list[CropRecord], record: CropRecord) -> list[CropRecord]:
        """Other photographs of the split, drawn by the photograph's name."""
        others = [other for other in records if other.file != record.file]
        draw = generator(self.options.seed, "crop-like", record.file)
        return [others[i] for i in draw.permutation(len(others))[: self.options.references]]

    def compare(self, record: CropRecord, reference: CropRecord) -> dict[str, Any]:
        """Figures of one photograph and one reference, without and with it."""
        wanted = self.judged(reference, reference.box)
        row: dict[str, Any] = {"file": record.file, "reference": reference.file}
        for name, liked in (("without", None), ("with", self.liked(reference))):
            box = self.crop(record, Guidance(self.reader, None, [liked] if liked else []))
            found = self.judged(record, box)
            row[name] = {**agreement(found, wanted), "iou": _iou(box, record.box)}
        return row

    def prefer(self, record: CropRecord) -> dict[str, list[float]]:
        """For each class whether the crop has it, and its score, without and with the wish."""
        plain = self.judged(record, self.crop(record, Guidance(self.reader)))
        row = {}
        for name in PREFERRED:
            place = CLASSES.index(name)
            box = self.crop(record, Guidance(self.reader, prefer=(place,)))
            found = self.judged(record, box)
            row[name] = [
                float(plain.names()[0] == name),
                float(found.names()[0] == name),
                float(plain.scores[0, place]),
                float(found.scores[0, place]),
            ]
        return row

    def liked(self, reference: CropRecord) -> Liked:
        """The annotator's crop of a photograph as `--like` reads it."""
        rgb = self._cut(reference, reference.box)
        return Liked(reference.file, layouts(self.reader.read(rgb).scene))

    def crop(self, record: CropRecord, guidance: Guidance) -> tuple[float, ...]:
        """The best crop of a photograph."""
        path = image_path(self.options.data, record.file)
        picture = load_picture(path)
        if record.file not in self._read:  # the engine's look does not depend on the guide
            self._read[record.file] = Guidance(self.reader).read(self.engine, picture.rgb, path)
        before = self._read[record.file]
        guide = guidance._guide([])
        choice = None
        if guide is not None:
            choice = GuidedChoice(before.seen.scene, guide, GuidedConfig(self.options.weight))
        crops = search(before.belief, picture.width, picture.height, CropRequest(1), choice)
        return crops[0].box

    def judged(self, record: CropRecord, box: Any) -> Layouts:
        """The layout of a part of a photograph, cut out and measured anew."""
        key = (record.file, *(round(edge) for edge in box))
        if key not in self._judged:
            self._judged[key] = layouts(self.judge.read(self._cut(record, box)).scene)
        return self._judged[key]

    def _cut(self, record: CropRecord, box: Any) -> Any:
        rgb = load_picture(image_path(self.options.data, record.file)).rgb
        x1, y1, x2, y2 = (round(edge) for edge in box)
        return np.ascontiguousarray(rgb[max(y1, 0) : y2, max(x1, 0) : x2])


def agreement(found: Layouts, wanted: Layouts) -> dict[str, float | None]:
    """How far one layout is from another."""
    a, b = found.geometry, wanted.geometry
    subjects = min(a.presence[0], b.presence[0]) > SURE
    horizons = min(a.horizon_strength[0], b.horizon_strength[0]) > SURE
    away = float(np.linalg.norm(a.subject[0] - b.subject[0]))
    return {
        "same": float(found.names()[0] == wanted.names()[0]),
        "chance": float((class_chances(found) * class_chances(wanted)).sum()),
        "likeness": float(likeness(found, wanted)[0, 0]),
        "place": away if subjects else None,
        "horizon": float(abs(a.horizon[0] - b.horizon[0])) if horizons else None,
    }


def summarise(
    rows: list[dict[str, Any]], preferred: list[dict[str, list[float]]]
) -> dict[str, Any]:
    """Means without and with, and the difference by paired bootstrap where both have a value."""
    summary: dict[str, Any] = {"pairs": len(rows), "figures": {}, "prefer": {}}
    for name in ("same", "chance", "likeness", "place", "horizon", "iou"):
        both = [
            (row["without"][name], row["with"][name])
            for row in rows
            if row["without"][name] is not None and row["with"][name] is not None
        ]
        before, after = np.array(both, float).reshape(-1, 2).T
        difference = paired_bootstrap(after, before)
        summary["figures"][name] = {
            "pairs": len(both),
            "without": float(before.mean()),
            "with": float(after.mean()),
            "difference": difference.mean,
            "low": difference.low,
            "high": difference.high,
        }
    for name in PREFERRED:
        values = np.array([row[name] for row in preferred]).mean(0)
        summary["prefer"][name] = dict(
            zip(("share", "share_preferred", "score", "score_preferred"), values, strict=True)
        )
    return summary


def show(summary: dict[str, Any]) -> None:
    """Print both tables."""
    labels = {
        "same": "same class",
        "chance": "chance of one class",
        "likeness": "likeness",
        "place": "subjects apart",
        "horizon": "horizons apart",
        "iou": "IoU with the drawn crop",
    }
    lines = [
        [
            labels[name],
            str(row["pairs"]),
            f"{row['without']:.3f}",
            f"{row['with']:.3f}",
            f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]",
        ]
        for name, row in summary["figures"].items()
    ]
    print(table(["figure", "pairs", "without", "--like", "difference, 95 %"], lines))
    lines = [
        [
            name,
            f"{row['share']:.2f}",
            f"{row['share_preferred']:.2f}",
            f"{row['score']:.3f}",
            f"{row['score_preferred']:.3f}",
        ]
        for name, row in summary["prefer"].items()
    ]
    print()
    print(table(["--prefer", "of that class", "with", "score", "with"], lines))


def _iou(a: Any, b: Any) -> float:
    return float(iou_matrix(np.array([a], float), np.array([b], float))[0, 0])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="FCDB's folder")
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--count", type=int, default=60, help="photographs")
    parser.add_argument("--references", type=int, default=2, help="of each photograph")
    parser.add_argument(
        "--every", type=int, default=2, help="of so many photographs one is cropped by --prefer"
    )
    parser.add_argument("--engine", default="builtin")
    parser.add_argument("--weight", type=float, default=0.7, help="of the guide, 0 to 1")
    parser.add_argument(
        "--judge",
        choices=("tokens", "guide"),
        default="tokens",
        help="what finds the subject that is counted; guide: what guides the crops",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one object")
    return parser.parse_args()


if __name__ == "__main__":
    began = time.perf_counter()
    run(main)
