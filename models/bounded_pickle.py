"""What readers of untrusted pickles share, so that no file runs anything or unfolds without end."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from torch import Tensor

_MOST = 100_000  # modules and tensors of a network
_DEEPEST = 64  # modules within modules


class Refused(Exception):
    """What is wrong with a file that can be read, without its name."""


class Reader:
    """A function that a file may call; unlike a function, it takes no new attributes from it."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[..., Any]) -> None:
        self._read = read

    def __call__(self, *args: Any) -> Any:
        """What the function says."""
        return self._read(*args)

    def __setstate__(self, state: Any) -> None:
        raise Refused("changes what reads it")


class Budget:
    """What a network may be at most, so that a small file cannot unfold to a large one.

    Args:
        size: bytes of the file.
    """

    def __init__(self, size: int) -> None:
        self._bytes, self._count = size, _MOST

    def spend(self, count: int) -> None:
        """One more module, or tensor of `count` bytes.

        Raises:
            Refused: the network has become larger than its file, or has too many parts.
        """
        self._bytes -= count
        self._count -= 1
        if self._bytes < 0 or self._count < 0:
            raise Refused("unfolds to more than it holds")


def view(storage: Any, offset: Any, size: Any, stride: Any) -> Tensor:
    """A tensor on a flat one, which it may not be larger than.

    Raises:
        Refused: it is larger, or there is no flat tensor.
    """
    if not isinstance(storage, Tensor) or prod(size) > storage.numel():
        raise Refused("holds a tensor that is larger than its numbers")
    return storage.as_strided(tuple(size), tuple(stride), offset)


def check_depth(prefix: str) -> None:
    """Raise `Refused` for the dotted name of a module that lies too deep."""
    if prefix.count(".") > _DEEPEST:
        raise Refused("holds modules within modules without end")
