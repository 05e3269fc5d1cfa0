"""Where the samples of compositing's training come from, in an order that is the seed's alone.

Any sample can be had by its epoch and place without those before it, so that an interrupted
training goes on exactly where it stood.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.seeds import generator
from ..data.composite_sample import CompositeSample
from ..data.pics_shards import SampleReference, index_shard, read_sample
from ..data.shard_names import ShardSet
from .composite_toy import toy_scene

_TOGETHER = 10_000  # samples that are shuffled among each other, as published


class SampleSource(Protocol):
    """Samples by epoch and place."""

    size: int  # samples of an epoch
    data: str  # a digest of what they are

    def sample(self, epoch: int, place: int) -> CompositeSample:
        """That one, `place` in [0, size)."""


class ToySource:
    """The drawn set; no scene comes twice."""

    size = 1_000_000

    def __init__(self, seed: int) -> None:
        self._seed, self.data = seed, f"toy {seed}"

    def sample(self, epoch: int, place: int) -> CompositeSample:
        """See `SampleSource`."""
        return toy_scene(self._seed, "train", epoch * self.size + place).sample


class ShardSource:
    """Shards, shuffled as published: the shards' order, then samples of neighbouring shards.

    Only the shards' headers are kept in memory.

    Raises:
        DataError: see `pics_shards.index_shard`.
    """

    def __init__(
        self, sets: Sequence[ShardSet], seed: int, advance: Callable[[], object] = lambda: None
    ) -> None:
        self._seed = seed
        self._shards: list[list[SampleReference]] = []
        self._turns: list[int] = []  # of shards in an epoch, repeated ones several times
        for chosen in sets:
            for shard in chosen.shards:
                self._turns += [len(self._shards)] * chosen.repeated
                self._shards.append(index_shard(shard))
                advance()
        self.size = sum(len(self._shards[turn]) for turn in self._turns)
        told = [[(each.key, each.members) for each in shard] for shard in self._shards]
        self.data = hashlib.sha256(json.dumps([self._turns, told]).encode()).hexdigest()
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def sample(self, epoch: int, place: int) -> CompositeSample:
        """See `SampleSource`."""
        shard, number = self._order(epoch)[place]
        return read_sample(self._shards[shard][number])

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        """(size,2): shard and place in it."""
        random = generator(self._seed, "composite-shards", str(epoch))
        pairs = [
            np.stack([np.full(len(self._shards[s]), s), np.arange(len(self._shards[s]))], 1)
            for s in random.permutation(self._turns)
        ]
        order = np.concatenate(pairs)
        for begin in range(0, len(order), _TOGETHER):
            order[begin : begin + _TOGETHER] = random.permutation(order[begin : begin + _TOGETHER])
        return order
