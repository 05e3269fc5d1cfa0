"""What options of `compose segment-inpaint` choose from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models.amg import AutomaticMasks

_BY_TORCH = ("sam", "deeplab", "lama", "mat", "pics")  # engines; the others run on the CPU


class Merge(StrEnum):
    """Which iteration's label a pixel of the label map has."""

    first_wins = "first-wins"
    last_wins = "last-wins"
    strict_and = "strict-and"


class Erase(StrEnum):
    """What an iteration erases of what is known."""

    all = "all"
    front_most = "front-most"


class Stability(StrEnum):
    """In which other view a new object has to be found again."""

    both = "both"
    flip = "flip"
    seed = "seed"
    off = "off"


def parse_amg(settings: Sequence[str] | None) -> AutomaticMasks | None:
    """Settings of automatic masks from `NAME=VALUE`; None if there are none.

    Raises:
        UsageError: no such setting, or no number.
    """
    if not settings:
        return None
    from dataclasses import fields

    from ..core.errors import UsageError
    from ..models.amg import AutomaticMasks

    defaults = AutomaticMasks()
    names = [field.name for field in fields(defaults)]
    values: dict[str, float] = {}
    for text in settings:
        name, _, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in names:
            raise UsageError(f"'{text}' is no setting of automatic masks; use {', '.join(names)}.")
        kind = type(getattr(defaults, name))
        try:
            values[name] = kind(value)
        except ValueError:
            example = f"{name}={getattr(defaults, name)}"
            raise UsageError(f"'{text}' has no number; write it as in {example}.") from None
    return AutomaticMasks(**values)  # type: ignore[arg-type]


def place_for(device: str, engines: Iterable[str]) -> str:
    """Where engines run: looking for a GPU imports torch, which is slow and mostly needless.

    Raises:
        UsageError: there is no such device here.
    """
    from ..core.devices import resolve_device

    needed = device != "auto" or not set(engines).isdisjoint(_BY_TORCH)
    return resolve_device(device) if needed else "cpu"
