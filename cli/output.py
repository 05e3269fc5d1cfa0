"""What commands print: data on stdout, talk on stderr.

| mode | stdout |
|---|---|
| human | whatever the command shows for a person; tables drawn on a terminal, aligned elsewhere |
| json | one JSON object a line and input, failures included |
| quiet | the paths of written files and nothing else |

In JSON, a file name's byte that is no UTF-8, 0xNN, is the escape `\\udcNN`: Python's
surrogateescape, which `os.fsencode` turns back. Paths in quiet mode are the exact bytes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..core.errors import OutputError
from .tables import drawn, plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Mode = Literal["human", "json", "quiet"]


class Output:
    """The one way to print. Everything is flushed at once, so that pipes see it as it happens."""

    def __init__(self, mode: Mode = "human", *, null: bool = False, lasting: bool = False) -> None:
        """Take the mode, and whether work on one input lasts long enough for a bar; see `step`."""
        self.mode: Mode = mode
        self._lasting = lasting
        self._end = b"\0" if null else b"\n"
        self._bar: Progress | None = None
        self._steps: dict[int, TaskID] = {}  # by thread
        self._lock = threading.Lock()

    def record(self, record: Mapping[str, Any]) -> None:
        """Print the machine's form of one record: JSON, or its written files; nothing to people.

        Written files are the values of all keys `file`, however deep.
        """
        if self.mode == "json":
            self._data(to_json(record).encode("ascii") + b"\n")
        elif self.mode == "quiet":
            for path in written_files(record):
                self.path(path)

    def path(self, path: str | Path) -> None:
        """Print one path in quiet mode, byte for byte."""
        if self.mode == "quiet":
            self._data(os.fsencode(path) + self._end)

    def text(self, line: str) -> None:
        """Print a line of data for people; make paths in it printable first."""
        if self.mode == "human":
            self._data(_encoded(line + "\n", sys.stdout))

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = ""
    ) -> None:
        """Print a table for people; columns of numbers are set flush right."""
        if self.mode == "human":
            draw = drawn if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else plain
            self._data(_encoded(draw(columns, rows, title), sys.stdout))

    def note(self, text: str) -> None:
        """Say something on stderr; not in quiet mode."""
        if self.mode != "quiet":
            self._talk(text)

    def warn(self, text: str) -> None:
        """Warn on stderr."""
        self._talk(f"warning: {text}")

    def error(self, text: str) -> None:
        """Say on stderr that something failed."""
        self._talk(f"error: {text}")

    @contextmanager
    def progress(self, total: int, what: str) -> Iterator[None]:
        """Show a bar on stderr while the body runs, if that is a terminal; see `advance`."""
        terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        if not terminal or (total < 2 and not self._lasting) or self.mode == "quiet":
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        # without a thread of its own: it would draw between a line of data and its end
        with Progress(*columns, console=console, transient=True, auto_refresh=False) as self._bar:
            self._bar.add_task(what, total=total)
            try:
                yield
            finally:
                self._bar.stop()
                self._bar = None

    def advance(self) -> None:
        """Move the bar on by one, if there is one."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])
            self._bar.refresh()

    def step(self, what: str, done: int, total: int) -> None:
        """Show how far the work on one input is; may be called from its thread.

        Args:
            what: the input, and what is to be known of it.
            done, total: steps; at the last one the line goes away.
        """
        with self._lock:  # inputs may be worked on at once
            bar, thread = self._bar, threading.get_ident()
            if bar is None:
                return
            if thread not in self._steps:
                self._steps[thread] = bar.add_task(what, total=total)
            task = self._steps[thread]
            bar.update(task, completed=done, total=total, description=what)
            if done >= total:
                bar.remove_task(self._steps.pop(thread))
            bar.refresh()

    def _data(self, data: bytes) -> None:
        with self._without_bar(sys.stdout.isatty()):
            try:
                sys.stdout.flush()
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputError(
                    f"cannot write to standard output ({error.strerror}); send it elsewhere."
                ) from error

    def _talk(self, line: str) -> None:
        with self._without_bar(True):
            print(line, file=sys.stderr, flush=True)

    @contextmanager
    def _without_bar(self, needed: bool) -> Iterator[None]:
        if self._bar is None or not needed:
            yield
            return
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()


def to_json(record: Mapping[str, Any]) -> str:
    """A record as one line of pure ASCII; paths become strings, and NaN is refused."""
    return json.dumps(record, default=os.fspath, allow_nan=False)


def written_files(value: object) -> Iterator[str | Path]:
    """The paths under every key `file` of nested mappings and sequences, in order."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "file" and isinstance(inner, str | Path):
                yield inner
            else:
                yield from written_files(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from written_files(inner)


def _encoded(text: str, stream: Any) -> bytes:
    return text.encode(stream.encoding or "utf-8", "backslashreplace")
