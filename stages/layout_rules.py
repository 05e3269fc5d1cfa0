"""The nine rules by which layouts are told, each a number in [0,1] from the measured geometry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .layout_geometry import Geometry
from .layout_lines import Array

_NEAR = 0.1  # deviation of a subject's distance from where a rule wants it, in shares
_POINTS = np.array([(x, y) for x in (1 / 3, 2 / 3) for y in (1 / 3, 2 / 3)])


def _enough(value: Array, scale: float) -> Array:
    """0 for nothing, towards 1 for much more than `scale`."""
    return np.asarray(1 - np.exp(-value / scale))


def _share(part: Array, geometry: Geometry) -> Array:
    """What share of all lines a part of them is, where there are any to speak of."""
    g = geometry
    whole = g.level + g.plumb + g.rising + g.falling + 0.5 * g.curved
    return np.asarray(part / (whole + 0.25))


def _near(place: Array, target: Array) -> Array:
    away = np.linalg.norm(place - target, axis=-1)
    return np.asarray(np.exp(-0.5 * (away / _NEAR) ** 2))


def thirds(g: Geometry) -> Array:
    """A definite subject whose centre lies near a crossing of the thirds.

    Its presence times a bell over the distance to the nearest of the four crossings, 0.1 of the
    sides wide. Half way between a crossing and the middle, at 0.118, neither rule holds well.
    """
    away = _near(g.subject[:, None], _POINTS).max(1)
    return np.asarray(g.presence * away)


def centre(g: Geometry) -> Array:
    """A definite subject whose centre lies near the middle: the same bell about (1/2, 1/2)."""
    return np.asarray(g.presence * _near(g.subject, np.array([0.5, 0.5])))


def horizontal(g: Geometry) -> Array:
    """A horizon from side to side, or level lines that outweigh all others.

    The horizon's strength, of which a definite subject before it takes up to six tenths, or the
    level lines' length (0.6 diagonals are much) times their share of all lines; whichever is more.
    """
    return np.asarray(
        np.maximum(0.85 * g.horizon_strength * (1 - 0.6 * g.presence), _level_lines(g))
    )


def _level_lines(g: Geometry) -> Array:
    return np.asarray(_enough(g.level, 0.6) * _share(g.level, g) * (1 - 0.3 * g.presence))


def vertical(g: Geometry) -> Array:
    """Vertical lines that outweigh all others: their length times their share.

    A definite subject before them takes up to three tenths.
    """
    return np.asarray(_enough(g.plumb, 0.6) * _share(g.plumb, g) * (1 - 0.3 * g.presence))


def diagonal(g: Geometry) -> Array:
    """Lines that slant one way outweigh all others, those that slant the other way first."""
    most, least = np.maximum(g.rising, g.falling), np.minimum(g.rising, g.falling)
    return np.asarray(_enough(most, 0.4) * _share(most, g) * (1 - least / (most + 0.1)))


def curved(g: Geometry) -> Array:
    """Long curves: their length (0.6 diagonals are much) times their share of all lines."""
    return np.asarray(_enough(g.curved, 0.6) * np.minimum(2 * _share(0.5 * g.curved, g), 1))


def triangle(g: Geometry) -> Array:
    """Two long lines that slant opposite ways and meet in an apex, as of a roof or a road."""
    return np.asarray(0.9 * g.apex_strength)


def symmetric(g: Geometry) -> Array:
    """The left is like the right mirrored, or above like below: correlations beyond 0.5.

    What makes a picture symmetric by the way takes up to half off: a subject in the middle, an
    apex, a curve, columns, a pattern.
    """
    likeness = np.clip((g.mirror.max(1) - 0.5) / 0.35, 0, 1)
    others = np.stack([centre(g), triangle(g), curved(g), vertical(g), pattern(g)])
    return np.asarray(likeness * (1 - 0.5 * np.clip(others.max(0), 0, 1)))


def pattern(g: Geometry) -> Array:
    """Fine structure all over, more so where it repeats itself.

    A definite subject, a horizon, or lines of one direction take up to seven tenths each.
    """
    even = g.texture * (0.6 + 0.4 * np.clip((g.rhythm - 0.1) / 0.3, 0, 1))
    lines = np.stack([vertical(g), _level_lines(g), diagonal(g)]).max(0)
    for other in (g.presence, g.horizon_strength, lines):
        even = even * (1 - 0.7 * other)
    return np.asarray(even)


RULES: dict[str, Callable[[Geometry], Array]] = {
    "thirds": thirds,
    "vertical": vertical,
    "horizontal": horizontal,
    "diagonal": diagonal,
    "curved": curved,
    "triangle": triangle,
    "centre": centre,
    "symmetric": symmetric,
    "pattern": pattern,
}
