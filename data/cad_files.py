"""CAD's layout of expanded pictures with crop labels (ProCrop), in versions that stay as they are.

    cad.json                   how the set was made
    images/NAME_K.jpg          picture K of the photograph NAME, folders as the photographs lie
    images/NAME_K.txt          its labels, `x1 y1 x2 y2 score` a line, the original region first
    dropped/NAME_K.jpg         a small copy of one that the filter dropped
    labels/v001/NAME_K.txt     its labels of version 1: the original region; v002: refined; …
    labels/v001/NAME.json      the same for all pictures of a photograph, with where they come from
    labels/v003.json           how a further version was made; written when it is finished
    records/NAME.json          all that is known of a photograph's pictures; written last

`score` is 0 to 10; a line without one has 5. A number K is one digit, for CAD's readers take the
name apart at fixed places. No file is written twice: who labels anew makes a new version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from ..core.files import atomic_write
from ..core.names import printable

SETTINGS = "cad.json"
IMAGES, DROPPED, LABELS, RECORDS = "images", "dropped", "labels", "records"
VERSION = 2  # 2: frames and what is barred are found otherwise
MOST_VARIANTS = 10
_MISSING_SCORE = 5.0  # of a line of four numbers

TextLabel = tuple[tuple[int, int, int, int], float]


def picture_name(name: str, number: int) -> str:
    """The name of picture `number` of a photograph, below `images`, without suffix."""
    return f"{name}_{number}"


def photo_name(picture: str) -> str:
    """The photograph of a picture; the opposite of `picture_name`.

    Text stays text: as a number, 12345_0 would be 123450.
    """
    name, bar, number = picture.rpartition("_")
    if not bar or len(number) != 1 or number not in "0123456789":
        raise DataError(f"'{printable(picture)}' is no picture of a set; they end in _0 to _9.")
    return name


def image_file(root: Path, picture: str) -> Path:
    """Where a picture that was kept lies."""
    return root / IMAGES / f"{picture}.jpg"


def beside_file(root: Path, picture: str) -> Path:
    """Where the labels beside it lie."""
    return root / IMAGES / f"{picture}.txt"


def dropped_file(root: Path, picture: str) -> Path:
    """Where the small copy of a dropped picture lies."""
    return root / DROPPED / f"{picture}.jpg"


def version_name(version: int) -> str:
    """The folder of a version below `labels`, from 1."""
    return f"v{version:03d}"


def label_file(root: Path, version: int, picture: str) -> Path:
    """Where a picture's labels of a version lie."""
    return root / LABELS / version_name(version) / f"{picture}.txt"


def origins_file(root: Path, version: int, name: str) -> Path:
    """Where a photograph's labels of a version lie with their origins."""
    return root / LABELS / version_name(version) / f"{name}.json"


def begun_file(root: Path, version: int) -> Path:
    """How a version of `relabel` is made; written first."""
    return root / LABELS / f"{version_name(version)}.begun.json"


def done_file(root: Path, version: int) -> Path:
    """The same, written when the version is finished."""
    return root / LABELS / f"{version_name(version)}.json"


def record_file(root: Path, name: str) -> Path:
    """Where a photograph's record lies."""
    return root / RECORDS / f"{name}.json"


def versions(root: Path) -> list[int]:
    """The versions of labels in a set, rising."""
    folder = root / LABELS
    if not folder.is_dir():
        return []
    found = (re.fullmatch(r"v(\d{3,})", path.name) for path in folder.iterdir() if path.is_dir())
    return sorted(int(match[1]) for match in found if match)


def write_text(path: Path, lines: Sequence[str]) -> None:
    """Write lines, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_write(path) as part:
        part.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object, sorted, on one line.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_write(path) as part:
        part.write_text(json.dumps(values, sort_keys=True) + "\n", "utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        DataError: it is missing or damaged.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{printable(path)} cannot be read ({error}); make the set again."
        ) from None
    if not isinstance(values, dict):
        raise DataError(f"{printable(path)} holds no record of a set; make the set again.")
    return values


def read_labels(path: Path) -> list[TextLabel]:
    """The boxes and scores of a file of labels, of ours or of CAD.

    Raises:
        DataError: it is missing, or a line is not as it should be.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read ({error}); check the set.") from None
    return [_label(line, path) for line in lines if line.strip()]


def _label(line: str, path: Path) -> TextLabel:
    try:
        numbers = [float(part) for part in line.split()]
        x1, y1, x2, y2 = (round(number) for number in numbers[:4])
        (score,) = numbers[4:] or [_MISSING_SCORE]
    except (ValueError, OverflowError):
        raise DataError(
            f"{printable(path)}: '{printable(line)}' is no label; lines are x1 y1 x2 y2 score."
        ) from None
    if not (x1 < x2 and y1 < y2):
        raise DataError(f"{printable(path)}: the label '{printable(line)}' has no extent.")
    return (x1, y1, x2, y2), score


def read_records(root: Path) -> Iterator[dict[str, Any]]:
    """The records of a set in the order of their names.

    Raises:
        DataError: one is damaged.
    """
    folder = root / RECORDS
    for path in sorted(folder.rglob("*.json"), key=lambda path: path.relative_to(folder).parts):
        yield read_json(path)
