"""What a build of a reference index has done so far, so that it goes on after an interruption.

A hidden folder beside the index: `header.json`, `vectors` (rows of float16, one after the other)
and `rows.jsonl`, whose every whole line is one photograph that is done, its vector being the row
of the line's number.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..core.errors import OutputError
from ..core.files import atomic_write
from ..core.names import printable
from .reference_index import IndexHeader, Reference


def journal_folder(path: Path) -> Path:
    """Where the journal of the index `path` lies while it is built."""
    return path.with_name(f".{path.name}.compose-build")


class ReferenceJournal:
    """The journal of one build; use it in a `with`.

    Photographs of a former run count as done if the encoder is the same and neither their size
    nor their time of change differs.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path, header: IndexHeader) -> None:
        """Take up the journal of the index `path`, or begin it."""
        self.folder, self.header = journal_folder(path), header
        self.references: list[Reference] = []
        self._rows: dict[tuple[str, tuple[int, ...]], int] = {}
        stated = json.dumps(asdict(header), sort_keys=True)
        with self._writing():
            note = self.folder / "header.json"
            if not note.is_file() or note.read_text() != stated:
                with contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(self.folder)
                with atomic_write(note) as part:
                    part.write_text(stated)
            self._load()
            self._vectors: BinaryIO = (self.folder / "vectors").open("ab")
            self._lines: BinaryIO = (self.folder / "rows.jsonl").open("ab")

    def __enter__(self) -> ReferenceJournal:
        return self

    def __exit__(self, *exception: object) -> None:
        self._vectors.close()
        self._lines.close()

    def done(self, name: str, state: tuple[int, ...]) -> int | None:
        """The row of a photograph that is done, by its name and its file's size and time."""
        return self._rows.get((name, state))

    def add(
        self, reference: Reference, vector: NDArray[np.floating], state: tuple[int, ...]
    ) -> int:
        """Note a photograph as done and return its row.

        Raises:
            OutputError: it cannot be written.
        """
        line = json.dumps(_as_json(reference, state)).encode() + b"\n"
        with self._writing():
            self._vectors.write(np.asarray(vector, "<f2").tobytes())
            self._vectors.flush()
            self._lines.write(line)  # the vector is there before its line says so
            self._lines.flush()
        return self._take(reference, state)

    def vectors(self) -> NDArray[np.float16]:
        """All rows, mapped."""
        shape = (len(self.references), self.header.dims)
        if not shape[0]:
            return np.empty(shape, np.float16)
        return np.memmap(self.folder / "vectors", "<f2", "r", shape=shape)

    def remove(self) -> None:
        """Take it away once the index stands."""
        self.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _take(self, reference: Reference, state: tuple[int, ...]) -> int:
        self.references.append(reference)
        self._rows[reference.name, state] = len(self.references) - 1
        return len(self.references) - 1

    def _load(self) -> None:
        """Read what whole lines and vectors there are, and cut off what is half written."""
        lines, vectors = self.folder / "rows.jsonl", self.folder / "vectors"
        width = 2 * self.header.dims
        data = lines.read_bytes() if lines.is_file() else b""
        held = vectors.stat().st_size // width if vectors.is_file() else 0
        end = 0
        for line in data.splitlines(keepends=True)[:held]:
            try:
                reference, state = _from_json(json.loads(line), self.header)
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            self._take(reference, state)
            end += len(line)
        for path, size in ((lines, end), (vectors, width * len(self.references))):
            if path.is_file():
                os.truncate(path, size)

    @contextlib.contextmanager
    def _writing(self):  # type: ignore[no-untyped-def]
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"cannot write in {printable(self.folder)} ({error.strerror}); free some space, "
                "or choose another place for the index; what is done is kept."
            ) from error


def _as_json(reference: Reference, state: tuple[int, ...]) -> dict[str, Any]:
    return {
        "name": reference.name,
        "source": reference.source,
        "hash": reference.hash,
        "size": reference.size,
        "layout": np.asarray(reference.layout, float).tolist(),
        "geometry": np.asarray(reference.geometry, float).tolist(),
        "state": state,
    }


def _from_json(row: dict[str, Any], header: IndexHeader) -> tuple[Reference, tuple[int, ...]]:
    layout, geometry = np.array(row["layout"], float), np.array(row["geometry"], float)
    if layout.shape != (len(header.layouts),) or geometry.shape != (len(header.geometry),):
        raise ValueError
    width, height = row["size"]
    reference = Reference(
        str(row["name"]), str(row["source"]), int(row["hash"]), (width, height), layout, geometry
    )
    return reference, tuple(int(n) for n in row["state"])
