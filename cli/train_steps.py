"""Steps of a training that can be interrupted: their bar, and the signals that end them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Asked:
    """Whether the process has been asked to end; true once it has."""

    def __init__(self) -> None:
        self.heard = False
        self.listening = False  # whether steps are taken, each of which looks here

    def __bool__(self) -> bool:
        return self.heard


class Steps:
    """The bar of the steps, which begins when it is known how many are left.

    Args:
        begin: gives what to call at every step.
        asked: is listening as long as there are steps.
    """

    def __init__(self, begin: Any, asked: Asked) -> None:
        self._begin, self._asked, self._left = begin, asked, 0
        self.advance_bar: Callable[[], object] = lambda: None

    def begin(self, steps: int) -> None:
        """So many are left."""
        self._left, self._asked.listening = steps, steps > 0
        self.advance_bar = self._begin("steps", steps)

    def advance(self) -> None:
        """One is done."""
        self._left -= 1
        self._asked.listening = self._left > 0
        self.advance_bar()


@contextmanager
def asked_to_stop() -> Iterator[Asked]:
    """Note between steps that the process is asked to end; a second time, or elsewhere, ends it."""
    import os
    import signal

    asked = Asked()
    before: dict[int, Any] = {}

    def take(number: int, frame: object) -> None:
        for each, old in before.items():
            signal.signal(each, old)
        asked.heard = asked.listening
        if not asked.listening:
            os.kill(os.getpid(), number)

    for which in (signal.SIGTERM, signal.SIGINT):
        before[which] = signal.signal(which, take)
    try:
        yield asked
    finally:
        for each, old in before.items():
            signal.signal(each, old)
