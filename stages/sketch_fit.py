"""The optimisation of a sketch's strokes, round by round (MROSS), with a state that can be kept.

A round adds strokes and fits all of them, with a fresh Adam, to the whole target; a region only
decides where new strokes begin. The first part of a round sees edges alone, with strokes whose
blur shrinks (coarse to fine); the rest sees the network as well. N sketches of one target are
one batch, and their losses are added, so that each is fitted as if it were alone.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import DataError
from ..core.seeds import derive_seed
from ..models.stroke_render import SHARP, Edge, render, soft
from .sketch_config import SketchConfig
from .sketch_loss import SketchLoss
from .sketch_plan import Plan

_AWAY = 2.0  # pixels of a canvas of 224 at which being away from a line costs `hold` in full
FRAMES = 60  # of an animation, at most, over all rounds


@dataclass
class Progress:
    """What has happened so far; numbers only, so that it can be written down."""

    round: int = 0  # whose strokes are being fitted
    step: int = 0  # done in that round
    seconds: float = 0.0  # that all of it took
    losses: list[list[float]] = field(default_factory=list)  # one row of N an iteration
    frames: list[NDArray[np.float32]] = field(default_factory=list)  # (N,S,4,2) each
    ends: list[NDArray[np.float32]] = field(default_factory=list)  # likewise, at rounds' ends


class SketchFit:
    """N sketches on their way.

    Args:
        plan: where strokes begin.
        loss: of the target.
        config: how to go on.
        size: height and width of the canvas.
        name: of the input, which random views depend on.
        frames: whether to keep some of the strokes' states, for an animation.
    """

    def __init__(
        self,
        plan: Plan,
        loss: SketchLoss,
        config: SketchConfig,
        size: tuple[int, int],
        *,
        name: str = "",
        frames: bool = False,
        device: str = "cpu",
    ) -> None:
        self.plan, self.loss, self.config, self.size = plan, loss, config, size
        self.name, self.frames, self.device = name, frames, device
        self.progress = Progress()
        count = config.sketches
        self.points = torch.empty(count, 0, 4, 2, device=device)
        self.color = torch.empty(count, 0, 3, device=device)
        self._scale = max(size) / 224  # of a step, which the rate is given for
        self._begin_round()

    @property
    def total(self) -> int:
        """Iterations of all rounds."""
        return self.config.iterations * len(self.plan.rounds)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.progress.round >= len(self.plan.rounds)

    def step(self) -> float:
        """One iteration; returns the mean loss before it."""
        began = time.monotonic()
        config, progress = self.config, self.progress
        part = progress.step / config.iterations
        rate = config.last_rate + (config.rate - config.last_rate) * _half_cosine(part)
        for group, factor in zip(
            self._adam.param_groups, (self._scale, config.color_rate), strict=False
        ):
            group["lr"] = rate * factor
        # the blur is gone when the network begins to look, and later rounds begin with less
        share = config.structure_share
        left = max(1 - part / share, 0) if share > 0 else 0.0
        blur = config.softness * left * self._scale / (1 if progress.round == 0 else 2)
        pictures = self.draw(soft(blur) if blur > 1 else SHARP)
        if left > 0:
            losses = self.loss.structure(pictures)
        else:
            seed = derive_seed(
                config.seed, "views", self.name, str(progress.round), str(progress.step)
            )
            losses = self.loss(pictures, torch.Generator().manual_seed(seed))
        self._adam.zero_grad()
        (losses.total.sum() + self._astray()).backward()  # type: ignore[no-untyped-call]
        if self._kept:
            for parameter in self._parameters:
                assert parameter.grad is not None
                parameter.grad[:, : self._kept] = 0
        self._adam.step()
        with torch.no_grad():
            self.color.clamp_(0, 1)
        row = losses.total.detach().tolist()
        progress.seconds += time.monotonic() - began
        progress.losses.append([round(value, 6) for value in row])
        self._after_step()
        return float(sum(row)) / len(row)

    def draw(self, edge: Edge = SHARP, points: Tensor | None = None) -> Tensor:
        """The sketches as they stand: (N,3,H,W)."""
        points = self.points if points is None else points
        n, s = points.shape[:2]
        width = points.new_full((n, s), self.config.width)
        return render(points, width, self.color[:, :s], width.new_ones(n, s), self.size, edge=edge)

    def _astray(self) -> Tensor:
        """How far strokes have gone from where they began, weighed."""
        config = self.config
        if not config.hold:
            return self.points.new_zeros(())
        away = (self.points - self._begun) / (_AWAY * self._scale)
        return config.hold * away.square().sum(-1).mean((1, 2)).sum()

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that `restore` needs, as arrays."""
        progress = self.progress
        arrays: dict[str, NDArray[Any]] = {
            "place": np.array([progress.round, progress.step]),
            "seconds": np.array(progress.seconds),
            "losses": np.array(progress.losses, np.float64).reshape(-1, self.config.sketches),
            "points": self.points.detach().cpu().numpy(),
            "color": self.color.detach().cpu().numpy(),
        }
        for name in ("frames", "ends"):
            for number, value in enumerate(getattr(progress, name)):
                arrays[f"{name}_{number}"] = value
        for number, moments in enumerate(self._adam.state_dict()["state"].values()):
            for key, value in moments.items():
                arrays[f"adam_{number}_{key}"] = value.cpu().numpy()
        return arrays

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Go on where `state` was called.

        Raises:
            DataError: the state is another run's, or damaged.
        """
        try:
            place = arrays["place"].tolist()
            seconds, losses = float(arrays["seconds"]), arrays["losses"].tolist()
            progress = Progress(int(place[0]), int(place[1]), seconds, losses)
            for name in ("frames", "ends"):
                kept = getattr(progress, name)
                while f"{name}_{len(kept)}" in arrays:
                    kept.append(arrays[f"{name}_{len(kept)}"])
            self.progress = progress
            self.points = torch.from_numpy(arrays["points"].copy()).to(self.device)
            self.color = torch.from_numpy(arrays["color"].copy()).to(self.device)
            begun = self.plan.rounds[: progress.round + 1]
            shape = self.config.sketches, sum(entry.points.shape[1] for entry in begun)
            if self.points.shape != (*shape, 4, 2) or self.color.shape != (*shape, 3):
                raise ValueError(f"there should be {shape[0]} times {shape[1]} strokes")
            if not self.done:
                self._fresh_adam()
                self._restore_adam(arrays)
        except (KeyError, ValueError, IndexError, TypeError, RuntimeError) as error:
            raise DataError(
                f"the saved state is of another run or damaged ({error}); use --overwrite."
            ) from None

    def _restore_adam(self, arrays: dict[str, NDArray[Any]]) -> None:
        state = self._adam.state_dict()
        state["state"] = {
            number: {
                key: torch.from_numpy(arrays[f"adam_{number}_{key}"].copy())
                for key in ("step", "exp_avg", "exp_avg_sq")
            }
            for number in range(len(self._parameters))
            if f"adam_{number}_step" in arrays
        }
        self._adam.load_state_dict(state)

    def _begin_round(self) -> None:
        added = self.plan.rounds[self.progress.round]
        for name, values in (("points", added.points), ("color", added.color)):
            new = torch.from_numpy(values.astype(np.float32)).to(self.device)
            setattr(self, name, torch.cat([getattr(self, name).detach(), new], 1))
        self._fresh_adam()

    def _fresh_adam(self) -> None:
        self.points.requires_grad_()
        self._parameters = [self.points]
        if self.config.color == "optimise":
            self._parameters.append(self.color.requires_grad_())
        self._adam = torch.optim.Adam(
            [{"params": [parameter]} for parameter in self._parameters], lr=self.config.rate
        )
        rounds = self.plan.rounds[: self.progress.round + 1]
        begun = np.concatenate([entry.points for entry in rounds], 1).astype(np.float32)
        self._begun = torch.from_numpy(begun).to(self.device)
        new = rounds[-1].points.shape[1]
        self._kept = self.points.shape[1] - new if self.config.freeze_previous else 0

    def _after_step(self) -> None:
        progress = self.progress
        progress.step += 1
        finished = progress.step == self.config.iterations
        every = max(-(-self.total // FRAMES), 1)
        if self.frames and (finished or len(progress.losses) % every == 0):
            progress.frames.append(self._now())
        if finished:
            progress.ends.append(self._now())
            progress.round, progress.step = progress.round + 1, 0
            if not self.done:
                self._begin_round()

    def _now(self) -> NDArray[np.float32]:
        return np.array(self.points.detach().cpu().numpy(), np.float32)


def _half_cosine(part: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * part))
