"""Refusals before any work: outputs that clash with each other, with inputs, or stand already."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import UsageError
from .inputs import Source
from .names import printable


def refuse_collisions(
    plan: Iterable[tuple[Source | None, Path]], read: Iterable[Path] = ()
) -> None:
    """Refuse a plan in which two files would be one, or an output would replace an input.

    Names are compared exactly, and without case and Unicode form where the output's file
    system ignores them. A file that would have to be another's folder counts as a clash too.

    Args:
        plan: every source with every path it would write, one pair a path; None stands for the
            run as a whole, which writes a report, say.
        read: what the run reads beside the sources: files, and folders of which no file may be
            replaced.

    Raises:
        UsageError: naming the first clash.
    """
    pairs = list(plan)
    inputs = {os.path.realpath(source.path) for source, _ in pairs if source}
    folders = set[str]()
    for path in read:
        (folders if path.is_dir() else inputs).add(os.path.realpath(path))
    folds = {parent: _ignores_case(parent) for parent in {path.parent for _, path in pairs}}
    writers: dict[str, Source | None] = {}
    for source, path in pairs:
        if os.path.realpath(path) in inputs or _replaces_one_of(path, folders):
            name = printable(path)
            raise UsageError(f"{name} is an input and would be replaced; write somewhere else.")
        key = _key(path, folds[path.parent])
        other = writers.setdefault(key, source)
        if other is not source:
            raise UsageError(
                f"{_name(other)} and {_name(source)} would both write "
                f"{printable(path)}; give their common folder as input to keep the folders apart, "
                "or rename one."
            )
    for source, path in pairs:
        for parent in Path(_key(path, folds[path.parent])).parents:
            if str(parent) in writers:
                raise UsageError(
                    f"{printable(path)}, which {_name(source)} would write, needs a "
                    "folder where another output is a file; rename one input."
                )


def _replaces_one_of(path: Path, folders: set[str]) -> bool:
    """Whether a path is that of a file somewhere below one of some folders."""
    if not folders or not os.path.lexists(path):
        return False
    return any(str(parent) in folders for parent in Path(os.path.realpath(path)).parents)


def refuse_existing(
    paths: Iterable[Path], remedies: Sequence[str] = ("--skip-existing", "--overwrite")
) -> None:
    """Refuse to write over what stands already.

    Args:
        paths: of the outputs.
        remedies: the options of the command that let it go on nevertheless.

    Raises:
        UsageError: naming how many stand and the first.
    """
    standing = [path for path in paths if os.path.lexists(path)]
    if standing:
        first = printable(standing[0])
        what = f"{first} exists" if len(standing) == 1 else f"{len(standing)} outputs exist"
        example = "" if len(standing) == 1 else f" (the first is {first})"
        raise UsageError(f"{what} already{example}; add {' or '.join(remedies)}.")


def _name(source: Source | None) -> str:
    return printable(source.path) if source else "the run itself"


def _key(path: Path, fold: bool) -> str:
    text = os.path.abspath(path)
    return unicodedata.normalize("NFC", text).casefold() if fold else text


def _ignores_case(folder: Path) -> bool:
    """Whether the file system of `folder`, or of its first parent that exists, ignores case."""
    here = os.path.abspath(folder)
    while (parent := os.path.dirname(here)) != here:
        turned = os.path.join(parent, os.path.basename(here).swapcase())
        if turned != here and os.path.exists(here):
            return os.path.exists(turned) and os.path.samefile(turned, here)
        here = parent
    return False
