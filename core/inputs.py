"""Which files a command works on: files, folders, quoted patterns, lists, and standard input."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import UsageError
from .files import is_part_file
from .formats import IMAGE_SUFFIXES
from .names import printable


@dataclass(frozen=True)
class Source:
    """One input."""

    path: Path  # as given or found, relative to the working folder or absolute
    relative: Path  # where its outputs go below the output folder; never leaves it
    problem: str | None = None  # the sentence of its failure when it cannot be an input at all


class _Nothing(Source):
    """An argument that names no file."""


@dataclass(frozen=True)
class _Wanted:
    """What is an input below a folder."""

    suffixes: frozenset[str]
    outputs: frozenset[str]  # folders that are left out, with all links resolved

    def left_out(self, folder: str | Path) -> bool:
        return bool(self.outputs) and os.path.realpath(folder) in self.outputs


def expand_inputs(
    arguments: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    null: bool = False,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    outputs: Sequence[Path] = (),
) -> list[Source]:
    """The inputs that the arguments name, each once, in the order of the arguments.

    | argument | what it gives | `relative` |
    |---|---|---|
    | file | that file, whatever its suffix | its name |
    | folder | files below with one of `suffixes`, sorted; hidden ones are left out | below it |
    | `'photos/**/*.jpg'` | what the pattern matches; folders among it as above | below `photos` |
    | `@list.txt`, `-` | the file or folder in every line of it | the folders of the line |

    A file of exactly the name `*.jpg`, `@list.txt` or `-` is reached as `./*.jpg` and so on; a
    pattern or an `@` that is the name of an existing file means that file. Symbolic links are
    followed, except into a folder that holds them. What is missing or no regular file becomes
    a source with a `problem`, so that the rest is still worked on; so does an empty folder with
    one of `suffixes`.

    Args:
        stdin: bytes of paths for `-`.
        null: lists are separated by NUL, not by line ends.
        suffixes: in lower case, with the dot.
        outputs: folders that the run writes into. Where they lie below a folder that is an input
            or match a pattern, what an earlier run left in them is no input.

    Returns:
        Empty only when lists were given and all of them name nothing.

    Raises:
        UsageError: a list cannot be read, or arguments other than lists name no file at all.
    """
    wanted = _Wanted(suffixes, frozenset(map(os.path.realpath, outputs)))
    found: dict[str, Source] = {}
    lists = False
    for argument in arguments:
        if not argument:
            raise UsageError("an input is empty text; name a file or a folder.")
        if argument == "-" or (argument.startswith("@") and not os.path.lexists(argument)):
            lists = True
            sources = _from_list(_lines(argument, stdin, null), wanted)
        elif glob.has_magic(argument) and not os.path.lexists(argument):
            sources = _from_pattern(argument, wanted)
        else:
            sources = _from_path(Path(argument), Path(), wanted)
        for source in sources:
            found.setdefault(os.path.abspath(source.path), source)
    named = list(found.values())
    if not lists and all(isinstance(source, _Nothing) for source in named):
        one = named[0].problem if len(named) == 1 else None
        raise UsageError(one or "the inputs name no file at all; check them.")
    return named


def _from_path(path: Path, below: Path, wanted: _Wanted) -> Iterator[Source]:
    """A file or folder that somebody named; its outputs go below `below`."""
    try:
        kind = path.stat().st_mode
    except OSError as error:
        name, reason = printable(path), os.strerror(error.errno or 0)
        text = f"cannot find {name} ({reason}); check its spelling."
        yield Source(path, below / (path.name or "input"), text)
        return
    if stat.S_ISDIR(kind):
        empty = True
        for source in _below(path, below, wanted):
            empty = False
            yield source
        if empty:
            text = f"the folder {printable(path)} holds no input; name another one."
            yield _Nothing(path, below / (path.name or "input"), text)
    else:
        yield Source(path, below / path.name, _unusable(path, kind))


def _unusable(path: Path, kind: int) -> str | None:
    if not stat.S_ISREG(kind):
        return f"{printable(path)} is no regular file; name a file or a folder."
    if is_part_file(path):
        return f"{printable(path)} was left unfinished by an interrupted run; name another file."
    return None


def _below(folder: Path, below: Path, wanted: _Wanted) -> Iterator[Source]:
    """The inputs in a folder, by name, then those of its folders; no loop of links is entered."""
    pending = [(folder, below, frozenset[tuple[int, int]]())]
    while pending:
        here, relative, above = pending.pop()
        try:
            status = here.stat()
            entries = sorted(os.scandir(here), key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            text = f"cannot read the folder {printable(here)} ({os.strerror(error.errno or 0)}); "
            yield Source(here, relative, text + "change its permissions or leave it out.")
            continue
        identity = (status.st_dev, status.st_ino)
        if identity in above:
            continue
        entries = [entry for entry in entries if not entry.name.startswith(".")]
        if not entries and here.suffix.lower() in wanted.suffixes:
            text = f"the folder {printable(here)} holds no input; replace it or leave it out."
            yield Source(here, relative, text)
        folders = []
        for entry in entries:
            if os.path.isdir(entry.path):
                if wanted.left_out(entry.path):
                    continue
                folders.append((Path(entry.path), relative / entry.name, above | {identity}))
            elif Path(entry.name).suffix.lower() in wanted.suffixes:
                yield from _from_path(Path(entry.path), relative, wanted)
        pending.extend(reversed(folders))


def _from_pattern(pattern: str, wanted: _Wanted) -> Iterator[Source]:
    fixed = Path()
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed /= part
    matches = sorted(glob.glob(pattern, recursive=True), key=os.fsencode)
    paths = [path for path in map(Path, matches) if not is_part_file(path)]
    paths = [path for path in paths if not _within_outputs(path, fixed, wanted)]
    for path in paths:
        inner = path.relative_to(fixed)
        if os.pardir in inner.parts:
            inner = _folders_of(os.fspath(path)) / path.name
        if not os.path.isdir(path):
            yield from _from_path(path, inner.parent, wanted)
        else:
            yield from _below(path, inner, wanted)
    if not paths:
        text = f"nothing matches the pattern {printable(pattern)}; check it."
        yield _Nothing(Path(pattern), Path("input"), text)


def _within_outputs(path: Path, fixed: Path, wanted: _Wanted) -> bool:
    """Whether a match lies in a folder of outputs that the pattern does not name itself."""
    inner = [path, *path.parents][: len(path.relative_to(fixed).parts)]
    return any(wanted.left_out(each) for each in inner)


def _from_list(lines: Iterable[str], wanted: _Wanted) -> Iterator[Source]:
    for line in lines:
        path = Path(line)
        if is_part_file(path):
            continue
        below = _folders_of(line)
        folder = os.path.isdir(path)
        if folder and path.suffix.lower() not in wanted.suffixes:
            # `find` names folders too: one without inputs is no failure of anybody's
            yield from _below(path, below / path.name, wanted)
        else:
            inner = below / path.name if folder else below
            yield from _from_path(path, inner, wanted)


def _folders_of(line: str) -> Path:
    """The folders of a listed path, as they are mirrored: without `.`, `..` and the root."""
    normal = os.path.normpath(line)
    if normal.split(os.sep)[0] == os.pardir:
        normal = os.path.abspath(line)
    parent = Path(normal).parent
    return parent.relative_to(parent.anchor)


def _lines(argument: str, stdin: BinaryIO | None, null: bool) -> Iterator[str]:
    if argument == "-":
        data = stdin.read() if stdin is not None else b""
    else:
        try:
            data = Path(argument[1:]).read_bytes()
        except OSError as error:
            name, reason = printable(argument[1:]), os.strerror(error.errno or 0)
            raise UsageError(f"cannot read the list {name} ({reason}); check it.") from None
    if b"\0" in data and not null:
        raise UsageError("the list of inputs holds NUL characters; add --null.")
    for raw in data.removeprefix(b"\xef\xbb\xbf").split(b"\0" if null else b"\n"):
        line = os.fsdecode(raw)
        if not null and line.endswith("\r") and not os.path.lexists(line):
            line = line[:-1]
        if line:
            yield line
