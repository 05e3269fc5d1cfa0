"""What retrieval, SCRM and CAD are worth: procrop and multi-in-one, trained and measured alike.

    python benchmarks/crop_ablation.py --data fcdb --photos photos --work DIR [--cad DIR]

Each variant is trained from the same seed for the same number of steps on views of FCDB's train
part, with CAD on those of `compose build-dataset cad` among them, and measured on val by the search
of `compose crop`. References are the train photographs' own drawn crops ("own") or other good
photographs ("good"); in training some of them, none to ten a view, are shown. What is in --work is
not done again. The intervals are over photographs: another seed of the training is not in them.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from compose.core.devices import tune_malloc
from compose.core.errors import Interrupted
from compose.core.images import load_picture, load_reduced
from compose.core.metrics import paired_bootstrap
from compose.data.fcdb import image_path, read_crops
from compose.models.crop_belief import CropBelief
from compose.models.crop_detr import CropDetr
from compose.models.crop_detr_engine import DetrCropper, Look
from compose.models.crop_detr_load import load_crop_detr
from compose.models.reference_set import (
    SIDE,
    ReferenceEncoder,
    ReferenceSet,
    encode_all,
    load_references,
)
from compose.stages.crop_feed import CropFeed
from compose.stages.crop_request import CropRequest
from compose.stages.crop_search import search
from compose.stages.crop_sources import CropExample, Mixture, fcdb_examples, painted_examples
from compose.stages.evaluate_crop import CropScores
from compose.stages.train_detr_config import PRESETS, TrainDetrConfig
from compose.stages.train_detr_run import train_detr
from compose.stages.train_hooks import RunHooks

PLAIN = "procrop, no retrieval"
NO_SCRM = "multi-in-one, no SCRM"


@dataclass(frozen=True)
class Variant:
    """A network and how it is trained."""

    engine: str
    net: dict[str, Any] = field(default_factory=dict)  # changes of the preset's
    references: str | None = None  # shown in training
    cad: bool = False  # trained on CAD too
    base: str = PLAIN  # what it is compared with


VARIANTS = {
    PLAIN: Variant("procrop", {"fusion": "none"}),
    "procrop, paper": Variant("procrop", {"fusion": "paper"}, "own"),
    "multi-in-one, SCRM": Variant("multi-in-one", base=NO_SCRM),
    NO_SCRM: Variant("multi-in-one", {"context": "none"}),
    "procrop, CAD": Variant("procrop", {"fusion": "none"}, cad=True),
    "procrop, concat": Variant("procrop", {"fusion": "concat"}, "own"),
    "procrop, token-mlp": Variant("procrop", {"fusion": "token-mlp"}, "own"),
}
SHOWN = (0, 1, 5, 10)  # references in measuring, of the fusion that is the default
ENDS = (0, 10)  # of the others


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    scores: CropScores
    base: str  # the row that the network is compared with
    unshown: str | None = None  # that of the same network without references


def references(data: Path, photos: Path, work: Path) -> dict[str, ReferenceSet]:
    """Drawn crops of the train part, and other photographs."""
    found = {}
    for kind in ("own", "good"):
        file = work / f"references-{kind}.npz"
        if not file.is_file():
            names, pictures = [], []
            if kind == "own":
                for record in read_crops(data, "train"):
                    rgb = load_picture(image_path(data, record.file)).over()
                    x1, y1, x2, y2 = (int(max(edge, 0)) for edge in record.box)
                    pictures.append(rgb[y1:y2, x1:x2])
                    names.append(record.file)
            else:
                for path in sorted(photos.iterdir()):
                    if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
                        pictures.append(load_reduced(path, SIDE).over())
                        names.append(path.name)
            encode_all(pictures, names, ReferenceEncoder()).save(file)
        found[kind] = load_references(file)
    return found


def settings(name: str, steps: int, seed: int) -> TrainDetrConfig:
    """Of a variant."""
    variant = VARIANTS[name]
    preset = PRESETS["small"][variant.engine]
    net = dataclasses.replace(preset.net, **variant.net)
    return dataclasses.replace(
        preset, net=net, steps=steps, seed=seed, views=2, every=70, log=35, references=10,
    )  # fmt: skip


def train(
    name: str, sets: list[list[CropExample]], work: Path, config: TrainDetrConfig,
    shown: ReferenceSet | None, until: float,
) -> Path:  # fmt: skip
    """The variant's file, trained if it is not there."""
    folder = work / name.replace(", ", "-").replace(" ", "-") / f"{config.steps}-{config.seed}"
    path = folder / f"{config.net.engine}.safetensors"
    if path.is_file():
        return path
    feed = CropFeed(
        Mixture(sets), config.net, config.augment, config.loss.targets, seed=0,
        views=config.views, cache=work / "maps", references=shown, shown=config.references,
    )  # fmt: skip
    torch.manual_seed(config.seed)
    begun = time.monotonic()
    hooks = RunHooks(
        log=lambda row: print(
            f"  {name}: step {row['step']}, loss {row['loss']:.3f}, "
            f"{time.monotonic() - begun:.0f} s",
            flush=True,
        ),
        should_stop=lambda: time.monotonic() > until,
    )
    train_detr(CropDetr(config.net), feed, folder, config, resume="auto", hooks=hooks)
    return path


