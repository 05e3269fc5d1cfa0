"""Work on many inputs: some at once, results in input order, memory flat, interruptible."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Generic, TypeVar

from .devices import available_cores
from .errors import ComposeError, Interrupted
from .files import remove_open_parts

Item = TypeVar("Item")
Value = TypeVar("Value")

INTERRUPTED = 130  # the exit code after a signal, as shells have it
_SLICE = 0.2  # seconds
_MOST_JOBS = 8  # beyond, decoding pictures fills memory rather than cores


@dataclass(frozen=True)
class Outcome(Generic[Item, Value]):
    """What became of one item: a value, or the sentence of its failure."""

    item: Item
    value: Value | None = None
    error: str | None = None  # one sentence
    details: str | None = None  # the traceback of the failure


@dataclass
class Summary:
    """What became of all items."""

    succeeded: int = 0
    failed: int = 0
    interrupted: bool = False  # by a signal
    stopped: bool = False  # by `fail_fast`

    @property
    def exit_code(self) -> int:
        """0 all done, 1 some failed, 130 interrupted."""
        return INTERRUPTED if self.interrupted else int(self.failed > 0)


def resolve_jobs(jobs: int) -> int:
    """How many items to work on at once: `jobs`, or for 0 one a core and at most 8."""
    return jobs or min(available_cores(), _MOST_JOBS)


def run_batch(
    items: Iterable[Item],
    work: Callable[[Item], Value],
    *,
    emit: Callable[[Outcome[Item, Value]], None],
    jobs: int = 1,
    fail_fast: bool = False,
    on_interrupt: Callable[[], None] = lambda: None,
    fatal: tuple[type[ComposeError], ...] = (),
) -> Summary:
    """Apply `work` to every item in threads and hand the outcomes to `emit` in input order.

    A failure of one item, whatever it raises, becomes its outcome and the others go on. At
    most `2 * jobs` items are taken and not yet emitted, however long the batch is.

    In the main thread, the first SIGINT or SIGTERM stops taking items; those in progress are
    finished and emitted. The second one removes unfinished files and ends the process at once
    with exit code 130. Both signals have their old meaning again afterwards.

    Args:
        items: taken one by one, no sooner than needed.
        work: called in worker threads, so it must be safe to call twice at a time. Long work
            may raise `Interrupted` after `on_interrupt` was called; its item is not emitted.
        emit: called in the calling thread. What it raises stops the batch and is passed on.
        jobs: see `resolve_jobs`.
        fail_fast: stop taking items after the first failure.
        on_interrupt: called from the signal's handler, so it may not write to a buffered stream.
        fatal: what `work` raises of these is no failure of one item; it ends the batch and is
            passed on.
    """
    summary = Summary()
    stop = threading.Event()
    jobs = resolve_jobs(jobs)

    def attempt(item: Item) -> Outcome[Item, Value] | None:
        if stop.is_set():
            return None
        try:
            outcome = _attempt(item, work, fatal)
        except fatal:
            stop.set()
            raise
        except Interrupted:  # neither done nor failed
            return None
        if fail_fast and outcome.error is not None:
            summary.stopped = True
            stop.set()
        return outcome

    def interrupt() -> None:
        summary.interrupted = True
        stop.set()
        on_interrupt()

    source = iter(items)
    pending: deque[Future[Outcome[Item, Value] | None]] = deque()
    with _signals(interrupt), ThreadPoolExecutor(jobs, "compose-batch") as pool:
        try:
            while True:
                while not stop.is_set() and len(pending) < 2 * jobs:
                    try:
                        item = next(source)
                    except StopIteration:
                        break
                    pending.append(pool.submit(attempt, item))
                if not pending:
                    return summary
                future = pending.popleft()
                # in slices: a signal that comes just before a wait begins does not end the wait
                while not wait([future], timeout=_SLICE).done:
                    pass
                outcome = future.result()
                if outcome is not None:
                    summary.succeeded += outcome.error is None
                    summary.failed += outcome.error is not None
                    emit(outcome)
        finally:
            stop.set()


def describe(error: BaseException) -> str:
    """One sentence about an exception that ended the work on an input or the whole run."""
    text = " ".join(str(error).split())
    if isinstance(error, ComposeError):
        return text
    if isinstance(error, MemoryError):
        return "there was not enough memory; use --jobs 1, or smaller inputs."
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"unexpected {what}; run again with --debug to see where."


def _attempt(
    item: Item, work: Callable[[Item], Value], fatal: tuple[type[ComposeError], ...]
) -> Outcome[Item, Value]:
    try:
        return Outcome(item, value=work(item))
    except BaseException as error:  # panics of compiled libraries are no Exception
        if isinstance(error, (Interrupted, *fatal)):
            raise
        # as text, for the frames of a traceback keep whole pictures alive
        details = "".join(traceback.format_exception(error))
        return Outcome(item, error=describe(error), details=details)


@contextmanager
def _signals(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call `interrupt` at the first SIGINT or SIGTERM and end the process at the second."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            remove_open_parts()
            os._exit(INTERRUPTED)
        seen = True
        interrupt()

    # a signal that the parent process had ignored, as nohup does, stays ignored
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
