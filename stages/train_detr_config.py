"""What can be set when the croppers procrop and multi-in-one are trained (sections 1.6 and 3.6)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..core.errors import UsageError
from ..models.crop_detr_config import PRESETS as NETWORKS
from ..models.crop_detr_config import CropDetrConfig
from ..models.crop_detr_loss import CropDetrLossConfig
from ..models.detr_targets import TargetConfig
from .crop_augment import CropAugmentConfig


@dataclass(frozen=True)
class TrainDetrConfig:
    """The defaults are those of ProCrop's ancestor on GAIC, but for those marked ours."""

    net: CropDetrConfig = field(default_factory=CropDetrConfig)
    steps: int | None = None  # of the optimiser; None: as many as the epochs have
    epochs: int = 50
    batch: int = 1  # photographs of one process at a time
    rate: float = 1e-4  # AdamW's
    rate_backbone: float = 1e-5
    slow: float = 0.1  # times the rate, for reference points and sampling offsets
    drop: float = 0.8  # share of the steps after which rates are a tenth; 1: never
    cosine: bool = False  # rates rise for 5 % of the steps and fall to 0; ours
    decay: float = 1e-4  # weight decay
    clip: float = 0.1  # norm of the gradient
    average: float = 0.999  # of the running mean of weights, which is what is kept; ours
    teach: float = 1.0  # share of the steps after which the running mean teaches too; 1: never
    loss: CropDetrLossConfig = field(default_factory=CropDetrLossConfig)
    augment: CropAugmentConfig = field(default_factory=CropAugmentConfig)
    views: int = 0  # of a photograph; 0: a new one each time
    references: int = 10  # photographs retrieved at most
    half: str | None = None  # "fp16" or "bf16"; None: single precision
    seed: int = 0
    every: int = 1000  # steps between checkpoints
    keep: int = 3  # checkpoints
    log: int = 50  # steps between lines of the metrics
    workers: int = 4  # threads that read photographs; 0: none

    def batches(self, size: int, processes: int) -> int:
        """Batches of an epoch of `size` photographs in each process.

        Raises:
            UsageError: not one.
        """
        found = size // (self.batch * processes)
        if found < 1:
            raise UsageError(
                f"the data have {size} photographs, fewer than a batch of {self.batch} for each "
                f"of {processes} processes; give a smaller --batch-size."
            )
        return found

    def total(self, size: int, processes: int) -> int:
        """Steps of the whole training."""
        return self.steps or self.epochs * self.batches(size, processes)

    def binding(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be gone on from."""
        values = asdict(self)
        for free in ("every", "keep", "log", "workers"):
            del values[free]
        return values


_LOSSES = {
    "procrop": CropDetrLossConfig(),
    # all that SACD's annotators drew are good, and none is half good
    "multi-in-one": CropDetrLossConfig(subject=2.0, targets=TargetConfig(soft=0)),
}
_PAPER = {
    "procrop": TrainDetrConfig(net=NETWORKS["paper"]["procrop"], loss=_LOSSES["procrop"]),
    "multi-in-one": TrainDetrConfig(
        net=NETWORKS["paper"]["multi-in-one"],
        epochs=100,
        drop=0.4,
        loss=_LOSSES["multi-in-one"],
        augment=CropAugmentConfig(shift=0.0, sides=tuple(range(480, 801, 32)), longest=1333),
    ),
}
_LIGHT = CropAugmentConfig(mirror=0.5, square=256)
# a thousand photographs with one good crop each are few for learning which query is right: all
# queries learn their boxes, and labels that say how good these are
_GRADED = TargetConfig(near=0.5, graded=True, soft=0.9)
# two cores: the trunk is frozen and seen in a few views, so that its maps are computed once
_SMALL = {
    name: replace(
        paper,
        net=NETWORKS["small"][name],
        epochs=12,  # 20 fitted FCDB's train part better and val worse (docs/results.md)
        batch=32,
        rate=5e-4,  # of 4e-4, 1e-3 and 2e-3 the first was best on a held-out fifth of FCDB train
        cosine=True,
        decay=0.05,
        clip=1.0,
        average=0.998,
        loss=replace(paper.loss, others=1.0, targets=_GRADED),
        augment=_LIGHT,
        views=4,
        every=500,
        workers=0,
    )
    for name, paper in _PAPER.items()
}
PRESETS = {"paper": _PAPER, "small": _SMALL}