def looks(data: Path, cropper: DetrCropper, file: Path) -> list[Look]:
    """Val as a frozen backbone sees it, the same for all variants."""
    if file.is_file():
        kept = torch.load(file)
        return [Look(p, list(m), v.numpy(), None) for p, m, v in kept]
    found = []
    for record in read_crops(data, "val"):
        found.append(cropper.look(load_picture(image_path(data, record.file)).over()))
    torch.save([(x.pad, x.maps, torch.from_numpy(x.vector)) for x in found], file)
    return found


def measure(data: Path, cropper: DetrCropper, seen: list[Look], name: str) -> CropScores:
    """IoU, displacement and best of five, by the search of `compose crop`."""
    scores, request = CropScores(name), CropRequest(topk=5)
    for record, look in zip(read_crops(data, "val"), seen, strict=True):
        found = cropper.choose(look)
        header = load_reduced(image_path(data, record.file), 16).header
        weights = (found.scores / found.scores.sum()).astype(np.float32)
        belief = CropBelief(found.boxes.astype(np.float32), weights)
        crops = search(belief, header.width, header.height, request)
        boxes = np.array([crop.box for crop in crops], np.float64)
        scores.add(boxes, record, header.width, header.height)
    return scores


def main() -> None:
    """Train what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="FCDB's folder")
    parser.add_argument("--photos", type=Path, required=True, help="other good photographs")
    parser.add_argument("--work", type=Path, required=True, help="keeps what was done")
    parser.add_argument("--cad", type=Path, help="a set of `compose build-dataset cad`")
    parser.add_argument("--epochs", type=int, default=12, help="passes over FCDB's train part")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop training after so many")
    parser.add_argument("--only", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    tune_malloc()
    torch.set_num_threads(asked.threads)
    until = time.monotonic() + 60 * asked.minutes
    asked.work.mkdir(parents=True, exist_ok=True)
    sets = references(asked.data, asked.photos, asked.work)
    drawn = fcdb_examples(asked.data)
    weak = painted_examples(asked.cad) if asked.cad else []
    print("references:", {kind: len(each) for kind, each in sets.items()}, flush=True)
    print(f"{len(drawn)} drawn, {len(weak)} painted on", flush=True)
    rows: dict[str, Row] = {}
    for name in asked.only:
        variant = VARIANTS[name]
        if variant.cad and not weak:
            print(f"  {name}: left out, give --cad")
            continue
        config = settings(name, asked.epochs * (len(drawn) // 32), asked.seed)
        shown = sets[variant.references] if variant.references else None
        try:
            used = [drawn, weak] if variant.cad else [drawn]
            path = train(name, used, asked.work, config, shown, until)
        except Interrupted as error:
            print(f"  {name}: {error}")
            continue
        net = load_crop_detr(path)
        seen = looks(asked.data, viewer(sets["own"]), asked.work / "val.pt")
        if not variant.references:
            scores = measure(asked.data, DetrCropper(net), seen, name)
            rows[name] = Row(scores, variant.base)
            print_table(rows, asked.work)
            continue
        for kind, each in sets.items():
            for count in SHOWN if net.config.fusion == "paper" else ENDS:
                if count or kind == "own":
                    cropper = DetrCropper(net, references=each, shown=count)
                    label = f"{name}, {count} {kind}" if count else f"{name}, none shown"
                    scores = measure(asked.data, cropper, seen, label)
                    rows[label] = Row(scores, variant.base, f"{name}, none shown")
        print_table(rows, asked.work)


def viewer(shown: ReferenceSet) -> DetrCropper:
    """What looks at photographs for all variants, whose frozen trunk is the same."""
    net = dataclasses.replace(PRESETS["small"]["procrop"].net, fusion="paper")
    return DetrCropper(CropDetr(net).eval(), references=shown)


def print_table(rows: dict[str, Row], work: Path) -> None:
    """Differences by a paired bootstrap over the photographs."""
    print("\n| network, shown | IoU | displacement | best of 5 | IoU less that of | it | IoU less "
          "that with none shown |\n| --- | ---: | ---: | ---: | --- | ---: | ---: |")  # fmt: skip
    kept = []
    for name, row in rows.items():
        values = row.scores.summary()
        base = "" if row.base == name else row.base
        cells = [base, _difference(rows, row, base), _difference(rows, row, row.unshown)]
        figures = [f"{values[key]:.4f}" for key in ("iou", "displacement", "best_iou")]
        print("| " + " | ".join([name, *figures, *cells]) + " |")
        kept.append({"name": name, **values})
    (work / "table.json").write_text(json.dumps(kept, indent=1) + "\n")


def _difference(rows: dict[str, Row], row: Row, other: str | None) -> str:
    if not other or other not in rows or rows[other] is row:
        return ""
    delta = paired_bootstrap(np.array(row.scores.iou), np.array(rows[other].scores.iou))
    return f"{delta.mean:+.4f} [{delta.low:+.4f}, {delta.high:+.4f}]"


if __name__ == "__main__":
    main()
