"""The geometry of parts of a picture: subject, horizon, lines, curves, apex, symmetry, texture."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..core.boxes import Boxes
from .layout_lines import Array
from .layout_scene import SIDE, LayoutScene
from .layout_slants import apices, lengths
from .layout_symmetry import symmetry

_EVEN = 4  # cells a side by which a texture is judged even
_MARGIN = 0.08  # a horizon nearer to the border than this is none
_STEP = 12.0  # difference in CIELAB above and below, in most strips, that is a clear horizon


@dataclass(frozen=True, eq=False)
class Geometry:
    """N rows of numbers; places and sizes are shares of the part's own sides."""

    subject: Array  # (N,2) x, y of the subject's centre
    spread: Array  # (N,) its extent: 0 a point, 1 all over the part
    presence: Array  # (N,) in [0,1]: how surely there is one definite subject
    contained: Array  # (N,) share of the picture's subject within the part
    horizon: Array  # (N,) y of the strongest level edge from side to side
    horizon_strength: Array  # (N,) in [0,1]
    level: Array  # (N,) length of level lines, in diagonals of the part
    plumb: Array  # (N,) of vertical ones
    rising: Array  # (N,) of diagonal ones that rise to the right
    falling: Array  # (N,) of those that fall
    curved: Array  # (N,) length of curves
    apex: Array  # (N,2) x, y where the two clearest slanting lines meet
    apex_strength: Array  # (N,) in [0,1]
    mirror: Array  # (N,2) in [0,1]: left like right, above like below
    texture: Array  # (N,) in [0,1]: how even fine structure is all over
    rhythm: Array  # (N,) in [0,1]: how much it repeats itself, of the whole picture

    def row(self, index: int) -> Array:
        """One row as numbers, in the order of `COLUMNS`."""
        parts = [np.ravel(getattr(self, field.name)[index]) for field in fields(self)]
        return np.concatenate(parts)

    @classmethod
    def from_rows(cls, rows: Array) -> Geometry:
        """From rows (N,G) in the order of `COLUMNS`."""
        values, place = {}, 0
        for field in fields(cls):
            wide = 2 if field.name in _PAIRS else 1
            part = rows[:, place : place + wide]
            values[field.name] = part if wide == 2 else part[:, 0]
            place += wide
        return cls(**values)

    def record(self, index: int) -> dict[str, Any]:
        """One row as JSON has it."""
        row: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)[index]
            row[field.name] = np.round(value, 3).tolist()
        return row


_PAIRS = {"subject": "xy", "apex": "xy", "mirror": ("_across", "_down")}
COLUMNS = tuple(
    f"{field.name}{end}" for field in fields(Geometry) for end in _PAIRS.get(field.name, ("",))
)


def read_geometry(scene: LayoutScene, boxes: Boxes, *, mirror: bool = True) -> Geometry:
    """The geometry of parts (N,4) of a picture, in shares of its sides.

    Without `mirror`, symmetry is not looked for and zero.
    """
    x1, y1, x2, y2 = boxes.T
    wide, high = np.maximum(x2 - x1, 1e-6), np.maximum(y2 - y1, 1e-6)
    sides = np.stack([wide, high], 1)
    corner = boxes[:, :2]

    sums = box_sums(scene.subject, boxes)  # (N,5)
    mass = np.maximum(sums[:, 0], 1e-9)
    centre = sums[:, 1:3] / mass[:, None]
    place = np.clip((centre - corner) / sides, 0, 1)
    place = np.where(sums[:, :1] > 1e-9, place, 0.5)
    variance = np.maximum(sums[:, 3] / mass - (centre**2).sum(1), 0)
    spread = np.sqrt(variance * 2 / (wide**2 + high**2)) / np.sqrt(1 / 6)
    strength = sums[:, 0] / np.maximum(sums[:, 4], 1e-9)  # how white the white is
    total = max(float(scene.subject[4, -1, -1]), 1e-9)
    # haze all over is no subject, nor is what fills the part
    presence = np.clip((strength - 0.3) / 0.5, 0, 1) * np.clip((1.0 - spread) / 0.25, 0, 1)
    presence = presence * (sums[:, 0] > 1e-6)

    horizon, horizon_strength = _horizons(scene, boxes)
    level, plumb, rising, falling, curved = lengths(scene.segments, boxes)
    apex, apex_strength = apices(scene.segments, boxes)
    return Geometry(
        place,
        np.clip(spread, 0, 1),
        presence,
        sums[:, 4] / total,
        horizon,
        horizon_strength,
        level,
        plumb,
        rising,
        falling,
        curved,
        apex,
        apex_strength,
        symmetry(scene.looks, boxes) if mirror else np.zeros((len(boxes), 2)),
        _texture(scene.edges, boxes),
        np.full(len(boxes), scene.rhythm),
    )


