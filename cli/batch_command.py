"""The course of every command that works on inputs one by one: expand, plan, refuse, work."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..core.batch import Outcome, Summary, describe, run_batch
from ..core.errors import ComposeError, InputError
from ..core.files import remove_stale_parts
from ..core.formats import IMAGE_SUFFIXES
from ..core.inputs import Source, expand_inputs
from ..core.names import printable
from ..core.outputs import refuse_collisions, refuse_existing
from .failures import tracebacks_wanted
from .output import Output, written_files
from .shared import Shared

Record = dict[str, Any]
Work = Callable[[Source], Record]
Plan = Callable[[Source], Sequence[Path]]


def run_batch_command(
    shared: Shared,
    start: Callable[[], Work],
    *,
    plan: Plan = lambda source: (),
    marker: Plan | None = None,
    reports: Sequence[Path] = (),
    reads: Sequence[Path] = (),
    show: Callable[[Record, Output], None] | None = None,
    after: Callable[[Record], None] | None = None,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    choose: Callable[[list[Source]], list[Source]] | None = None,
    output: Output | None = None,
    on_interrupt: Callable[[], None] = lambda: None,
    found: list[Source] | None = None,
    fatal: tuple[type[ComposeError], ...] = (),
) -> int:
    """Run one command over its inputs and return the exit code, 0, 1 or 130.

    Every input gives one record, in input order: `{"input", "status", …}` with the status

    - `ok` and what the work returned; files it wrote stand under keys `file`,
    - `error` and the sentence under `error`,
    - `skipped` and its `outputs`, by `--skip-existing`, if it plans outputs and they exist,
    - `planned` and its `outputs`, by `--dry-run`.

    Args:
        shared: the values of the shared options.
        start: called once, when it is certain that there is work: loads models and gives the
            function that works on one input, which is called in threads, `--jobs` at a time.
        plan: every file that an input may write. What it raises is the input's failure.
        marker: those of them that stand only when all is written, if an input may write fewer
            than planned; --skip-existing looks for them. Without it, for all that is planned.
        reports: files that the command writes itself at the end. Like other outputs they are
            refused if they stand, unless --overwrite or --skip-existing is given.
        reads: files and folders that the command reads beside its inputs, which no output may
            replace either.
        show: prints a record with status `ok` for people; otherwise its files are listed.
        after: is given every record, in order, after it was printed.
        suffixes: what is an input in a folder.
        choose: takes the inputs that count out of what was found.
        output: if the command has made its own already.
        on_interrupt: called from the signal's handler, for long work to stop on; see `run_batch`.
        found: the inputs, by a command that finds them itself.
        fatal: failures that would befall the other inputs too; they end the run. See `run_batch`.

    Raises:
        UsageError: before any work, when inputs or outputs are not as they should be.
    """
    output = output or shared.output()
    sources = found
    if sources is None:
        sources = expand_inputs(
            shared.inputs,
            stdin=sys.stdin.buffer,
            null=shared.null,
            suffixes=suffixes,
            outputs=[folder for folder in (shared.out, shared.overlay) if folder is not None],
        )
    if choose is not None:
        sources = choose(sources)
    if not sources:
        output.note("the list of inputs is empty; nothing to do.")
    plans = [_planned(source, plan) for source in sources]
    writes = [(source, path) for source, paths, _ in plans for path in paths]
    refuse_collisions([*writes, *((None, path) for path in reports)], reads)
    if not (shared.overwrite or shared.skip_existing):
        refuse_existing([*(path for _, path in writes), *reports])

    loaded: list[Work] = []  # begun at most once, and before the threads
    settled = [_settled(*planned, marker, shared) for planned in plans]
    if any(record is None for record in settled):
        for folder in {path.parent for _, path in writes} | {path.parent for path in reports}:
            remove_stale_parts(folder)
        loaded.append(start())

    def work(number: int) -> Record:
        record = settled[number]
        if record is None:
            return {"status": "ok", **loaded[0](sources[number])}
        if record["status"] == "error":
            raise InputError(record["error"])
        return record

    def interrupted() -> None:
        _say_stopping()
        on_interrupt()

    counts = {"planned": 0, "skipped": 0}

    def emit(outcome: Outcome[int, Record]) -> None:
        record = {"input": os.fspath(sources[outcome.item].path)}
        if outcome.value is not None:
            record |= outcome.value
        else:
            record |= {"status": "error", "error": outcome.error or ""}
        counts[record["status"]] = counts.get(record["status"], 0) + 1
        _print(record, output, show, outcome.details)
        if after is not None:
            after(record)
        output.advance()

    with output.progress(len(sources), "inputs"):
        summary = run_batch(
            range(len(sources)),
            work,
            emit=emit,
            jobs=shared.jobs,
            fail_fast=shared.fail_fast,
            on_interrupt=interrupted,
            fatal=fatal,
        )
    _summarise(summary, counts, len(sources), output)
    return summary.exit_code


def _planned(source: Source, plan: Plan) -> tuple[Source, list[Path], str | None]:
    """A source, what it writes, and the sentence of its failure if that is known by now."""
    if source.problem is not None:
        return source, [], source.problem
    try:
        return source, list(plan(source)), None
    except InputError as error:
        return source, [], describe(error)


def _settled(
    source: Source, paths: list[Path], problem: str | None, marker: Plan | None, shared: Shared
) -> Record | None:
    """The record of an input that needs no work, else None."""
    if problem is not None:
        return {"status": "error", "error": problem}
    outputs = [os.fspath(path) for path in paths]
    if shared.skip_existing and paths:
        marks = paths if marker is None else marker(source)
        if all(os.path.lexists(path) for path in marks):
            standing = [path for path in outputs if os.path.lexists(path)]
            return {"status": "skipped", "outputs": standing}
    if shared.dry_run:
        return {"status": "planned", "outputs": outputs}
    return None


def _print(
    record: Record,
    output: Output,
    show: Callable[[Record, Output], None] | None,
    details: str | None,
) -> None:
    output.record(record)
    name = printable(record["input"])
    if record["status"] == "error":
        if details is not None and tracebacks_wanted():
            sys.stderr.write(details)
        if output.mode != "json":
            output.error(f"{name}: {record['error']}")
    elif record["status"] == "planned":
        for path in record["outputs"]:
            output.path(path)
        output.text(_listed(name, record["outputs"]))
    elif record["status"] == "skipped":
        output.note(f"{name}: skipped, its outputs exist")
    elif show is not None and output.mode == "human":
        show(record, output)
    else:
        output.text(_listed(name, [os.fspath(path) for path in written_files(record)]))


def _listed(name: str, paths: Sequence[str]) -> str:
    return f"{name} -> {', '.join(map(printable, paths))}" if paths else name


def _say_stopping() -> None:
    text = b"\nstopping after the inputs in progress; interrupt again to stop at once\n"
    with contextlib.suppress(OSError):  # nobody may be listening
        os.write(2, text)  # a signal may come in the middle of a buffered write


def _summarise(summary: Summary, counts: dict[str, int], total: int, output: Output) -> None:
    done = sum(counts.values())
    if summary.interrupted:
        output.error(
            f"interrupted after {done} of {total} inputs; "
            "run the same command with --skip-existing to finish the rest."
        )
    elif summary.failed:
        rest = f", {total - done} not begun" if total > done else ""
        output.error(f"{summary.failed} of {total} inputs failed{rest}; see their messages.")
    if counts["skipped"]:
        output.note(f"{counts['skipped']} of {total} inputs skipped, their outputs exist")
