"""What a set holds, counted from its records and checked against its files; its lists as tables."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.names import printable
from ..data import cad_files as cad
from .cad_filter import RULES

UNKNOWN = "(no class)"
TOTAL = "total"
PICTURES, LABEL_TABLE, COUNTS = "pictures.csv", "labels.csv", "counts.csv"
PICTURE_COLUMNS = (
    "picture",
    "source",
    "file",
    "width",
    "height",
    "x1",
    "y1",
    "x2",
    "y2",
    "layout",
    "dropped",
    "bad",
    "again",
    "other",
    "grown",
    "prompt",
)
LABEL_COLUMNS = ("picture", "version", "rank", "x1", "y1", "x2", "y2", "score", "origin")

Rows = list[list[Any]]


@dataclass
class Counts:
    """What a set holds."""

    photographs: int = 0
    made: int = 0
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)  # by class and source
    dropped: Counter[str] = field(default_factory=Counter)  # by rule
    labels: Counter[int] = field(default_factory=Counter)  # by version
    bad_before: list[float] = field(default_factory=list)  # the scorer's, of all pictures
    bad_after: list[float] = field(default_factory=list)  # of those kept

    @property
    def total(self) -> int:
        """Pictures that were kept."""
        return sum(self.kept.values())

    def table(self) -> tuple[list[str], Rows]:
        """The paper's table: columns for the sources, rows for the classes, with their totals."""
        sources = sorted({source for _, source in self.kept})
        layouts = sorted({layout for layout, _ in self.kept})
        rows: Rows = [
            [layout, *(self.kept[layout, source] for source in sources)] for layout in layouts
        ]
        rows.append([TOTAL, *(sum(row[k + 1] for row in rows) for k in range(len(sources)))])
        for row in rows:
            row.append(sum(row[1:]))
        return ["layout", *sources, TOTAL], rows

    def record(self) -> dict[str, Any]:
        """The counts as JSON."""
        return {
            "photographs": self.photographs,
            "made": self.made,
            "kept": self.total,
            "dropped": {rule: self.dropped[rule] for rule in RULES},
            "labels": {
                cad.version_name(number): self.labels[number] for number in sorted(self.labels)
            },
            "bad_before": _mean(self.bad_before),
            "bad_after": _mean(self.bad_after),
        }


def finish_set(root: Path, *, parquet: bool = False) -> Counts:
    """Count a set, check the counts against its files, and write its tables.

    They are written anew whenever a part of the set is done; what is the same stays as it is.

    Raises:
        DataError: records and files do not agree.
        OutputError: a table cannot be written.
        UsageError: parquet is asked for and pyarrow is not installed.
    """
    counts = Counts()
    pictures: Rows = []
    kept: list[str] = []
    numbers = cad.versions(root)
    labels: Rows = []
    for record in cad.read_records(root):
        counts.photographs += 1
        origins = {
            number: cad.read_json(cad.origins_file(root, number, record["name"]))
            for number in numbers
            if cad.origins_file(root, number, record["name"]).is_file()
        }
        for entry in record["pictures"]:
            _count(counts, record, entry)
            pictures.append(_picture_row(record, entry))
            if entry["dropped"] is None:
                kept.append(entry["picture"])
        for number, found in origins.items():
            for picture, rows in found.items():
                counts.labels[number] += len(rows)
                labels += [
                    [picture, cad.version_name(number), rank, *row] for rank, row in enumerate(rows)
                ]
    _check(root, kept, {row[0]: row for row in pictures}, numbers, labels)
    columns, table = counts.table()
    write_csv(root / PICTURES, PICTURE_COLUMNS, pictures)
    write_csv(root / LABEL_TABLE, LABEL_COLUMNS, labels)
    write_csv(root / COUNTS, columns, table)
    if parquet:
        from .cad_parquet import write_parquet

        write_parquet(root / PICTURES, PICTURE_COLUMNS, pictures)
        write_parquet(root / LABEL_TABLE, LABEL_COLUMNS, labels)
    return counts


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table, whole or not at all; None is an empty cell.

    Raises:
        OutputError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8", "surrogateescape")
    with atomic_write(path) as part:
        part.write_bytes(data)


def _count(counts: Counts, record: dict[str, Any], entry: dict[str, Any]) -> None:
    counts.made += 1
    bad = entry.get("bad")
    if bad is not None:
        counts.bad_before.append(bad)
    if entry["dropped"] is not None:
        counts.dropped[entry["dropped"]] += 1
        return
    counts.kept[entry["layout"] or UNKNOWN, record["source"]] += 1
    if bad is not None:
        counts.bad_after.append(bad)


def _picture_row(record: dict[str, Any], entry: dict[str, Any]) -> list[Any]:
    notes = [entry.get(key) for key in ("layout", "dropped", "bad", "again", "other", "grown")]
    return [
        entry["picture"],
        record["source"],
        record["file"],
        entry["width"],
        entry["height"],
        *entry["region"],
        *notes,
        record["prompt"],
    ]


def _check(
    root: Path, kept: list[str], pictures: dict[str, list[Any]], numbers: list[int], labels: Rows
) -> None:
    """Hold the counts against the files.

    Raises:
        DataError: a picture or its labels are missing, or a label leaves its picture.
    """
    folder = root / cad.IMAGES
    there = {
        path.relative_to(folder).with_suffix("").as_posix()
        for path in folder.rglob("*.jpg")
        if not path.name.startswith(".")
    }
    missing = sorted(set(kept) - there)
    if missing:
        raise DataError(
            f"{printable(root)} lacks {len(missing)} pictures that it has records of, such as "
            f"{printable(missing[0])}.jpg; remove their records and go on with --skip-existing."
        )
    for picture in kept:
        files = [cad.beside_file(root, picture)]
        if numbers:
            files.append(cad.label_file(root, numbers[0], picture))
        for path in files:
            if not path.is_file():
                raise DataError(
                    f"{printable(path)} is missing; remove the record of its photograph and go on "
                    "with --skip-existing."
                )
    for row in labels:
        x1, y1, x2, y2 = row[3:7]
        width, height = pictures[row[0]][3:5] if row[0] in pictures else (0, 0)
        if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
            raise DataError(
                f"a label of {printable(row[0])} in version {row[1]} leaves its picture; make the "
                "set again."
            )


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
