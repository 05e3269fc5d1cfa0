"""Engine `blend`: objects laid into a photograph by arithmetic alone, no network needed.

From behind to the front, every object gets the colours, sharpness and noise of its surroundings,
a shadow on what it stands on and on what stands behind it, and is laid over what is there, gaps
to its neighbours closed. Everything happens in windows around the boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import Mask
from ..core.seeds import generator
from .composite_config import CompositeConfig
from .composite_contact import sealed
from .composite_engine import Composed, Floats, Placed, Scene, Window, unit
from .composite_ground import Ground
from .composite_harmonize import Harmonizer, linear, nonlinear, open_harmonizer
from .composite_match import (
    blur_to_add,
    blurred,
    calmest_noise,
    edge_width,
    noise,
    noise_level,
    noise_to_add,
    sensor_noise,
    sharpened,
)
from .composite_shadow import Shadow, shadow_on_other

_AROUND = 0.6  # of a box's sides, what is looked at about it
_FAINT = 1 / 510  # alpha that changes nothing
_INSIDE = 0.98  # alpha of pixels that show nothing but the object
_RIM = 12  # pixels about an object in which its edge may touch another
_ON_OTHERS = 0.3  # of the usual shadow on what is behind, where nobody asked for shadows
_VARIED = ((0.4, 1.5), (0.6, 1.4))  # of samples after the first: harmonising, shadows
_LOOKED_AT = 1024  # pixels a side of the parts in which sharpness and noise are measured


class BlendEngine:
    """See `composite_engine.CompositeEngine`."""

    name = "blend"

    def __init__(self, config: CompositeConfig | None = None) -> None:
        """Take the settings.

        Raises:
            UsageError: the harmoniser is none, or its weights are not here.
        """
        self._config = config or CompositeConfig()
        self._harmonizer: Harmonizer | None = open_harmonizer(self._config.harmonize)

    def compose(self, scene: Scene) -> Composed:
        """See `composite_engine.CompositeEngine`."""
        background = scene.background
        size = background.shape[1], background.shape[0]
        harmony, darkness = _strengths(scene)
        shadow = self._config.shadow
        below = None if shadow is False else Ground(scene, certain=shadow is True)
        canvas = _Canvas(background)
        around = _surroundings(scene) if self._config.match else [None] * len(scene.objects)
        cast = {}
        for rank, placed in enumerate(scene.from_behind):
            ground = None if below is None else below.shadow(placed, darkness)
            cast[scene.order[len(scene.order) - 1 - rank]] = ground is not None
            if ground is not None:
                canvas.darken(ground)
            if shadow is not False and rank > 0:
                most = darkness if shadow else darkness * _ON_OTHERS
                canvas.darken(shadow_on_other(placed, size, most), objects_only=True)
            random = generator(scene.seed, scene.name, "noise", str(rank), str(scene.sample))
            rgb, alpha = self._matched(placed, background, harmony, around[rank], random)
            canvas.lay(rgb, alpha, placed.box)
        return Composed(canvas.rgb, canvas.zone, tuple(cast[k] for k in sorted(cast)))

    def _matched(
        self,
        placed: Placed,
        background: NDArray[np.uint8],
        harmony: float,
        around: _Surroundings | None,
        random: np.random.Generator,
    ) -> tuple[Floats, Floats]:
        """Colours and alpha of an object as the scene wants them.

        Args:
            placed: the object.
            background: what lies behind all objects.
            harmony: strength of the harmoniser.
            around: what it is to be as sharp and as noisy as; None leaves it as it is.
            random: draws noise.
        """
        alpha = np.where(placed.seen < _FAINT, 0, placed.seen).astype(np.float32)
        window = _around(placed.box, background.shape)
        scene = background[window[1] : window[3], window[0] : window[2]]
        inner = _inner(placed.box, window)
        rgb = placed.rgb
        if self._harmonizer is not None:
            whole = unit(scene)
            where = np.zeros(whole.shape[:2], np.float32)
            where[inner] = alpha
            whole[inner] = np.where(alpha[..., None] > 0, rgb, whole[inner])
            rgb = self._harmonizer(whole, where, harmony)[inner]
        if around is None:
            return rgb, alpha
        solid = cv2.erode((alpha >= _INSIDE).astype(np.uint8), np.ones((5, 5))) > 0
        grey = _grey(rgb)
        own_width = edge_width(grey, solid)
        added = noise_to_add(noise_level(grey, solid), around.noise)
        sigma = blur_to_add(own_width, around.width, max(background.shape))
        if sigma > 0:
            rgb, alpha = blurred(rgb, alpha, sigma)
        else:
            rgb = sharpened(rgb, own_width, around.width)
        if added > 0:
            rgb = np.clip(rgb + noise(alpha.shape, added, random), 0, 1).astype(np.float32)
        return rgb, alpha


@dataclass(frozen=True)
class _Surroundings:
    """What an object of a scene is matched to."""

    width: float | None  # of edges, in pixels; None where there are too few
    noise: float  # in [0, 1]


class _Canvas:
    """What is composed so far, in floating point where objects and shadows lie."""

    def __init__(self, background: NDArray[np.uint8]) -> None:
        self._background = background
        self.rgb = background.copy()
        self._cover = np.zeros(background.shape[:2], np.float16)
        self.zone: Mask = np.zeros(background.shape[:2], bool)

    def darken(self, shadow: Shadow, *, objects_only: bool = False) -> None:
        part = _slices(shadow.window)
        dark = shadow.dark
        if objects_only:
            dark = dark * self._cover[part].astype(np.float32)
        seen = dark > 0
        if not seen.any():
            return
        below = self.rgb[part]
        light = linear(unit(below[seen])) * (1 - dark[seen][:, None])
        below[seen] = np.rint(nonlinear(light) * 255)
        self.zone[part] |= seen

    def lay(self, rgb: Floats, alpha: Floats, box: Window) -> None:
        height, width = self.rgb.shape[:2]
        wide = (
            max(box[0] - _RIM, 0), max(box[1] - _RIM, 0),
            min(box[2] + _RIM, width), min(box[3] + _RIM, height),
        )  # fmt: skip
        part, inner = _slices(wide), _inner(box, wide)
        ground = unit(self.rgb[part])
        cover = self._cover[part].astype(np.float32)
        a = np.zeros(cover.shape, np.float32)
        a[inner] = alpha
        if cover.any():
            ground, cover = sealed(ground, cover, a)
        colours = ground.copy()
        colours[inner] = rgb
        mixed = ground + a[..., None] * (colours - ground)
        union = 1 - (1 - cover) * (1 - a)
        self._cover[part] = union
        self._put(part, mixed, union > 0)

    def _put(self, part: tuple[slice, slice], rgb: Floats, where: NDArray[np.bool_]) -> None:
        new = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
        self.rgb[part] = np.where(where[..., None], new, self.rgb[part])
        self.zone[part] |= where


def _surroundings(scene: Scene) -> list[_Surroundings | None]:
    """Of every object, from behind; its edges are as sharp as any that it is near to.

    Two that touch are as far from the camera, and one cannot be in focus and the other not.
    """
    windows = [_around(placed.box, scene.background.shape) for placed in scene.from_behind]
    calmest = calmest_noise(scene.background)
    widths, noises = [], []
    for placed, window in zip(scene.from_behind, windows, strict=True):
        part = scene.background[_slices(window)]
        near = _grey(unit(_centre(part, _inner(placed.box, window))))
        widths.append(edge_width(near, np.ones(near.shape, bool)))
        noises.append(min(sensor_noise(near), calmest))
    found: list[_Surroundings | None] = []
    for placed, own_noise in zip(scene.from_behind, noises, strict=True):
        there = [
            width
            for width, window in zip(widths, windows, strict=True)
            if width is not None and _overlap(placed.box, window)
        ]
        found.append(_Surroundings(min(there, default=None), own_noise))
    return found


def _overlap(a: Window, b: Window) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _strengths(scene: Scene) -> tuple[float, float]:
    """Of harmonising and of shadows, which differ from sample to sample."""
    if scene.sample == 1:
        return 1.0, 1.0
    random = generator(scene.seed, scene.name, "sample", str(scene.sample))
    first, second = (float(random.uniform(*span)) for span in _VARIED)
    return first, second


def _around(box: Window, shape: tuple[int, ...]) -> Window:
    across, down = (round(_AROUND * (box[k + 2] - box[k])) + 8 for k in (0, 1))
    return (
        max(box[0] - across, 0),
        max(box[1] - down, 0),
        min(box[2] + across, shape[1]),
        min(box[3] + down, shape[0]),
    )


def _inner(box: Window, window: Window) -> tuple[slice, slice]:
    return _slices((box[0] - window[0], box[1] - window[1], box[2] - window[0], box[3] - window[1]))


def _slices(window: Window) -> tuple[slice, slice]:
    return slice(window[1], window[3]), slice(window[0], window[2])


def _centre(scene: NDArray[np.uint8], inner: tuple[slice, slice]) -> NDArray[np.uint8]:
    """The part about the object's foot, of bounded size."""
    y, x = inner[0].stop, (inner[1].start + inner[1].stop) // 2
    half = _LOOKED_AT // 2
    return scene[max(y - half, 0) : y + half, max(x - half, 0) : x + half]


def _grey(rgb: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.float32)
