from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from compose.core.batch import Outcome, describe, resolve_jobs, run_batch
from compose.core.errors import ImageError, OutputError


def run(items, work, **options):  # type: ignore[no-untyped-def]
    outcomes: list[Outcome[int, int]] = []
    summary = run_batch(items, work, emit=outcomes.append, **options)
    return summary, outcomes


@pytest.mark.parametrize("jobs", [1, 3])
def test_outcomes_come_in_input_order(jobs: int) -> None:
    def work(item: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0)
        return item * item

    summary, outcomes = run(range(20), work, jobs=jobs)
    assert [outcome.value for outcome in outcomes] == [n * n for n in range(20)]
    assert (summary.succeeded, summary.failed, summary.exit_code) == (20, 0, 0)


class Panic(BaseException):
    """What a compiled library may raise."""


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ImageError("it is\nbroken; mend it."), "it is broken; mend it."),
        (ZeroDivisionError("by\n0"), "unexpected ZeroDivisionError: by 0; run again with --debug"),
        (MemoryError(), "there was not enough memory"),
        (Panic(), "unexpected Panic; run"),
        (KeyboardInterrupt(), "unexpected KeyboardInterrupt"),
    ],
)
def test_any_failure_is_a_sentence_and_the_others_go_on(
    error: BaseException, sentence: str
) -> None:
    def work(item: int) -> int:
        if item == 1:
            raise error
        return item

    summary, outcomes = run(range(3), work)
    assert [outcome.value for outcome in outcomes] == [0, None, 2]
    assert outcomes[1].error is not None
    assert outcomes[1].error.startswith(sentence)
    assert "\n" not in outcomes[1].error
    assert "Traceback" in (outcomes[1].details or "")
    assert (summary.succeeded, summary.failed, summary.exit_code) == (2, 1, 1)


def test_few_items_are_in_flight_however_slow_the_first() -> None:
    """Memory stays flat: at most 2 * jobs items are taken and not yet emitted."""
    taken = emitted = most = 0
    first = threading.Event()

    def items() -> Iterator[int]:
        nonlocal taken, most
        for number in range(100):
            taken += 1
            most = max(most, taken - emitted)
            if taken == 6:
                first.set()
            yield number

    def work(item: int) -> int:
        if item == 0:
            assert first.wait(10)
        return item

    def emit(outcome: Outcome[int, int]) -> None:
        nonlocal emitted
        emitted += 1

    run_batch(items(), work, emit=emit, jobs=3)
    assert emitted == 100
    assert most == 6


def test_fail_fast_begins_nothing_more() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 2:
            raise ImageError("bad; leave it out.")
        return item

    summary, outcomes = run(range(1000), work, fail_fast=True)
    assert begun == [0, 1, 2]
    assert [outcome.item for outcome in outcomes] == begun
    assert summary.stopped
    assert summary.exit_code == 1


def test_error_of_emit_stops_the_batch() -> None:
    begun: list[int] = []

    def emit(outcome: Outcome[int, int]) -> None:
        raise BrokenPipeError

    def work(item: int) -> int:
        begun.append(item)
        return item

    with pytest.raises(BrokenPipeError):
        run_batch(range(1000), work, emit=emit, jobs=2)
    assert len(begun) <= 4


def test_a_fatal_failure_ends_the_batch_and_is_no_outcome() -> None:
    begun: list[int] = []
    outcomes: list[Outcome[int, int]] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise OutputError("the disk is full; free some space.")
        if item == 1:
            raise ImageError("it is broken.")
        return item

    with pytest.raises(OutputError, match="the disk is full"):
        run_batch(range(1000), work, emit=outcomes.append, jobs=2, fatal=(OutputError,))
    assert [outcome.item for outcome in outcomes] == [0, 1, 2]
    assert outcomes[1].error == "it is broken."
    assert len(begun) <= 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_finishes_what_is_in_progress(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    told: list[bool] = []

    def work(item: int) -> int:
        if item == 3:
            os.kill(os.getpid(), number)
            while not told:
                time.sleep(0.01)
        return item

    summary, outcomes = run(range(1000), work, on_interrupt=lambda: told.append(True))
    assert [outcome.item for outcome in outcomes] == [0, 1, 2, 3]
    assert summary.interrupted
    assert summary.exit_code == 130
    assert signal.getsignal(number) == before


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        summary, _ = run(range(3), lambda item: os.kill(os.getpid(), signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert (summary.succeeded, summary.interrupted) == (3, False)


def test_other_threads_may_run_batches() -> None:
    results = []
    thread = threading.Thread(target=lambda: results.append(run(range(5), lambda item: item)))
    thread.start()
    thread.join()
    assert results[0][0].succeeded == 5


def test_jobs() -> None:
    assert 1 <= resolve_jobs(0) <= 8
    assert resolve_jobs(12) == 12
    assert describe(ImageError("x\n y")) == "x y"
