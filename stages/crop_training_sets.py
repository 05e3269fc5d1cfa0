"""The data sets that the DETR croppers are trained on, by name, and what each changes of how."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import DataError, UsageError
from ..core.names import printable
from ..data.crop_sets import crop_set
from .crop_sources import CropExample, adapted, fcdb_examples, painted_examples
from .train_detr_config import PRESETS, TrainDetrConfig

WEAK = "cad"
_CPC_QUERIES = 24
_CPC_APART = 0.8  # greatest IoU of two good boxes
_CPC_TEACHES = 0.9  # share of the steps after which the running mean teaches: epoch 45 of 50
_CPC_MEAN = 0.5  # what that mean keeps in a step


@dataclass(frozen=True, eq=False)
class TrainingSets:
    """What is trained on."""

    drawn: list[CropExample]  # crops that people drew or rated
    weak: list[CropExample]  # photographs that were painted on


def training_sets(named: Sequence[tuple[str, Path]]) -> TrainingSets:
    """The examples of data sets' training parts.

    Args:
        named: names of `data.crop_sets` and folders. FCDB's voted crops are taken where its
            folder has them.

    Raises:
        UsageError: there is no such data set, or none of it is for training.
        DataError: files are missing or malformed, or a part is empty.
    """
    drawn: list[CropExample] = []
    weak: list[CropExample] = []
    for name, root in named:
        kind = crop_set(name)
        if kind.train is None:
            raise UsageError(f"{name} is a test set; train on another one.")
        if name == WEAK:
            weak += painted_examples(root)
        elif name == "fcdb" and not _as_published(root):
            drawn += fcdb_examples(root)
        else:
            records = kind.read(root, kind.train)
            if not records:
                raise DataError(f"{printable(root)} has no photographs to train on; complete it.")
            drawn += [adapted(record, good=kind.good) for record in records]
    return TrainingSets(drawn, weak)


def settings_for(preset: str, engine: str, names: Collection[str]) -> TrainDetrConfig:
    """The settings of a preset; ProCrop as published has others for CPC alone."""
    settings = PRESETS[preset][engine]
    if preset != "paper" or engine != "procrop" or set(names) != {"cpc"}:
        return settings
    targets = replace(settings.loss.targets, apart=_CPC_APART, soft=0.0)
    return replace(
        settings,
        net=replace(settings.net, queries=_CPC_QUERIES),
        loss=replace(settings.loss, targets=targets),
        teach=_CPC_TEACHES,
        average=_CPC_MEAN,
    )


def _as_published(root: Path) -> bool:
    """Whether FCDB lies there as its authors or HCIC have it, without votes."""
    return not (root / "train.json").is_file() and any(
        (root / name).is_file() for name in ("cropping_training_set.json", "image_crop.json")
    )
