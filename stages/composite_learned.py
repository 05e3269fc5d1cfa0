"""Colours of an object brought to the light of the scene by a network's settings of one curve.

The network was taught to undo changes of colour that it had never to be sure of, so what it says
shrinks to nothing where the picture tells nothing; and what is left of little is taken as nothing.
Of scenes without colours the network saw few: there the object's colours fade as well.
"""

from __future__ import annotations

import numpy as np

from ..models.harmony import HarmonySettings
from .composite_harmonize import LUMA, Floats, colours_around, linear, monochrome, nonlinear

_TELLS = 0.06  # mean change of sRGB in the object, of [0, 1]; less is no evidence of a mismatch
_FULL = 0.04  # more than that, from which on the settings are taken as they are
_SOME = 4096  # pixels of the object in which the change is measured


class LearnedHarmonizer:
    """See `composite_harmonize.Harmonizer`."""

    def __init__(self, settings: HarmonySettings | None = None) -> None:
        """Take the network; what ships by default.

        Raises:
            ModelError: its file is missing or damaged.
        """
        self._settings = settings or HarmonySettings()

    def __call__(self, rgb: Floats, alpha: Floats, strength: float = 1.0) -> Floats:
        """See `Harmonizer`."""
        seen = alpha > 0
        if not seen.any() or seen.all():
            return rgb
        own = rgb[seen]
        settings = self._settings.settings(rgb, alpha)
        some = own[:: max(len(own) // _SOME, 1)]
        change = float(np.abs(curve(some, settings) - some).mean())
        settings = settings * np.float32(strength * np.clip((change - _TELLS) / _FULL, 0, 1))
        grey = monochrome(colours_around(rgb, alpha)) * min(strength, 1.0)
        if grey == 0 and not settings.any():
            return rgb
        moved = curve(own, settings)
        light = (moved @ LUMA)[:, None]
        whole = rgb.copy()
        whole[seen] = moved + np.float32(grey) * (light - moved)
        return whole


def curve(colours: Floats, settings: Floats) -> Floats:
    """Colours (P,3), sRGB in [0, 1], moved by the settings (5,); all 0 leave them.

    First the exponent of sRGB, then the light of the channels, then the saturation about grey.
    """
    light = linear(np.maximum(colours, 1e-4) ** np.exp(settings[0])) * np.exp2(settings[1:4])
    shown = nonlinear(np.clip(light, 1e-6, 1).astype(np.float32))
    grey = (shown @ LUMA)[:, None]
    coloured = grey + (shown - grey) * np.exp(settings[4])
    return np.asarray(np.clip(coloured, 0, 1), np.float32)
