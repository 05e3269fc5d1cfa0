"""Drawn scenes of which everything is known, and engines that know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from compose.core.instances import Instance

WIDTH, HEIGHT = 120, 90
GROUND = (200, 205, 190)


@dataclass(frozen=True)
class Thing:
    """A disc or a box in one colour."""

    colour: tuple[int, int, int]
    box: tuple[int, int, int, int]  # x1, y1, x2, y2
    round: bool = True

    def mask(self, size=(WIDTH, HEIGHT)):
        x1, y1, x2, y2 = self.box
        y, x = np.mgrid[: size[1], : size[0]] + 0.5
        if not self.round:
            return (x > x1) & (x < x2) & (y > y1) & (y < y2)
        across, down = (x2 - x1) / 2, (y2 - y1) / 2
        return ((x - x1) / across - 1) ** 2 + ((y - y1) / down - 1) ** 2 < 1


RED = Thing((220, 30, 30), (30, 25, 80, 75))
BLUE = Thing((30, 40, 220), (62, 20, 108, 66))  # partly behind the red disc
GREEN = Thing((20, 160, 40), (45, 40, 65, 60))  # all behind it
GOLD = Thing((210, 170, 20), (4, 4, 20, 18), round=False)  # apart


def draw(things: Sequence[Thing], size=(WIDTH, HEIGHT)) -> np.ndarray:
    """HxWx3, the first thing in front."""
    rgb = np.empty((size[1], size[0], 3), np.uint8)
    rgb[:] = GROUND
    for thing in reversed(things):
        rgb[thing.mask(size)] = thing.colour
    return rgb


@dataclass
class ByColour:
    """A segmenter that finds pixels of the colours it knows, in their order."""

    things: Sequence[Thing]
    name: str = "colours"
    least: int = 12  # pixels
    seen: list[np.ndarray] = field(default_factory=list)

    def segment(self, rgb):
        self.seen.append(rgb)
        found = []
        for place, thing in enumerate(self.things):
            mask = np.abs(rgb.astype(int) - thing.colour).max(2) < 12
            if mask.sum() >= self.least:
                found.append(Instance(mask, 0.9 - 0.01 * place, None))
        return found

    def prompt(self, rgb, prompts):
        found = []
        for prompt in prompts:
            x, y, _ = prompt.points[0] if prompt.points else (0, 0, True)
            if prompt.box is not None:
                x, y = (prompt.box.x1 + prompt.box.x2) / 2, (prompt.box.y1 + prompt.box.y2) / 2
            if prompt.mask is not None:
                y, x = np.argwhere(prompt.mask).mean(0)
            found += [d for d in self.segment(rgb) if d.mask[int(y), int(x)]][:1]
        return found


class Reveal:
    """An inpainter whose N-th hole shows what the N-th scene has there; the last one stays."""

    name, multiple, limit = "reveal", 1, None

    def __init__(self, *scenes):
        self.scenes, self.holes, self.seeds = scenes, [], []

    def fill(self, rgb, hole, seed):
        self.holes.append(hole)
        self.seeds.append(seed)
        scene = self.scenes[min(len(self.holes), len(self.scenes)) - 1]
        shown = draw(scene, (rgb.shape[1], rgb.shape[0]))
        return np.where(hole[..., None], shown, rgb).astype(np.uint8)

    __call__ = fill


class Scripted:
    """A segmenter whose answers are given, one a call; the last one stays."""

    name = "scripted"

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), 0

    def segment(self, rgb):
        self.calls += 1
        return list(self.answers[min(self.calls, len(self.answers)) - 1])


def plain(rgb, hole, seed):
    """An inpainter that fills with the ground's colour."""
    return np.where(hole[..., None], np.uint8(GROUND), rgb).astype(np.uint8)


class Plain:
    """The same as an engine."""

    name, multiple, limit = "plain", 1, None

    def fill(self, rgb, hole, seed):
        return plain(rgb, hole, seed)


def write_scene(path: Path, things: Sequence[Thing], size=(WIDTH, HEIGHT)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw(things, size)).save(path)
    return path
