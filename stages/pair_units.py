"""The two kinds of work that a set of pairs is divided into; both can be sent to any process.

The first looks at a block of pictures and notes which have a pair. When all are noted it is known
which samples each shard has, and the second kind writes a shard. Neither depends on what was done
before it, and doing one twice gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..core.batch import describe
from ..core.errors import InputError
from ..data.pair_plan import Finding, block_file, write_block
from ..data.raw import RawPicture
from ..data.raw_sets import Rule
from ..data.shard_store import ShardStore, write_bytes
from ..data.shard_writer import ShardStats, sample_key, write_shard
from .pair_mining import MiningConfig, find_group
from .pair_sample import make_sample

Form = Literal["shards", "folders"]
KIND = "pairs"


@dataclass(frozen=True)
class Block:
    """Pictures to look at."""

    set_name: str
    number: int
    rule: Rule
    pictures: Sequence[RawPicture] = field(repr=False)

    @property
    def file(self) -> str:
        """The block's file in the plan."""
        return block_file(self.set_name, self.number)


@dataclass(frozen=True)
class Miner:
    """Looks at blocks and notes what they give; called in any process."""

    store: ShardStore
    config: MiningConfig

    def __call__(self, block: Block) -> list[Finding]:
        """The block's findings, which are written.

        Raises:
            OutputError: they cannot be written.
        """
        found = [self._finding(picture, block.rule) for picture in block.pictures]
        write_block(self.store, block.file, found)
        return found

    def _finding(self, picture: RawPicture, rule: Rule) -> Finding:
        try:
            return Finding(picture.id, find_group(picture, rule, self.config))
        except InputError as error:
            return Finding(picture.id, error=describe(error))


@dataclass(frozen=True)
class Unit:
    """Samples to write."""

    set_name: str
    split: str  # "train" or "test"
    number: int
    items: Sequence[tuple[RawPicture, tuple[int, ...]]] = field(repr=False)

    @property
    def stem(self) -> str:
        """The shard's name without suffix."""
        return f"{self.split}/{self.set_name}/{self.number:05d}"


@dataclass(frozen=True)
class Written:
    """What became of a unit."""

    samples: int
    failures: list[tuple[str, str]]  # ids of pictures that could not be used, and why


@dataclass(frozen=True)
class Writer:
    """Writes units; called in any process."""

    store: ShardStore
    form: Form
    seed: int

    def __call__(self, unit: Unit) -> Written:
        """Write the samples of a unit.

        Raises:
            OutputError: they cannot be written.
        """
        tally = Tally()
        if self.form == "folders":
            for key, parts in self._samples(unit, tally):
                write_folder(self.store, f"{unit.split}/{unit.set_name}/{key}", parts)
            return Written(tally.samples, tally.failures)
        stats = write_shard(self.store, unit.stem, KIND, self._samples(unit, tally), tally.notes)
        return written_of(stats)

    def _samples(self, unit: Unit, tally: Tally) -> Iterator[tuple[str, dict[str, bytes]]]:
        for picture, places in unit.items:
            try:
                parts, meta = make_sample(picture, places, unit.set_name, self.seed)
            except InputError as error:
                tally.failures.append((picture.id, describe(error)))
                continue
            tally.add(meta)
            yield sample_key(picture.id), parts


def written_of(stats: ShardStats) -> Written:
    """What a finished shard says became of it."""
    failed = stats.notes.get("failed", {})
    return Written(stats.samples, [(str(key), str(value)) for key, value in failed.items()])


def write_folder(store: ShardStore, folder: str, parts: dict[str, bytes]) -> None:
    """A sample as PICS writes it: image.jpg, object_0.png, object_0_mask.png, …

    `meta.json` is written last: a folder that has none is not finished.
    """
    names = {"bg.jpg": "image.jpg", "meta.json": "meta.json"}
    for part, data in parts.items():
        number = part.partition(".")[0].removeprefix("obj").removeprefix("mask")
        suffix = "_mask.png" if part.startswith("mask") else ".png"
        write_bytes(store, f"{folder}/{names.get(part, f'object_{number}{suffix}')}", data)


@dataclass
class Tally:
    """What the samples of a shard are like, put together as they come."""

    samples: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)
    iou: Span = field(default_factory=lambda: Span())
    contact: Span = field(default_factory=lambda: Span())

    def add(self, meta: dict[str, Any]) -> None:
        """Count a sample by its `meta.json`."""
        self.samples += 1
        for each in meta["objects"]:
            label = each["label"] or ""
            self.labels[label] = self.labels.get(label, 0) + 1
        self.orders[meta["order_by"]] = self.orders.get(meta["order_by"], 0) + 1
        for pair in meta["pairs"]:
            self.iou.add(pair["iou"])
            self.contact.add(pair["contact"])

    def notes(self) -> dict[str, Any]:
        """For the file beside the shard."""
        return {
            "labels": self.labels,
            "order_by": self.orders,
            "iou": self.iou.notes(),
            "contact": self.contact.notes(),
            "failed": dict(self.failures),
        }


@dataclass
class Span:
    """Least, greatest and mean of numbers."""

    count: int = 0
    least: float = math.inf
    most: float = -math.inf
    total: float = 0.0

    def add(self, value: float) -> None:
        """Count one."""
        self.count += 1
        self.least, self.most = min(self.least, value), max(self.most, value)
        self.total += value

    def notes(self) -> dict[str, float]:
        """As JSON; nothing of no numbers."""
        if not self.count:
            return {}
        mean = round(self.total / self.count, 6)
        return {"least": self.least, "most": self.most, "mean": mean}


def settings_of(config: MiningConfig) -> dict[str, Any]:
    """A configuration as JSON."""
    return asdict(config)
