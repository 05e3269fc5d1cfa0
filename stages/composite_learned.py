"""Colours of an object brought to the light of the scene by a network's settings of one curve.

The network was taught to undo changes of colour that it had never to be sure of, so what it says
shrinks to nothing where the picture tells nothing; and what is left of little is taken as nothing.
"""

from __future__ import annotations

import numpy as np

from ..models.harmony import HarmonySettings
from .composite_harmonize import LUMA, Floats, linear, nonlinear

_TELLS = 0.02  # mean change of sRGB in the object, of [0, 1]; less is no evidence of a mismatch
_FULL = 0.04  # from here on the settings are taken as they are


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
        settings = self._settings.settings(rgb, alpha)
        own = rgb[seen]
        change = float(np.abs(curve(own[:: max(len(own) // 4096, 1)], settings)
                              - own[:: max(len(own) // 4096, 1)]).mean())  # fmt: skip
        sure = float(np.clip((change - _TELLS) / (_FULL - _TELLS), 0, 1))
        if sure == 0:
            return rgb
        moved = rgb.copy()
        moved[seen] = curve(own, settings * np.float32(sure * strength))
        return moved


def curve(colours: Floats, settings: Floats) -> Floats:
    """Colours (P,3), sRGB in [0, 1], moved by the settings (5,); all 0 leave them.

    First the exponent of sRGB, then the light of the channels, then the saturation about grey.
    """
    light = linear(np.maximum(colours, 1e-4) ** np.exp(settings[0])) * np.exp2(settings[1:4])
    shown = nonlinear(np.clip(light, 1e-6, 1).astype(np.float32))
    grey = (shown @ LUMA)[:, None]
    return np.clip(grey + (shown - grey) * np.exp(settings[4]), 0, 1).astype(np.float32)
