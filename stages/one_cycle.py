"""AdamW with one cycle of the rate (Smith and Topin, 2018), and the running mean of the weights."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ..core.errors import ModelError

Net = TypeVar("Net", bound=nn.Module)


class Pace(Protocol):
    """What a training's settings say of its steps."""

    @property
    def steps(self) -> int:
        """How many."""
        ...

    @property
    def rate(self) -> float:
        """The highest, after a twentieth of the steps; it falls to 0."""
        ...

    @property
    def decay(self) -> float:
        """Of weights."""
        ...

    @property
    def clip(self) -> float:
        """The gradient's norm at most."""
        ...

    @property
    def average(self) -> float:
        """Decay of the running mean."""
        ...

    @property
    def every(self) -> int:
        """Steps between two measurements."""
        ...


def one_cycle(
    optimiser: torch.optim.Optimizer, rate: float, steps: int, rising: float
) -> torch.optim.lr_scheduler.OneCycleLR:
    """The schedule that rises to `rate` over a share `rising` of the steps and falls to 0.

    Args:
        optimiser: whose rate it sets.
        rate: the highest.
        steps: how many in all.
        rising: in (0, 1).
    """
    if rising * steps == 1:
        # torch divides by the rise's length less one; a breath longer, the one step is all of it
        rising = (1 + 1e-6) / steps
    return torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=rising)


class OneCycle(Generic[Net]):
    """Steps of a network; `mean` is the average that is kept in the end."""

    def __init__(self, net: Net, pace: Pace) -> None:
        self._net, self._pace, self._step = net, pace, 0
        self.mean = copy.deepcopy(net)
        self._optimiser = torch.optim.AdamW(net.parameters(), lr=pace.rate, weight_decay=pace.decay)
        self._schedule = one_cycle(self._optimiser, pace.rate, pace.steps, rising=0.05)

    def step(self, loss: Tensor) -> float:
        """Take a step down the loss and return it.

        Raises:
            ModelError: it is no number any more.
        """
        self._step += 1
        value = loss.item()
        if not torch.isfinite(loss):
            raise ModelError(f"the loss became {value} in step {self._step}; lower the rate.")
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._net.parameters(), self._pace.clip)
        self._optimiser.step()
        self._schedule.step()
        decay = min(self._pace.average, self._step / (self._step + 10))  # nothing early stays
        with torch.no_grad():
            for kept, new in zip(self.mean.parameters(), self._net.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
        return value


def trained(
    net: Net,
    pace: Pace,
    loss: Callable[[], Tensor],
    measured: Callable[[Net], Mapping[str, Any]],
    log: Callable[[dict[str, Any]], None],
    begin: Callable[[str, int], Callable[[], object]],
) -> Net:
    """The running mean of a network after all steps, in evaluation mode.

    Args:
        net: is trained in place.
        pace: how long and how fast.
        loss: of the next batch, which it draws.
        measured: what a line of the metrics says of the running mean, besides step and loss.
        log: is given every line.
        begin: called with the name and length of the phase; gives what to call at every step.

    Raises:
        ModelError: the loss is no number any more.
    """
    cycle = OneCycle(net, pace)
    advance = begin("steps", pace.steps)
    total, counted, began = 0.0, 0, time.monotonic()
    for step in range(1, pace.steps + 1):
        total, counted = total + cycle.step(loss()), counted + 1
        advance()
        if step % pace.every == 0 or step == pace.steps:
            row = {"step": step, "loss": round(total / counted, 5), **measured(cycle.mean)}
            log({**row, "seconds": round(time.monotonic() - began, 1)})
            total, counted = 0.0, 0
    return cycle.mean.eval()
