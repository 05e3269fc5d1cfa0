"""Bootstrap of any figure of a set (Efron, 1979; percentile intervals) by weights of its items.

To draw N items with replacement is to count every item a number of times. A figure that is made
of sums over the items is thus had of thousands of draws at once, as a product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .metrics import Difference

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]  # weights (D, N) -> the figure of each draw (D,)

DRAWS = 10_000
_AT_ONCE = 1_000  # draws, so that a set of thousands of items stays small in memory


@dataclass(frozen=True)
class Interval:
    """A figure of a set and its 95 % interval; NaN where the figure cannot be had."""

    value: float
    low: float  # 2.5th percentile
    high: float  # 97.5th percentile


def interval(statistic: Statistic, items: int, *, seed: int = 0) -> Interval:
    """The figure of the set as it is, and how it varies with the draw of the items.

    Draws in which the figure is NaN are left out.

    Args:
        statistic: the figure for rows of weights, NaN where it cannot be had.
        items: N, at least 1.
        seed: of the draws.
    """
    drawn = np.concatenate([statistic(weights) for weights in _draws(items, seed)])
    value = float(statistic(np.ones((1, items)))[0])
    return Interval(value, *_percentiles(drawn))


def difference(first: Statistic, second: Statistic, items: int, *, seed: int = 0) -> Difference:
    """First minus second on the same draws of the items that both were measured on.

    Its p-value is two-sided: how often a draw's difference lies on the other side of zero.
    """

    def both(weights: Floats) -> Floats:
        return first(weights) - second(weights)

    drawn = np.concatenate([both(weights) for weights in _draws(items, seed)])
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return Difference(float("nan"), float("nan"), float("nan"), float("nan"))
    tail = min((known <= 0).mean(), (known >= 0).mean())
    value = float(both(np.ones((1, items)))[0])
    return Difference(value, *_percentiles(drawn), p_value=float(min(1.0, 2 * tail)))


def ratio_of_sums(top: NDArray[np.number], bottom: NDArray[np.number]) -> Statistic:
    """Sum of `top` over sum of `bottom`, both (N,), of which an item's entries go together.

    With a bottom of ones it is the mean; with ones where an item has a figure and zeros where it
    has none (and a top of zero there), the mean over those that have one. NaN over a sum of zero.
    """
    tops, bottoms = np.asarray(top, np.float64), np.asarray(bottom, np.float64)

    def statistic(weights: Floats) -> Floats:
        return divided(weights @ tops, weights @ bottoms)

    return statistic


def divided(top: Floats, bottom: Floats) -> Floats:
    """The quotient of two arrays of one shape; NaN where `bottom` is 0."""
    quotient = np.full(bottom.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom != 0)
    return quotient


def _draws(items: int, seed: int) -> Iterator[Floats]:
    """Rows of weights (D, N): how often each item is drawn; DRAWS rows in all."""
    if items < 1:
        raise ValueError("there must be at least one item")
    random = np.random.default_rng(seed)
    shares = np.full(items, 1 / items)
    for _ in range(0, DRAWS, _AT_ONCE):
        yield random.multinomial(items, shares, size=_AT_ONCE).astype(np.float64)


def _percentiles(drawn: Floats) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
