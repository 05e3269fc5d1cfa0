"""Colours of an object brought to the light of the scene: statistics, of limited strength.

What colour an object has by itself nobody knows; so nothing is matched outright. In linear light,
the object's exposure and white balance move a part of the way towards those of the surroundings
(von Kries' gains), its contrast likewise, its blacks are lifted where the scene has haze, and its
colours fade where the scene has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError

Floats = NDArray[np.float32]

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709
_SIDE = 256  # pixels of the longer side at which statistics are taken
_GREY = (0.012, 0.05)  # chroma below which a scene is monochrome, and above which it is not
_FEW = 16  # pixels; less tell nothing
_SOLID = 0.9  # alpha from which on a pixel shows nothing but the object


class Harmonizer(Protocol):
    """Moves the colours of what was laid into a picture."""

    def __call__(self, rgb: Floats, alpha: Floats, strength: float = 1.0) -> Floats:
        """The composite with its object harmonised.

        Args:
            rgb: HxWx3 sRGB in [0, 1]: the object laid over its surroundings.
            alpha: HxW in [0, 1], the object's.
            strength: 1 is what is usual, 0 changes nothing.

        Returns:
            HxWx3 in [0, 1]; what it says where alpha is 0 is not used.
        """
        ...


@dataclass(frozen=True)
class StatsConfig:
    """How far statistics move, as exponents or shares; chosen by eye on 20 composites."""

    exposure: float = 0.4  # exponent of the ratio of median lights
    exposure_span: tuple[float, float] = (0.4, 1.25)
    brightest: float = 0.75  # of full light, the most that the 95th percentile is raised to
    balance: float = 0.4  # exponent of the ratio of the scene's cast to grey
    balance_span: tuple[float, float] = (0.75, 1.25)
    contrast: float = 0.35  # share of the way to the scene's spread of log light
    contrast_span: tuple[float, float] = (0.8, 1.12)
    haze: float = 0.5  # share of the scene's least light that the object's blacks get
    most_haze: float = 0.02  # of full light; bright surroundings are no haze yet
    chroma: float = 0.25  # exponent of the ratio of saturations
    chroma_span: tuple[float, float] = (0.8, 1.1)


class StatsHarmonizer:
    """See `Harmonizer` and the module's text."""

    def __init__(self, config: StatsConfig | None = None) -> None:
        self._config = config or StatsConfig()

    def __call__(self, rgb: Floats, alpha: Floats, strength: float = 1.0) -> Floats:
        """See `Harmonizer`."""
        looks = _looks(rgb, alpha)
        if looks is None:
            return rgb
        seen = alpha > 0
        moved = rgb.copy()
        moved[seen] = self._moved(rgb[seen], *looks, strength)
        return moved

    def _moved(self, rgb: Floats, own: _Look, around: _Look, strength: float) -> Floats:
        c = self._config
        light = linear(rgb)
        gain = np.clip((around.middle / own.middle) ** c.exposure, *c.exposure_span) ** strength
        gain = min(gain, max(c.brightest / own.bright, 1.0))
        balance = np.clip(around.cast**c.balance, *c.balance_span) ** strength
        balance = balance / float((balance * LUMA).sum())
        moved = light * (gain * balance)
        spread = 1 + c.contrast * strength * (around.spread / own.spread - 1)
        spread = float(np.clip(spread, *c.contrast_span))
        luma = np.maximum(moved @ LUMA, 1e-5)
        pivot = own.middle * float(gain)
        moved = moved * ((luma / pivot) ** (spread - 1))[..., None]
        ratio = np.clip((around.chroma / own.chroma) ** c.chroma, *c.chroma_span) ** strength
        ratio = float(ratio) * (1 - monochrome(around.colourful) * min(strength, 1.0))
        lift = around.black * c.haze - own.black * float(gain)
        haze = float(np.clip(lift, 0, c.most_haze)) * min(strength, 1.0)
        hazy = nonlinear(np.clip(moved * (1 - haze) + haze, 0, 1).astype(np.float32))
        # in sRGB, for in light a saturated red would turn pink
        grey = (hazy @ LUMA)[..., None]
        return np.clip(grey + (hazy - grey) * ratio, 0, 1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Look:
    """Robust statistics of pixels, in linear light but for chroma."""

    middle: float  # median light
    bright: float  # 95th percentile of light
    spread: float  # of log light, from the 20th to the 80th percentile
    cast: NDArray[np.float32]  # gains of the channels against grey, of mean light
    black: float  # the least of the channels' 2nd percentiles: a haze has no colour of its own
    chroma: float  # mean distance from grey, sRGB
    colourful: float  # 95th percentile of it

    @classmethod
    def of(cls, pixels: Floats) -> _Look:
        light = linear(pixels)
        luma = light @ LUMA
        low, middle, high, bright = np.percentile(luma, (20, 50, 80, 95)) + 0.004
        mean = np.clip(light, 0, np.percentile(light, 95, axis=0)).mean(0) + 0.01
        chroma = np.abs(pixels - pixels.mean(-1, keepdims=True)).max(-1)
        return cls(
            float(middle),
            float(bright),
            float(np.log(high / low)) + 0.1,
            (mean / float((mean * LUMA).sum())).astype(np.float32),
            float(np.percentile(light, 2, axis=0).min()),
            float(chroma.mean()) + 0.02,
            float(np.percentile(chroma, 95)),
        )


def _looks(rgb: Floats, alpha: Floats) -> tuple[_Look, _Look] | None:
    """Statistics of the object and of its surroundings; None where there is too little."""
    solid, ground = alpha >= _SOLID, alpha <= 0
    size = _small(alpha.shape)
    own = _pixels(rgb, alpha if not solid.any() else solid.astype(np.float32), size)
    around = _pixels(rgb, ground.astype(np.float32), size)
    if min(len(own), len(around)) < _FEW:
        return None
    return _Look.of(own), _Look.of(around)


def colours_around(rgb: Floats, alpha: Floats) -> float:
    """The 95th percentile of the surroundings' distances from grey; 1 where too little tells."""
    looks = _looks(rgb, alpha)
    return 1.0 if looks is None else looks[1].colourful


def monochrome(colourful: float) -> float:
    """How surely a scene of such colours has none, in [0, 1]."""
    low, high = _GREY
    return 1 - float(np.clip((colourful - low) / (high - low), 0, 1))


def _pixels(rgb: Floats, weight: Floats, size: tuple[int, int]) -> Floats:
    small = np.asarray(cv2.resize(rgb * weight[..., None], size, interpolation=cv2.INTER_AREA))
    share = np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA))
    inside = share > 0.5
    return np.asarray(small[inside] / share[inside][:, None], np.float32)


