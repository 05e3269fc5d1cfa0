"""Pictures in stronger contrast to what lies around, as a painter sees them.

What stands before something of nearly its own colour is lost in a few broad strokes. Colours are
carried away from those around (unsharp masking with a broad blur), least where they are far from
them already, and hues not where there is hardly a colour, so that nothing white or grey gets a
rim of the opposite colour. Dark pictures are made lighter first.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Chosen by eye on the papers' twenty pictures and nine others.
_AROUND = 0.12  # of the long side, the deviation of the blur that is the surroundings
_MORE = (0.8, 0.5)  # times small differences of lightness and of hue that are added
_FAR = (30.0, 50.0)  # of CIELAB, differences of lightness and of hue to which little is added
_BRIGHT = 90.0  # of CIELAB, a lightness past which none is carried
_COLOURED = 30.0  # of CIELAB, a chroma from which on hues are carried away in full
_MEDIAN = 0.55  # of 1, the least median of lightness that is left as it is
_GAMMA = 0.5  # the least exponent of lightness
_RICHER = 1.3  # times the chroma at most, as lightness grows
_DARK = 0.02  # of 1, a median below which is taken for this

Colours = NDArray[np.float32]


def exaggerated(picture: Colours) -> Colours:
    """A picture HxWx3, sRGB in [0,1], in stronger contrast."""
    lab = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.float32)
    light, hues = lab[:, :, :1], lab[:, :, 1:]
    median = max(float(np.median(light)) / 100, _DARK)
    if median < _MEDIAN:
        lighter = 100 * (light / 100) ** max(np.log(_MEDIAN) / np.log(median), _GAMMA)
        hues = hues * np.clip(lighter / np.maximum(light, 1), 1, _RICHER)
        light = lighter
    coloured = np.clip(np.linalg.norm(hues, axis=2, keepdims=True) / _COLOURED, 0, 1)
    hues = hues + coloured * _added(hues, _MORE[1], _FAR[1])
    brightest = np.maximum(light, _BRIGHT)  # what is white has no colour
    light = np.clip(light + _added(light, _MORE[0], _FAR[0]), 0, brightest)
    lab = np.concatenate([light, hues], 2).astype(np.float32)
    return np.clip(np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32), 0, 1)


def _added(planes: Colours, more: float, far: float) -> Colours:
    """What carries planes HxWxC away from their surroundings."""
    deviation = _AROUND * max(planes.shape)
    around = cv2.GaussianBlur(planes, (0, 0), deviation, borderType=cv2.BORDER_REFLECT)
    away = planes - around.reshape(planes.shape)
    distance = np.linalg.norm(away, axis=2, keepdims=True)
    return np.asarray(more * away * np.exp(-((distance / far) ** 2)), np.float32)
