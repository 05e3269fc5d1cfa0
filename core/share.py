"""A share of work that several jobs do, as those of an array do: `I/N`, with I from 0."""

from __future__ import annotations

import re

from .errors import UsageError


def parse_share(text: str) -> tuple[int, int]:
    """Read `1/8`: the second of eight parts.

    Raises:
        UsageError: it is no part, or there is none of that number.
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    part, parts = (int(match[1]), int(match[2])) if match else (0, 0)
    if part >= parts:
        raise UsageError(
            f"'{text}' is no part of the work; write I/N with I from 0 to N-1, as in 0/4."
        )
    return part, parts