def _small(shape: tuple[int, ...]) -> tuple[int, int]:
    scale = min(_SIDE / max(shape), 1.0)
    return max(round(shape[1] * scale), 1), max(round(shape[0] * scale), 1)


def linear(rgb: Floats) -> Floats:
    """SRGB in [0, 1] to linear light (IEC 61966-2-1)."""
    high = ((rgb + 0.055) / 1.055) ** 2.4
    return np.asarray(np.where(rgb <= 0.04045, rgb / 12.92, high), np.float32)


def nonlinear(light: Floats) -> Floats:
    """Linear light in [0, 1] to sRGB."""
    high = 1.055 * np.maximum(light, 1e-8) ** (1 / 2.4) - 0.055
    return np.asarray(np.where(light <= 0.0031308, light * 12.92, high), np.float32)


def _learned() -> Harmonizer:
    from .composite_learned import LearnedHarmonizer

    return LearnedHarmonizer()


_OPENERS: dict[str, Callable[[], Harmonizer | None]] = {
    "none": lambda: None,
    "stats": StatsHarmonizer,
    "learned": _learned,
}
HARMONIZERS = tuple(_OPENERS)


def open_harmonizer(name: str) -> Harmonizer | None:
    """The harmoniser of a name; None for `none`.

    Raises:
        UsageError: there is none of that name.
        ModelError: its weights are missing or damaged.
    """
    if name not in _OPENERS:
        raise UsageError(f"'{name}' is no way to harmonize; use {', '.join(HARMONIZERS)}.")
    return _OPENERS[name]()
