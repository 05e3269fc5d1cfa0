"""Photographs with crops, whatever data set they come from, as the DETR croppers are trained on.

A data set's reader gives its own records; an adapter here turns them into `CropExample`, and all
else is the same for all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.errors import DataError
from ..core.names import printable
from ..core.seeds import generator
from ..data.fcdb import image_path, read_crops, read_pairs

BEST = 5.0  # the score of a crop that a photographer drew
GOOD = 4.0  # from which on a crop is good, whatever its data set
# a voted crop's score goes from 1 (nobody's choice) to this, short of what counts as good
_VOTED = 3.9


@dataclass(frozen=True, eq=False)
class CropExample:
    """One photograph and what is known of its crops."""

    picture: Path
    boxes: NDArray[np.float64]  # (N,4) x1, y1, x2, y2 in pixels of the upright picture, N > 0
    scores: NDArray[np.float64]  # (N,) from 1 to 5
    source: str  # which photograph it is, or was made of; its own crops are no references for it
    subject: Box | None = None
    weak: bool = False  # boxes[0] is a photograph around which the rest was painted


def fcdb_examples(root: Path, split: str = "train", *, voted: bool = True) -> list[CropExample]:
    """FCDB's photographs: the drawn crop, and beside it those that were voted on.

    Args:
        root: the data set's folder.
        split: of it.
        voted: whether to take the crops of its pairs too, with scores by their share of votes.

    Raises:
        DataError: files are missing or malformed, or the split is empty.
    """
    records = read_crops(root, split)
    if not records:
        raise DataError(f"the split '{split}' names no photograph; choose another one.")
    shares: dict[str, dict[Box, list[float]]] = {record.file: {} for record in records}
    for pair in read_pairs(root, only=shares) if voted else ():
        votes = max(pair.votes_a + pair.votes_b, 1)
        for box, won in ((pair.a, pair.votes_a), (pair.b, pair.votes_b)):
            shares[pair.file].setdefault(box, []).append(won / votes)
    found = []
    for record in records:
        crops = shares[record.file]
        scores = [1 + (_VOTED - 1) * float(np.mean(each)) for each in crops.values()]
        found.append(
            CropExample(
                image_path(root, record.file),
                np.array([record.box, *crops], np.float64),
                np.array([BEST, *scores], np.float64),
                record.file,
            )
        )
    return found


class AnnotatedCrops(Protocol):
    """What a data set's reader has to give of a photograph."""

    @property
    def picture(self) -> Path:
        """Its file."""
        ...

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(N,4) in pixels, as `CropExample` has them."""
        ...

    @property
    def scores(self) -> NDArray[np.float64] | None:
        """(N,) or None for crops that were drawn, of which each is as good as the others."""
        ...

    @property
    def subject(self) -> Box | None:
        """What the photograph is of, where that is known."""
        ...

    @property
    def source(self) -> str:
        """Which photograph it is, or was made of."""
        ...


def adapted(
    record: AnnotatedCrops, *, weak: bool = False, good: float | None = None
) -> CropExample:
    """A reader's record as an example; of a photograph that was painted on, all crops are good.

    Args:
        record: of a photograph.
        weak: it was painted on, and the first crop is the original.
        good: the score from which on its data set calls a crop good; scores are moved so that
            this one is `GOOD`.

    Raises:
        DataError: it has no crop.
    """
    if not len(record.boxes):
        raise DataError(f"{printable(record.picture)} has no crop; leave it out of the list.")
    scores = record.scores
    if weak:  # scores of such sets are a network's confidence, not people's opinion
        scores = np.array([BEST, *[BEST - 0.5] * (len(record.boxes) - 1)])
    elif scores is None:
        scores = np.full(len(record.boxes), BEST)
    elif good is not None:
        scores = scores + (GOOD - good)
    subject = None if weak else record.subject
    return CropExample(record.picture, record.boxes, scores, record.source, subject, weak)


class Mixture:
    """Sets of examples in one: an epoch has each set as often as asked, in an order of its own.

    Args:
        sets: of examples, none of them empty.
        shares: of an epoch, for each set; as large as the sets are by default.
        size: of an epoch; all sets' together by default.

    Raises:
        DataError: there is no example.
    """

    def __init__(
        self,
        sets: Sequence[Sequence[CropExample]],
        shares: Sequence[float] | None = None,
        size: int | None = None,
    ) -> None:
        if not sets or not all(len(part) for part in sets):
            raise DataError("there is nothing to train on; give data with at least one picture.")
        self._sets = [list(part) for part in sets]
        self.size = size or sum(len(part) for part in sets)
        weights = np.array(shares or [len(part) for part in sets], np.float64)
        ends = np.floor(np.cumsum(weights) / weights.sum() * self.size + 0.5).astype(int)
        self._counts = np.diff(ends, prepend=0)

    def __len__(self) -> int:
        return self.size

    def epoch(self, seed: int, number: int) -> list[tuple[int, int]]:
        """The order of an epoch: sets and places in them, every example as often as any other."""
        places: list[tuple[int, int]] = []
        for which, (part, count) in enumerate(zip(self._sets, self._counts, strict=True)):
            first, size = number * int(count), len(part)
            turns = range(first // size, (first + int(count) - 1) // size + 1)
            orders = [
                generator(seed, "crop-set", str(which), str(turn)).permutation(size)
                for turn in turns
            ]
            row = np.concatenate(orders) if orders else np.empty(0, np.int64)
            begin = first - turns.start * size
            places += [(which, int(place)) for place in row[begin : begin + int(count)]]
        mixed = generator(seed, "crop-epoch", str(number)).permutation(len(places))
        return [places[i] for i in mixed]

    def example(self, which: int, place: int) -> CropExample:
        """That one."""
        return self._sets[which][place]

    def digest(self) -> str:
        """Of all examples, by their pictures' names and crops."""
        found = hashlib.sha256()
        for part, count in zip(self._sets, self._counts, strict=True):
            found.update(f"{len(part)} {count}\n".encode())
            for each in part:
                head = [each.picture.name, each.source, each.subject, each.weak, len(each.boxes)]
                found.update(json.dumps(head).encode())
                found.update(each.boxes.tobytes() + each.scores.tobytes())
        return found.hexdigest()


