"""How much each edge of a target matters: contours of subjects before texture.

A budget of strokes cannot draw every blade of grass. Edges among many others are held for
texture (surround suppression, Grigorescu et al. 2003, in its simplest form), faint ones and those
away from the salient subject count less. The constants were chosen by eye on six scenes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SURROUND = 8.0  # pixels of a canvas of 224, the deviation of what lies around an edge
_CROWDED = 0.1  # share of edge pixels around at which an edge counts half
_SCALE = 1.5  # pixels of a canvas of 224, the deviation before gradients are taken
_STRONG = 90.0  # percentile of the gradient on edges at which an edge counts in full
_FAINT = 0.3  # the least that a faint edge counts
_ASIDE = 0.6  # what an edge counts where nothing is salient


def edge_weights(
    rgb: NDArray[np.uint8],
    edges: NDArray[np.bool_],
    saliency: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Weights HxW in [0,1], 0 off the edges.

    Args:
        rgb: HxWx3, the target on its canvas.
        edges: HxW, its edges.
        saliency: HxW in [0,1]; without it all places count alike.
    """
    if not edges.any():
        return edges.astype(np.float32)
    scale = max(edges.shape) / 224
    weights = np.asarray(edges, np.float32)
    crowd = cv2.GaussianBlur(weights, (0, 0), _SURROUND * scale)
    weights = np.asarray(weights / (1 + crowd / _CROWDED), np.float32)
    slope = _slope(rgb, _SCALE * scale)
    strong = max(float(np.percentile(slope[edges], _STRONG)), 1e-6)
    weights *= np.clip(slope / strong, _FAINT, 1)
    if saliency is not None:
        weights *= _ASIDE + (1 - _ASIDE) * saliency
    return np.asarray(weights / weights.max(), np.float32)


def _slope(rgb: NDArray[np.uint8], sigma: float) -> NDArray[np.float32]:
    """The greatest slope (H,W) of the three channels of CIELAB, per pixel."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    slopes = []
    for channel in cv2.split(lab):
        smooth = cv2.GaussianBlur(channel, (0, 0), sigma)
        across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8
        down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
        slopes.append(np.hypot(across, down))
    return np.asarray(np.max(slopes, axis=0), np.float32)
