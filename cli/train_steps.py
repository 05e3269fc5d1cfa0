"""Steps of a training that can be interrupted: their bar, and the signals that end them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Steps:
    """The bar of the steps, which begins when it is known how many are left."""

    def __init__(self, begin: Any) -> None:
        self._begin = begin
        self.advance_bar: Callable[[], object] = lambda: None

    def begin(self, steps: int) -> None:
        """So many are left."""
        self.advance_bar = self._begin("steps", steps)

    def advance(self) -> None:
        """One is done."""
        self.advance_bar()


@contextmanager
def asked_to_stop() -> Iterator[list[int]]:
    """A list that is no longer empty once the process is asked to end; a second time ends it."""
    import signal

    asked: list[int] = []
    before: dict[int, Any] = {}

    def take(number: int, frame: object) -> None:
        asked.append(number)
        for each, old in before.items():
            signal.signal(each, old)

    for which in (signal.SIGTERM, signal.SIGINT):
        before[which] = signal.signal(which, take)
    try:
        yield asked
    finally:
        for each, old in before.items():
            signal.signal(each, old)
