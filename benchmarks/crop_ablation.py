"""What retrieval and SCRM are worth: croppers procrop and multi-in-one, trained and measured alike.

    python benchmarks/crop_ablation.py --data fcdb --photos photos --work DIR

Each variant is trained from the same seed on the same views of FCDB's train part, and measured on
val by the search of `compose crop`. References are the train photographs' own drawn crops ("own")
or other good photographs ("good"); in training some of them, none to ten a view, are shown. What is
in --work is not done again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path

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
from compose.stages.crop_sources import Mixture, fcdb_examples
from compose.stages.evaluate_crop import CropScores
from compose.stages.train_detr_config import PRESETS, TrainDetrConfig
from compose.stages.train_detr_run import train_detr
from compose.stages.train_hooks import RunHooks

VARIANTS = {
    # name: engine, changes of its network, references in training
    "procrop, no retrieval": ("procrop", {"fusion": "none"}, None),
    "procrop, paper": ("procrop", {"fusion": "paper"}, "own"),
    "procrop, concat": ("procrop", {"fusion": "concat"}, "own"),
    "procrop, token-mlp": ("procrop", {"fusion": "token-mlp"}, "own"),
    "multi-in-one, SCRM": ("multi-in-one", {}, None),
    "multi-in-one, no SCRM": ("multi-in-one", {"context": "none"}, None),
}
SHOWN = (0, 1, 5, 10)


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


def settings(name: str, epochs: int, seed: int) -> TrainDetrConfig:
    """Of a variant."""
    engine, changes, _ = VARIANTS[name]
    preset = PRESETS["small"][engine]
    net = dataclasses.replace(preset.net, **changes)
    return dataclasses.replace(
        preset, net=net, epochs=epochs, seed=seed, views=2, every=35, log=35, references=10,
    )  # fmt: skip


def train(
    name: str, data: Path, work: Path, config: TrainDetrConfig, shown: ReferenceSet | None,
    until: float,
) -> Path:  # fmt: skip
    """The variant's file, trained if it is not there."""
    folder = work / name.replace(", ", "-").replace(" ", "-") / f"{config.epochs}-{config.seed}"
    path = folder / f"{config.net.engine}.safetensors"
    if path.is_file():
        return path
    feed = CropFeed(
        Mixture([fcdb_examples(data)]), config.net, config.augment, config.loss.targets,
        seed=0, views=config.views, cache=work / "maps", references=shown,
        shown=config.references,
    )  # fmt: skip
    torch.manual_seed(config.seed)
    hooks = RunHooks(
        log=lambda row: print(f"  {name}: step {row['step']}, loss {row['loss']:.3f}", flush=True),
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
    parser.add_argument("--epochs", type=int, default=30)
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
    print("references:", {kind: len(each) for kind, each in sets.items()}, flush=True)
    rows: list[CropScores] = []
    for name in asked.only:
        _, _, kept = VARIANTS[name]
        config = settings(name, asked.epochs, asked.seed)
        shown = sets[kept] if kept else None
        try:
            path = train(name, asked.data, asked.work, config, shown, until)
        except Interrupted as error:
            print(f"  {name}: {error}")
            continue
        net = load_crop_detr(path)
        plain = dataclasses.replace(net.config, fusion="paper") if kept is None else net.config
        viewer = DetrCropper(
            CropDetr(dataclasses.replace(plain, engine="procrop", context="none")).eval(),
            references=sets["own"],
        )
        seen = looks(asked.data, viewer, asked.work / "val.pt")
        if kept is None:
            rows.append(measure(asked.data, DetrCropper(net), seen, name))
            continue
        for kind, each in sets.items():
            for count in SHOWN:
                if count or kind == "own":
                    cropper = DetrCropper(net, references=each, shown=count)
                    label = f"{name}, {count} {kind}" if count else f"{name}, none shown"
                    rows.append(measure(asked.data, cropper, seen, label))
    if rows:
        print_table(rows, asked.work)


def print_table(rows: list[CropScores], work: Path) -> None:
    """Against the first row, by a paired bootstrap."""
    print(f"\n{'':36s} {'IoU':>7s} {'Disp':>7s} {'best 5':>7s}   IoU less the first row's")
    for row in rows:
        values = row.summary()
        delta = paired_bootstrap(np.array(row.iou), np.array(rows[0].iou))
        told = "" if row is rows[0] else f"{delta.mean:+.4f} [{delta.low:+.4f}, {delta.high:+.4f}]"
        print(
            f"{row.engine:36s} {values['iou']:7.4f} {values['displacement']:7.4f} "
            f"{values['best_iou']:7.4f}   {told}"
        )
    kept = [{"name": row.engine, **row.summary()} for row in rows]
    (work / "table.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
