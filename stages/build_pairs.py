"""A set of pairs made of data sets: `compose build-dataset pairs` (METHODS of PICS, section 4.6).

    OUT/pairs.json, OUT/plan/             how it is made, and what each picture gives
    OUT/train/SET/00000.tar, 00000.json   shards and their statistics
    OUT/test/SET/…                        the pictures that their names' hash chooses for testing

Whoever builds (one process, several, a cluster, the jobs of an array) gives the same bytes, and an
interrupted build is gone on with from what stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.batch import Outcome, Summary, run_batch
from ..core.errors import ComposeError, UsageError
from ..core.seeds import derive_seed
from ..core.workers import process_workers, ray_workers
from ..data.pair_plan import BLOCK, SETTINGS, Finding, read_block, read_settings, write_settings
from ..data.raw import Part, RawPicture
from ..data.raw_sets import RawSet
from ..data.shard_store import ShardStore
from ..data.shard_writer import is_finished, read_stats, sample_key
from .pair_mining import MiningConfig
from .pair_units import Block, Form, Miner, Unit, Writer, Written, settings_of, written_of


@dataclass(frozen=True)
class PairsConfig:
    """What decides the bytes of a set."""

    mining: MiningConfig = field(default_factory=MiningConfig)
    part: Part = "train"  # of the data sets
    form: Form = "shards"
    samples_per_shard: int = 1000
    test_share: float = 0.1  # of the pictures, by the hash of their names
    seed: int = 0


@dataclass(frozen=True)
class Course:
    """Who does the work; it does not change what is made."""

    jobs: int = 1  # processes, or tasks of a cluster at once
    cluster: bool = False  # Ray
    shard: tuple[int, int] = (0, 1)  # which of how many builders this is


class PairsBuild:
    """A build, step by step: `begin`, `mine`, `units`, `write`.

    Args:
        store: gets the set.
        sets: what it is made of.
        config: how.

    Raises:
        DataError: a data set is incomplete or damaged.
    """

    def __init__(self, store: ShardStore, sets: Sequence[RawSet], config: PairsConfig) -> None:
        self.store, self.sets, self.config = store, sets, config
        self.pictures = {each.name: each.pictures(config.part) for each in sets}

    @property
    def settings(self) -> dict[str, Any]:
        """What is noted of how the set is made."""
        config = self.config
        return {
            **settings_of(config.mining),
            "part": config.part,
            "form": config.form,
            "samples_per_shard": config.samples_per_shard,
            "test_share": config.test_share,
            "seed": config.seed,
            "sets": {
                name: {"pictures": len(found), "names": _digest(found)}
                for name, found in self.pictures.items()
            },
        }

    def begin(self, *, overwrite: bool) -> None:
        """Make the store ready.

        A set that was begun in the same way is gone on with.

        Raises:
            UsageError: it was begun in another way, and `overwrite` is not given.
            DataError, OutputError: its notes are damaged or cannot be written.
        """
        settings = self.settings
        if overwrite:
            for file in self.store.files():
                if file.split("/")[0] in ("plan", "train", "test"):
                    self.store.remove(file)
            # last: killed before, the rest of the old set is not taken for a part of the new one
            self.store.remove(SETTINGS)
        elif (earlier := read_settings(self.store)) is not None:
            changed = sorted(k for k, value in settings.items() if earlier.get(k) != value)
            if changed:
                raise UsageError(
                    f"{self.store.name(SETTINGS)} says the set was begun with another "
                    f"{changed[0].replace('_', '-')}; give the same options and data as then, "
                    "another --out, or --overwrite."
                )
        self.store.tidy()
        if read_settings(self.store) is None:
            write_settings(self.store, settings)

    def blocks(self) -> list[Block]:
        """All pictures, in blocks."""
        return [
            Block(each.name, number, each.rule, found[number * BLOCK : (number + 1) * BLOCK])
            for each in self.sets
            for found in [self.pictures[each.name]]
            for number in range(-(-len(found) // BLOCK))
        ]

    def mine(
        self, course: Course, advance: Callable[[], object] = lambda: None
    ) -> tuple[dict[str, list[Finding]], Summary]:
        """Look at all pictures that nobody has looked at, this builder's blocks first.

        Returns:
            What each set's pictures give, in their order; and how it went: interrupted, there is
            nothing in the former.

        Raises:
            DataError: what stands of the plan is damaged.
            OutputError: it cannot be written.
        """
        blocks = self.blocks()
        number, of = course.shard
        order = sorted(range(len(blocks)), key=lambda k: (k % of != number, k))
        found: dict[int, list[Finding]] = {}

        def missing() -> Iterator[int]:
            for place in order:  # another builder may have come first
                if self.store.size(blocks[place].file) is None:
                    yield place
                else:
                    advance()

        def emit(outcome: Outcome[int, list[Finding]]) -> None:
            if outcome.value is None:
                raise ComposeError(outcome.error or "")
            found[outcome.item] = outcome.value
            advance()

        miner = Miner(self.store, self.config.mining)
        with _workers(miner, course) as ask:
            summary = run_batch(
                missing(), lambda k: ask(blocks[k]), emit=emit, jobs=course.jobs, fail_fast=True
            )
        if summary.interrupted:
            return {}, summary
        plan: dict[str, list[Finding]] = {each.name: [] for each in self.sets}
        for place, block in enumerate(blocks):
            findings = found.get(place)
            if findings is None:
                ids = [picture.id for picture in block.pictures]
                findings = read_block(self.store, block.file, ids)
            plan[block.set_name] += findings
        return plan, summary

    def units(self, plan: dict[str, list[Finding]]) -> list[Unit]:
        """What is to be written, in the order of names."""
        units = []
        for name, findings in plan.items():
            pairs = zip(self.pictures[name], findings, strict=True)
            chosen = [(picture, f.objects) for picture, f in pairs if f.objects is not None]
            for split in ("train", "test"):
                here = [item for item in chosen if self._split(item[0].id) == split]
                step = self.config.samples_per_shard
                for begin in range(0, len(here), step):
                    units.append(Unit(name, split, begin // step, here[begin : begin + step]))
        return units

    def standing(self, unit: Unit) -> Written | None:
        """What became of a unit that is finished; None of one that is not.

        Raises:
            DataError: its statistics are damaged.
        """
        if self.config.form == "shards":
            stats = read_stats(self.store, unit.stem)
            done = stats is not None and is_finished(self.store, unit.stem)
            return written_of(stats) if done and stats is not None else None
        folder = f"{unit.split}/{unit.set_name}"
        marks = (f"{folder}/{sample_key(picture.id)}/meta.json" for picture, _ in unit.items)
        done = all(self.store.size(mark) is not None for mark in marks)
        return Written(len(unit.items), []) if done else None

    def write(
        self, units: Sequence[Unit], course: Course, emit: Callable[[Unit, Written], None]
    ) -> Summary:
        """Write units that do not stand yet, and hand each to `emit` in their order.

        Raises:
            OutputError: one cannot be written; those that could be are finished.
        """

        def tell(outcome: Outcome[Unit, Written]) -> None:
            if outcome.value is None:
                raise ComposeError(outcome.error or "")
            emit(outcome.item, outcome.value)

        writer = Writer(self.store, self.config.form, self.config.seed)
        with _workers(writer, course) as ask:
            return run_batch(units, ask, emit=tell, jobs=course.jobs, fail_fast=True)

    def _split(self, name: str) -> str:
        """By the name alone, so that a photograph that two sets have is on one side in both."""
        return "test" if derive_seed(0, "split", name) / 2**63 < self.config.test_share else "train"


def _workers(work: Any, course: Course) -> Any:
    return (ray_workers if course.cluster else process_workers)(work, course.jobs)


def _digest(pictures: Sequence[RawPicture]) -> str:
    names = "\n".join(picture.id for picture in pictures)
    return hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()[:16]