def box_sums(tables: Array, boxes: Boxes) -> Array:
    """Sums (N,C) over boxes (N,4) in shares, of tables (C,S+1,S+1) of sums left and above."""

    def at(x: Array, y: Array) -> Array:
        x, y = np.clip(x, 0, 1) * SIDE, np.clip(y, 0, 1) * SIDE
        column, row = np.minimum(x.astype(int), SIDE - 1), np.minimum(y.astype(int), SIDE - 1)
        right, down = x - column, y - row
        top = tables[:, row, column] * (1 - right) + tables[:, row, column + 1] * right
        bottom = tables[:, row + 1, column] * (1 - right) + tables[:, row + 1, column + 1] * right
        return np.asarray(top * (1 - down) + bottom * down)

    x1, y1, x2, y2 = boxes.T
    return np.asarray((at(x2, y2) - at(x1, y2) - at(x2, y1) + at(x1, y1)).T)


def _horizons(scene: LayoutScene, boxes: Boxes) -> tuple[Array, Array]:
    """y and strength (N,) of the clearest change of colour that goes from side to side.

    Clear is a change that three strips of four have, and that is several times as large as those
    at other lines: a wall of pebbles changes at every line.
    """
    lines, strips = scene.horizon.shape
    y = np.arange(lines) / (lines - 1)
    middle = (np.arange(strips) + 0.5) / strips
    outside = (middle < boxes[:, :1]) | (middle > boxes[:, 2:3])  # (N,K)
    count = np.maximum(strips - outside.sum(1), 1)
    # strips of steps from the least up; those outside come last
    steps = np.where(outside[:, None], np.inf, scene.horizon)  # (N,L,K)
    rows = np.arange(len(boxes))
    low = np.sort(steps, 2)[rows, :, count // 4]  # (N,L)
    low = np.where(np.isfinite(low), low, 0)
    high = np.maximum(boxes[:, 3] - boxes[:, 1], 1e-6)
    place = (y - boxes[:, 1:2]) / high[:, None]
    within = (place > 0) & (place < 1)
    usual = np.where(within, low, 0).sum(1) / np.maximum(within.sum(1), 1)
    low = np.where((place > _MARGIN) & (place < 1 - _MARGIN), low, 0)
    best = low.argmax(1)
    found = low[rows, best]
    strength = np.clip((found - 2) / _STEP, 0, 1)
    strength = strength * np.clip(found / np.maximum(usual, 1e-9) / 3 - 0.5, 0, 1)
    return np.where(strength > 0, place[rows, best], 0.5), strength


def _texture(edges: Array, boxes: Boxes) -> Array:
    """How even (N,) the gradient is: its lower quartile over 4x4 cells against its mean."""
    line = np.linspace(0, 1, _EVEN + 1)
    x = boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * line
    y = boxes[:, 1:2] + (boxes[:, 3:] - boxes[:, 1:2]) * line
    cells = np.stack(
        [
            np.broadcast_to(x[:, None, :-1], (len(boxes), _EVEN, _EVEN)),
            np.broadcast_to(y[:, :-1, None], (len(boxes), _EVEN, _EVEN)),
            np.broadcast_to(x[:, None, 1:], (len(boxes), _EVEN, _EVEN)),
            np.broadcast_to(y[:, 1:, None], (len(boxes), _EVEN, _EVEN)),
        ],
        -1,
    ).reshape(-1, 4)
    sums = box_sums(edges[None], cells)[:, 0]
    areas = np.maximum((cells[:, 2] - cells[:, 0]) * (cells[:, 3] - cells[:, 1]), 1e-9) * SIDE**2
    means = (sums / areas).reshape(len(boxes), -1)
    mean = np.maximum(means.mean(1), 1e-9)
    low = np.partition(means, 2, axis=1)[:, 2]  # of sixteen, the third least
    strong = np.clip((mean - 1.5) / 4, 0, 1)  # there is structure at all
    return np.asarray(np.clip((low / mean - 0.2) / 0.5, 0, 1) * strong)
