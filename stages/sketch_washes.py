"""Washes: broad strokes in a picture's colours, below the lines (line and wash).

What tells a scene is its colours, too, and a broad stroke gives one to a whole part. Washes are
added a few at a time where they help most and then fitted together, by gradients of the
renderer, to the picture's colours at half the size; those that turn out to help least are laid
anew. What is salient counts as much in all as everything else. Lines know nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.drawing import Drawing
from ..models.stroke_render import SHARP, render, soft
from .sketch_raster import stretched
from .sketch_wash_places import best_place

# Chosen by eye on the papers' twenty pictures and nine others.
_SIDE = 112  # pixels of the long side of what is fitted to
_FOUND_ON = 56  # and of what places are looked for on
_BLUR = 0.35  # pixels of the former, deviation of the picture's blur
_WIDEST = 0.3125  # of the long side
_TOGETHER = 4  # washes added before all are fitted
_STEPS = 60  # of Adam then
_ANEW = 3  # times that the worst are laid anew, and all fitted for twice as long the last time
_WORST = 4  # one wash in so many
_WORTH = 4e-5  # of the mean squared error of three channels; a wash that saves less is none
_RATES = (0.6, 0.04, 0.02)  # of points in pixels, logarithms of widths, colours
_SOFT = (6.0, 4.0)  # pixels of the edge's ramp, at first, and where some are laid anew
_SHARE = 0.5  # of all weight, what is salient has
_MOST = 12.0  # times the weight of the rest at most
_LIFT = 0.2  # of the way to white, for lines to be seen on it
_RICHER = 0.3  # of their chroma, what pale colours gain
_VIVID = 80.0  # of CIELAB, the chroma at which a colour gains nothing
_PAPER = 6.0  # of CIELAB, the distance from white of what is white

Colours = NDArray[np.float32]


def paint(
    rgb: NDArray[np.uint8],
    count: int,
    chance: np.random.Generator,
    *,
    narrowest: float,
    saliency: NDArray[np.float32] | None = None,
) -> Drawing:
    """Up to `count` washes of a picture HxWx3, on its canvas; fewer where more say nothing.

    Args:
        rgb: HxWx3, on white where it is transparent.
        count: the most.
        chance: draws places.
        narrowest: pixels, the least width.
        saliency: HxW in [0,1]; without it all places count alike.
    """
    painter = _Painter(rgb, chance, narrowest, saliency)
    while len(painter.width) < count:
        if not painter.add(min(_TOGETHER, count - len(painter.width))):
            break
        painter.fit(_STEPS, _SOFT[0])
    for last in [False] * (_ANEW - 1) + [True]:
        if not len(painter.width):
            break
        painter.add(painter.drop_worst(max(count // _WORST, 1)))
        painter.fit(_STEPS * (2 if last else 1), _SOFT[1])
    painter.drop_idle()
    return stretched(painter.drawing(), (rgb.shape[1], rgb.shape[0]))


def lifted(drawing: Drawing) -> Drawing:
    """The drawing in lighter and richer colours, their hue kept, on which lines are seen.

    What is nearly white becomes the paper's white, for a wash may cut away of another one.
    """

    def lift(lab: Colours) -> Colours:
        lab[:, 0] += _LIFT * (100 - lab[:, 0])
        chroma = np.hypot(lab[:, 1], lab[:, 2])[:, None]
        lab[:, 1:] *= 1 + _RICHER * np.maximum(1 - chroma / _VIVID, 0)
        lab[np.hypot(100 - lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])) < _PAPER] = 100, 0, 0
        return lab

    return _recoloured(drawing, lift)


def greyed(drawing: Drawing) -> Drawing:
    """The drawing in greys of the same lightness (CIELAB's)."""
    return _recoloured(drawing, lambda lab: lab * np.array([1, 0, 0], np.float32))


def _recoloured(drawing: Drawing, change: Callable[[Colours], Colours]) -> Drawing:
    """The drawing with its colours, CIELAB (S,3), changed."""
    if not len(drawing):
        return drawing
    lab = cv2.cvtColor(drawing.color[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    rgb = cv2.cvtColor(np.asarray(change(np.asarray(lab, np.float32)))[None], cv2.COLOR_LAB2RGB)[0]
    return replace(drawing, color=np.clip(rgb, 0, 1).astype(np.float64))


def importance(saliency: NDArray[np.float32] | None, size: tuple[int, int]) -> NDArray[np.float32]:
    """Weights HxW with a mean of 1: what is salient has half of all, within limits."""
    height, width = size
    if saliency is None:
        return np.ones(size, np.float32)
    fitted = cv2.resize(saliency, (width, height), interpolation=cv2.INTER_AREA)
    more = min(_SHARE / (1 - _SHARE) / max(float(fitted.mean()), 1e-6), _MOST)
    weights = 1 + more * np.clip(fitted, 0, 1)
    return np.asarray(weights / weights.mean(), np.float32)


class _Painter:
    """Washes on their way, in pixels of `size`."""

    def __init__(
        self,
        rgb: NDArray[np.uint8],
        chance: np.random.Generator,
        narrowest: float,
        saliency: NDArray[np.float32] | None,
    ) -> None:
        scale = _SIDE / max(rgb.shape[:2])
        self.size = _scaled(rgb.shape, scale)
        self._chance = chance
        self._widths = narrowest * scale, max(_WIDEST * _SIDE, narrowest * scale)
        picture = _resized(rgb.astype(np.float32) / np.float32(255), self.size)
        weights = importance(saliency, self.size)
        self._weights = torch.from_numpy(weights)
        self._wanted = torch.from_numpy(cv2.GaussianBlur(picture, (0, 0), _BLUR)).permute(2, 0, 1)
        self._ratio = _FOUND_ON / _SIDE
        small = _scaled(self.size, self._ratio)
        self._small = _resized(picture, small), _resized(weights, small)
        self.points, self.width = torch.zeros(0, 4, 2), torch.zeros(0)  # the latter logarithms
        self.color = torch.zeros(0, 3)

    def add(self, count: int) -> int:
        """Add up to `count` washes where they help most; returns how many."""
        added = 0
        wanted, weights = self._small
        widths = self._widths[0] * self._ratio, self._widths[1] * self._ratio
        while added < count:
            with torch.no_grad():
                painted = self._draw().permute(1, 2, 0).numpy()
            seen = _resized(painted, weights.shape)
            place = best_place(seen, wanted, weights, widths, self._chance)
            if place is None:
                break
            points = torch.from_numpy(place.points() / self._ratio).float()
            width = torch.tensor([np.log(place.width / self._ratio)], dtype=torch.float32)
            self.points = torch.cat([self.points, points[None]])
            self.width = torch.cat([self.width, width])
            self.color = torch.cat([self.color, torch.from_numpy(place.color)[None]])
            added += 1
        return added

    def fit(self, steps: int, ramp: float) -> None:
        """Fit all together, the edges' ramp shrinking from `ramp` pixels (coarse to fine)."""
        parameters = [x.detach().requires_grad_() for x in (self.points, self.width, self.color)]
        self.points, self.width, self.color = parameters
        adam = torch.optim.Adam([{"params": [parameter]} for parameter in parameters])
        low, high = np.log(self._widths)
        for step in range(steps):
            left = 1 - step / steps
            for group, rate in zip(adam.param_groups, _RATES, strict=True):
                group["lr"] = rate * (0.1 + 0.9 * left)
            adam.zero_grad()
            self._error(ramp * left).backward()  # type: ignore[no-untyped-call]
            adam.step()
            with torch.no_grad():
                self.color.clamp_(0, 1)
                self.width.clamp_(low, high)
        self.points, self.width, self.color = (x.detach() for x in parameters)

    def drop_worst(self, count: int) -> int:
        """Take away up to `count` washes that save least; returns how many."""
        order = np.argsort(self._savings(), kind="stable")
        self._keep(np.sort(order[count:]))
        return min(count, len(order))

    def drop_idle(self) -> None:
        """Take away, one after another, what saves next to nothing."""
        while len(self.width):
            savings = self._savings()
            if savings.min() >= _WORTH:
                break
            self._keep(np.delete(np.arange(len(savings)), int(savings.argmin())))

    def drawing(self) -> Drawing:
        """The washes as they stand."""
        height, width = self.size
        return Drawing(
            self.points.numpy(),
            self.width.exp().numpy(),
            self.color.numpy(),
            np.ones(len(self.width)),
            (float(width), float(height)),
        )

    @torch.no_grad()
    def _savings(self) -> NDArray[np.float64]:
        """How much (n,) the error would grow without each."""
        everything = self.points, self.width, self.color
        whole = float(self._error())
        without = []
        for number in range(len(self.width)):
            self._keep(np.delete(np.arange(len(everything[1])), number))
            without.append(float(self._error()) - whole)
            self.points, self.width, self.color = everything
        return np.array(without)

    def _keep(self, which: NDArray[np.int64]) -> None:
        chosen = torch.from_numpy(which)
        self.points, self.width, self.color = (
            x[chosen] for x in (self.points, self.width, self.color)
        )

    def _error(self, ramp: float = 0.0) -> Tensor:
        """The weighted mean squared error, its channels added."""
        away = (self._draw(ramp) - self._wanted).square().sum(0)
        return (away * self._weights).mean()

    def _draw(self, ramp: float = 0.0) -> Tensor:
        """The painting 3xHxW."""
        ones = torch.ones(1, len(self.width))
        edge = soft(ramp) if ramp > 1 else SHARP
        args = self.points[None], self.width.exp()[None], self.color[None], ones
        return render(*args, self.size, edge=edge)[0]


def _scaled(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    return max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)


def _resized(picture: Colours, size: tuple[int, ...]) -> Colours:
    shrunk = cv2.resize(picture, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)
