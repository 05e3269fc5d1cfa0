"""What a caller hears of a training, and how it stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .train_metrics import Row


@dataclass(frozen=True)
class RunHooks:
    """Called between steps; all do nothing by default."""

    log: Callable[[Row], None] = lambda row: None  # every line of the metrics
    advance: Callable[[], object] = lambda: None  # after every step
    should_stop: Callable[[], bool] = lambda: False  # asked after every step
    begin: Callable[[int], None] = lambda steps: None  # told how many are left to do
