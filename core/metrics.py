"""Figures of merit that several stages share, and how sure one can be of a difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Difference:
    """A paired difference of means and its bootstrap interval."""

    mean: float
    low: float  # 2.5th percentile
    high: float  # 97.5th percentile
    p_value: float  # two-sided: how often a resampled mean lies on the other side of zero

    @property
    def significant(self) -> bool:
        """Whether the 95 % interval leaves zero out."""
        return self.low > 0 or self.high < 0


def paired_bootstrap(
    a: NDArray[np.floating], b: NDArray[np.floating], *, draws: int = 10_000, seed: int = 0
) -> Difference:
    """Bootstrap of mean(a - b) over the items both were measured on (Efron 1979, percentile).

    Args:
        a, b: (N,) figures of the same N items in the same order.
        draws: resamples.
        seed: of the resampling.

    Raises:
        ValueError: the two differ in length or are empty.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"expected two vectors of one length, got {a.shape} and {b.shape}")
    delta = a - b
    picks = np.random.default_rng(seed).integers(0, len(delta), (draws, len(delta)))
    means = delta[picks].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    tail = min((means <= 0).mean(), (means >= 0).mean())
    return Difference(float(delta.mean()), float(low), float(high), float(min(1.0, 2 * tail)))


def p_text(value: float | None) -> str:
    """A p-value of 10,000 draws for people: 0 says no more than that none of them crossed zero."""
    if value is None:
        return "-"
    return f"{value:.4f}" if value else "<0.0002"
