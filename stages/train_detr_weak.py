"""Weakly supervised training on photographs that were painted on (section 3.8, steps 6 and 7).

In the first stage views contain the original, which is the label. Each round of the second lets the
network propose crops, keeps those that differ as labels beside the original, and trains on. Every
part has a folder, so that what is done is not done again:

stage-1/  stage-2-1/ …   runs of `train_detr_run`
labels/v0001.json …      see `crop_labels`
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core.boxes import Boxes
from ..core.errors import UsageError
from ..core.files import atomic_write
from ..core.images import load_picture
from ..models.context_model import ContextModel
from ..models.crop_detr import CropDetr
from ..models.crop_detr_engine import DetrCropper
from ..models.crop_detr_load import load_crop_detr
from ..models.reference_set import ReferenceSet
from .crop_feed import CropFeed
from .crop_labels import (
    Label,
    RefineRule,
    first_labels,
    read_labels,
    refined,
    rule_values,
    with_labels,
    write_labels,
)
from .crop_sources import CropExample, Mixture
from .train_composite_world import World
from .train_detr_config import TrainDetrConfig
from .train_detr_run import train_detr
from .train_hooks import RunHooks
from .train_state import begin_anew

MakeFeed = Callable[[Mixture, TrainDetrConfig], CropFeed]
_STILL = 0.3  # of the margin around the original that views of the second stage may lose


def train_weak(
    net: CropDetr,
    weak: Sequence[CropExample],
    drawn: Sequence[CropExample],
    out: Path,
    config: TrainDetrConfig,
    make: MakeFeed,
    *,
    rounds: int = 3,
    rule: RefineRule | None = None,
    world: World | None = None,
    context: ContextModel | None = None,
    references: ReferenceSet | None = None,
    resume: str | None = None,
    board: bool = False,
    hooks: RunHooks | None = None,
) -> list[Path]:
    """Train in both stages, and give the paths of the lasting files.

    Args:
        net: to train.
        weak: photographs that were painted on.
        drawn: photographs with crops that people made, taken along in every stage; may be none.
        out: gets the folders above, and the last run's files.
        config: of every stage; steps or epochs are shared out evenly among them.
        make: the feed of examples for a stage's settings.
        rounds: of the second stage.
        rule: which proposals become labels.
        world, context, references, board, hooks: as for `train_detr`.
        resume: `auto` takes what is done as done, where it was done with the same settings, data
            and labels.

    Raises:
        UsageError: there are fewer steps than stages; and as `train_detr`.
    """
    world, rule = world or World(), rule or RefineRule()
    parts = rounds + 1
    if config.steps is not None and config.steps < parts:
        raise UsageError(
            f"{config.steps} steps are fewer than the {parts} stages; give more --max-steps, or "
            "fewer --rounds."
        )
    steps = None if config.steps is None else config.steps // parts
    each = replace(config, steps=steps, epochs=max(config.epochs // parts, 1))
    files: list[Path] = []
    if resume is None and world.first:
        for stage in out.glob("stage-*"):
            begin_anew(stage)
    world.wait()
    for number in range(parts):
        folder = out / ("stage-1" if not number else f"stage-2-{number}")
        labels = out / "labels" / f"v{number + 1:04d}.json"
        before = files[0] if files else None
        if world.first and not (resume and before and _made_by(labels, before)):
            _label(weak, labels, number + 1, before, net, rule, references, context, world.device)
        world.wait()
        settings = each if not number else _second(each)
        examples = with_labels(weak, read_labels(labels))
        feed = make(Mixture([part for part in (examples, drawn) if part]), settings)
        files = train_detr(
            net, feed, folder, settings, world=world, context=context, resume=resume, board=board,
            hooks=hooks,
        )  # fmt: skip
    kept = [out / path.name for path in files]
    if world.first:
        for path, target in zip(files, kept, strict=True):
            with atomic_write(target) as part:
                shutil.copyfile(path, part)
    world.wait()
    return kept


def _second(config: TrainDetrConfig) -> TrainDetrConfig:
    return replace(config, augment=replace(config.augment, weak_shift=_STILL))


def _made_by(labels: Path, before: Path) -> bool:
    """Whether labels are there that the network of this file proposed."""
    try:
        made = json.loads(labels.read_text("utf-8"))["made"]
        return bool(made["sha256"] == hashlib.sha256(before.read_bytes()).hexdigest())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _label(
    weak: Sequence[CropExample],
    path: Path,
    version: int,
    before: Path | None,
    net: CropDetr,
    rule: RefineRule,
    references: ReferenceSet | None,
    context: ContextModel | None,
    device: str,
) -> None:
    """Write a version of the labels: the originals, or what the network before proposes."""
    if before is None:
        write_labels(path, first_labels(weak), version, {"by": "originals"})
        return
    seen = load_crop_detr(before, device)
    shown = references if net.config.fusion != "none" else None
    cropper = DetrCropper(seen, device, references=shown, context=context)
    old = read_labels(path.with_name(f"v{version - 1:04d}.json"))
    labels: dict[str, list[Label]] = {}
    for example in weak:
        picture = load_picture(example.picture)
        # not the photograph itself: the answer would be in it
        found = cropper.detect(picture.over(), without=example.source)
        size = picture.width, picture.height
        boxes: Boxes = found.boxes * np.tile(np.array(size, np.float64), 2)
        labels[example.picture.name] = refined(
            old[example.picture.name], boxes, found.scores, size, rule
        )
    digest = hashlib.sha256(before.read_bytes()).hexdigest()
    made = {
        "by": f"{before.parent.name}/{before.name}",
        "sha256": digest,
        "rule": rule_values(rule),
        "added": sum(len(rows) - 1 for rows in labels.values()),
    }
    write_labels(path, labels, version, made)
