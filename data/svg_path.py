"""SVG path data as cubic Béziers (SVG 1.1, sections 8.3 and F.6)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

Point = tuple[float, float]
Cubic = tuple[Point, Point, Point, Point]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LONGEST_NUMBER = 64  # characters; no program writes more, and converting them would take long
_GAP = re.compile(r"[\s,]*")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


def to_number(text: str) -> float:
    """A finite number written as in SVG.

    Raises:
        ValueError: it is none, or too large.
    """
    text = text.strip()
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise ValueError(f"'{text[:20]}' is no number")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"'{text[:20]}' is too large")
    return value


def numbers_in(text: str) -> list[float]:
    """The numbers of a list parted by blanks or commas.

    Raises:
        ValueError: something in it is no number, or too large.
    """
    numbers, at = [], _skip(text, 0)
    while at < len(text):
        value, at = _number_at(text, at)
        numbers.append(value)
    return numbers


def cubics_of_path(data: str) -> Iterator[Cubic]:
    """The segments of path data, each as a cubic: lines with their thirds as control points.

    Raises:
        ValueError: the data breaks the grammar.
    """
    here = start = (0.0, 0.0)
    control: Point | None = None  # the last one, which S and T mirror
    previous, drawn = "", False
    for command, values in _commands(data):
        kind, relative = command.upper(), command.islower()
        if not previous and kind != "M":
            raise ValueError("it does not begin with M")
        before = here
        pairs = _absolute(kind, values, here if relative else (0.0, 0.0))
        mirrored = here
        if control is not None and previous in {"S": "CS", "T": "QT"}.get(kind, ""):
            mirrored = (2 * here[0] - control[0], 2 * here[1] - control[1])
        control = None
        if kind == "M":
            here = start = pairs[0]
            drawn = False
        elif kind == "Z":
            if drawn and here != start:
                yield line(here, start)
            here = start
        elif kind in "LHV":
            axis = {"H": (pairs[0][0], here[1]), "V": (here[0], pairs[0][1])}
            here = axis.get(kind, pairs[0])
            yield line(before, here)
        elif kind in "CS":
            first = mirrored if kind == "S" else pairs[0]
            control, here = pairs[-2], pairs[-1]
            yield before, first, control, here
        elif kind in "QT":
            control = mirrored if kind == "T" else pairs[0]
            here = pairs[-1]
            yield _from_quadratic(before, control, here)
        else:
            here = pairs[0]
            yield from arc(before, (values[0], values[1]), values[2], values[3:5], here)
        drawn = drawn or kind not in "MZ"
        previous = kind


def line(a: Point, b: Point) -> Cubic:
    """A straight segment."""
    dx, dy = (b[0] - a[0]) / 3, (b[1] - a[1]) / 3
    return a, (a[0] + dx, a[1] + dy), (b[0] - dx, b[1] - dy), b


def arc(
    a: Point, radii: tuple[float, float], turn: float, flags: list[float], b: Point
) -> Iterator[Cubic]:
    """An elliptical arc from `a` to `b` (F.6.5), cut into pieces of at most a quarter turn.

    Args:
        a: where it begins.
        radii: of the ellipse; enlarged where too small, and 0 gives a line.
        turn: of the ellipse's x axis, in degrees.
        flags: large-arc and sweep, 0 or 1.
        b: where it ends.
    """
    rx, ry = abs(radii[0]), abs(radii[1])
    if a == b:
        return
    if rx == 0 or ry == 0:
        yield line(a, b)
        return
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    hx, hy = (a[0] - b[0]) / 2, (a[1] - b[1]) / 2
    x, y = (cos * hx + sin * hy) / rx, (cos * hy - sin * hx) / ry  # on the unit circle
    reach = x * x + y * y
    if not 0 < reach < math.inf:
        yield line(a, b)
        return
    grow = max(1.0, math.sqrt(reach))
    rx, ry, x, y, reach = rx * grow, ry * grow, x / grow, y / grow, min(reach, 1.0)
    side = math.sqrt(1 / reach - 1) * (1 if flags[0] != flags[1] else -1)
    cx, cy = side * y, -side * x
    begin = math.atan2(y - cy, x - cx)
    sweep = (math.atan2(-y - cy, -x - cx) - begin) % (2 * math.pi)
    if not flags[1]:
        sweep -= 2 * math.pi
    mx, my = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2

    def place(u: float, v: float) -> Point:
        u, v = rx * (u + cx), ry * (v + cy)
        return cos * u - sin * v + mx, sin * u + cos * v + my

    pieces = max(1, math.ceil(abs(sweep) / (math.pi / 2) - 1e-9))
    step = sweep / pieces
    k = 4 / 3 * math.tan(step / 4)
    last = a
    for i in range(pieces):
        c0, s0 = math.cos(begin + i * step), math.sin(begin + i * step)
        c1, s1 = math.cos(begin + (i + 1) * step), math.sin(begin + (i + 1) * step)
        end = b if i == pieces - 1 else place(c1, s1)
        yield last, place(c0 - k * s0, s0 + k * c0), place(c1 + k * s1, s1 - k * c1), end
        last = end


def _from_quadratic(a: Point, control: Point, b: Point) -> Cubic:
    (ax, ay), (cx, cy), (bx, by) = a, control, b
    first = (ax + (cx - ax) * 2 / 3, ay + (cy - ay) * 2 / 3)
    return a, first, (bx + (cx - bx) * 2 / 3, by + (cy - by) * 2 / 3), b


def _absolute(kind: str, values: list[float], origin: Point) -> list[Point]:
    """The points among a command's arguments; H and V give both of their point's coordinates."""
    x, y = origin
    if kind in "HV":
        return [(x + values[0], y + values[0])]
    tail = values[5:] if kind == "A" else values
    return [(x + u, y + v) for u, v in zip(tail[::2], tail[1::2], strict=True)]


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    """Commands with one set of arguments each; repeated M and m come as L and l."""
    at = _skip(data, 0)
    command = ""
    while at < len(data):
        letter = data[at]
        if letter.upper() in _ARGUMENTS:
            command, at = letter, at + 1
        elif command in ("", "Z", "z"):
            raise ValueError(f"'{data[at : at + 20]}' stands where a command must")
        elif command in "Mm":
            command = "L" if command == "M" else "l"
        if not command:
            continue
        kind = command.upper()
        values = []
        for i in range(_ARGUMENTS[kind]):
            value, at = _number_at(data, at, flag=kind == "A" and i in (3, 4))
            values.append(value)
        yield command, values
        at = _skip(data, at)


def _number_at(text: str, at: int, *, flag: bool = False) -> tuple[float, int]:
    at = _skip(text, at)
    if flag:  # may stand without a gap: "a1 1 0 00.5.5"
        if text[at : at + 1] not in ("0", "1"):
            raise ValueError(f"'{text[at : at + 20]}' stands where 0 or 1 must")
        return float(text[at]), _skip(text, at + 1)
    found = _NUMBER.match(text, at)
    if found is None:
        raise ValueError(f"'{text[at : at + 20]}' stands where a number must")
    return to_number(found.group()), _skip(text, found.end())


def _skip(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at
