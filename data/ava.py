"""AVA (Murray et al., CVPR 2012): votes from 1 to 10 on photographs; a list without crops.

`AVA.txt` has fifteen numbers a line: its number, the photograph's ID, how many people gave 1, 2,
… 10, two semantic tags (0: none) and the challenge. Photographs are `images/ID.jpg`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.errors import DataError
from ..core.names import printable
from .crop_example import picture_path
from .scored_lines import read_lines

_NUMBERS = 15
_FOLDERS = ("images", "image", ".")


@dataclass(frozen=True)
class AvaPhoto:
    """A photograph and what people thought of it."""

    picture: Path  # may be missing: some of the list's photographs are no longer to be had
    source: str  # its ID
    votes: tuple[int, ...]  # ten, how many people gave 1 ... 10
    tags: tuple[int, ...]  # up to two
    challenge: int

    @property
    def mean(self) -> float:
        """Mean vote in [1, 10]; 0 without any."""
        total = sum(self.votes)
        return sum(n * k for k, n in enumerate(self.votes, 1)) / total if total else 0.0


def read_ava(root: Path) -> list[AvaPhoto]:
    """All photographs of the list, in its order.

    Raises:
        DataError: the list is missing or a line is not of that form.
    """
    root = Path(root)
    path = root / "AVA.txt"
    found = []
    for number, line in enumerate(read_lines(path), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != _NUMBERS or not all(word.isdigit() for word in words):
            raise DataError(f"{printable(path)}, line {number}: expected fifteen whole numbers.")
        votes = tuple(int(word) for word in words[2:12])
        tags = tuple(int(word) for word in words[12:14] if word != "0")
        picture = picture_path(root, _FOLDERS, f"{words[1]}.jpg")
        found.append(AvaPhoto(picture, words[1], votes, tags, int(words[14])))
    return found


def best_of_ava(photos: list[AvaPhoto], count: int) -> list[AvaPhoto]:
    """The `count` photographs with the highest mean votes, best first; ties as in the list.

    ProCrop takes 55,000 as references.
    """
    order = np.argsort([-photo.mean for photo in photos], kind="stable")
    return [photos[index] for index in order[:count]]