def painted_examples(root: Path) -> list[CropExample]:
    """Pictures with a text of crops beside each, as ProCrop's CAD has them.

    A line is `x1 y1 x2 y2 score`, the first one the original photograph's region; the picture
    `12345_0.jpg` was made of 12345.

    Raises:
        DataError: there is none, or a text is not of that form.
    """
    texts = sorted(root.rglob("*.txt"))
    found = []
    for text in texts:
        pictures = [p for p in sorted(text.parent.glob(f"{text.stem}.*")) if p != text]
        if not pictures:
            continue
        try:
            rows = [[float(v) for v in line.split()] for line in text.read_text().splitlines()]
            boxes = np.array([row[:4] for row in rows if row], np.float64).reshape(-1, 4)
        except (OSError, ValueError):
            boxes = np.empty((0, 4))
        if not len(boxes) or (boxes[0, :2] >= boxes[0, 2:]).any():
            raise DataError(
                f"{printable(text)} must hold lines of x1 y1 x2 y2 score, the original first."
            )
        boxes = boxes[(boxes[:, :2] < boxes[:, 2:]).all(1)]
        scores = np.array([BEST, *[BEST - 0.5] * (len(boxes) - 1)])
        source = text.stem.rpartition("_")[0] or text.stem
        found.append(CropExample(pictures[0], boxes, scores, source, weak=True))
    if not found:
        raise DataError(f"{printable(root)} holds no pictures with crops in a text beside them.")
    return found
