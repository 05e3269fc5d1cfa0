"""A bar on stderr for the bytes of a download, drawn from the first byte on."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


class DownloadBar:
    """Called with the bytes done and in all; silent where stderr is no terminal."""

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self._name = name
        plain = os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
        self._silent = quiet or plain
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int | None) -> None:
        """Draw the bar at `done` of `total` bytes."""
        if self._silent:
            return
        if self._bar is None:
            self._bar = self._start(total)
        self._bar.update(self._bar.task_ids[0], completed=done)

    def stop(self) -> None:
        """Take the bar away, so that a line can be printed."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> DownloadBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self, total: int | None) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

        columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.add_task(self._name, total=total)
        bar.start()
        return bar
