"""What options of `compose sketch` choose from."""

from __future__ import annotations

from enum import StrEnum


class Color(StrEnum):
    """What strokes are painted with."""

    picture = "picture"
    black = "black"
    optimise = "optimise"


class Init(StrEnum):
    """How the places where strokes begin are chosen."""

    contours = "contours"
    edge_fps = "edge-fps"
    saliency = "saliency"
    random = "random"


class Edges(StrEnum):
    """Which lines of the target count."""

    auto = "auto"
    segments = "segments"
    contours = "contours"
    canny = "canny"


class Allot(StrEnum):
    """What the scene and its regions share strokes by."""

    edges = "edges"
    pixels = "pixels"


class Animation(StrEnum):
    """Formats of the optimisation's animation."""

    webp = "webp"
    gif = "gif"
