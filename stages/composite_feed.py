"""Examples made by threads while the network is busy with those before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Place = tuple[int, int]  # epoch, and place in it
Example = TypeVar("Example")


class ExampleFeed(Generic[Example]):
    """Batches of examples, the next one begun when one is taken.

    What an example is depends on its place alone, so threads change nothing but the time.

    Args:
        make: the example of a place.
        places: those of a batch, by its number.
        threads: 0 makes examples when they are asked for.
    """

    def __init__(
        self,
        make: Callable[[Place], Example],
        places: Callable[[int], Sequence[Place]],
        threads: int,
    ) -> None:
        self._make, self._places = make, places
        self._pool = ThreadPoolExecutor(threads, "examples") if threads else None
        self._begun: dict[int, list[Future[Example]]] = {}

    def take(self, number: int) -> list[Example]:
        """Batch `number`.

        Raises:
            DataError: a sample cannot be read.
        """
        if self._pool is None:
            return [self._make(place) for place in self._places(number)]
        waiting = self._begun.pop(number, None) or self._begin(self._pool, number)
        self._begun = {
            number + 1: self._begun.get(number + 1) or self._begin(self._pool, number + 1)
        }
        return [future.result() for future in waiting]

    def close(self) -> None:
        """End the threads; what they have begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, pool: ThreadPoolExecutor, number: int) -> list[Future[Example]]:
        return [pool.submit(self._make, place) for place in self._places(number)]
