"""What can be set when compositing is trained (section 4.4 of our notes), and what toy takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..core.errors import UsageError
from ..models.pics_config import TINY, PicsConfig
from .composite_examples import PLAIN, AugmentConfig


@dataclass(frozen=True)
class TrainCompositeConfig:
    """The defaults are the published ones but where the comment says ours."""

    net: PicsConfig | None = None  # None: as the weights that it begins with, or published
    steps: int | None = None  # of the optimiser; None: as many as the epochs have
    epochs: int = 50
    limit: float | int = 1.0  # of an epoch's batches: a share if a float, else so many
    batch: int = 16  # samples of one process at a time
    accumulate: int = 1  # batches before the optimiser takes a step
    rate: float = 1e-5  # AdamW's
    warmup: int = 0  # steps in which the rate rises
    cosine: bool = False  # whether it falls to 2 % over all steps; else it stays
    decay: float = 0.01  # weight decay
    clip: float = 1.0  # norm of the gradient; ours
    anywhere: float = 0.3  # share of times that are drawn from [0, 1000), not from [0, 500)
    drop: float = 0.1  # how often objects are left out, without which guidance has no sense; ours
    inside: float = 1.0  # weight of the boxes in the loss, the rest being 1
    average: float = 0.9999  # of the running mean of weights; ours
    everything: bool = False  # train all; else what is published, and the overlap experts
    half: str | None = None  # "fp16" or "bf16"; None: single precision
    seed: int = 0
    every: int = 2000  # steps between checkpoints
    keep: int = 3  # checkpoints; ours
    workers: int = 8  # threads that read samples; 0: none
    grids: int = 1000  # steps between pictures of samples; 0: none
    log: int = 50  # steps between lines of the metrics
    guidance: float = 5.0  # of those pictures
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def batches(self, size: int, processes: int) -> int:
        """Batches of an epoch of `size` samples in each process.

        Raises:
            UsageError: not one.
        """
        whole = size // (self.batch * processes)
        limited = int(whole * self.limit) if isinstance(self.limit, float) else self.limit
        found = min(max(limited, 1), whole)
        if found < 1:
            raise UsageError(
                f"the data have {size} samples, fewer than a batch of {self.batch} for each of "
                f"{processes} processes; give a smaller --batch."
            )
        return found

    def total(self, size: int, processes: int) -> int:
        """Steps of the whole training."""
        if self.steps is not None:
            return self.steps
        return max(self.epochs * self.batches(size, processes) // self.accumulate, 1)

    def binding(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be gone on from."""
        values = asdict(self)
        for free in ("every", "keep", "grids", "log", "guidance", "workers"):
            del values[free]
        if not self.cosine:  # then a training can be made longer
            del values["steps"], values["epochs"]
        return values


# learns the drawn set on one core in minutes; measured in docs/results.md
TOY = TrainCompositeConfig(
    net=TINY,
    steps=1200,
    rate=2e-3,
    warmup=100,
    cosine=True,
    anywhere=1.0,  # so few steps cannot be spent on the last of the noise
    average=0.999,
    everything=True,
    every=300,
    grids=600,
    guidance=2.0,
    workers=0,
    augment=PLAIN,
)
