"""How close inpainters come to what was in a hole: PSNR, SSIM and distance of feature maps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..core.bootstrap import difference, interval, ratio_of_sums
from ..core.masks import Mask, mask_box
from ..core.metrics import Difference
from ..core.ssim import WINDOW, ssim_map
from ..models.inpainter import Inpainter
from ..models.inpainting import fill_hole
from .inpaint_cases import InpaintCase

if TYPE_CHECKING:
    from ..models.encoder import Encoder

FIGURES = ("psnr", "ssim", "distance")
_RIM = 16  # pixels around a hole's box that the encoder sees
_LEAST = 64  # pixels a side that it sees, where the photograph has them
_PEAK_PSNR = 60.0  # dB for a hole filled to the very grey level


@dataclass
class InpaintScores:
    """Figures of one engine, one entry a photograph in the cases' order."""

    engine: str
    psnr: list[float] = field(default_factory=list)  # dB, of the hole's pixels alone
    ssim: list[float] = field(default_factory=list)  # mean over windows centred in the hole
    distance: list[float] = field(default_factory=list)  # of a window around the hole
    seconds: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Means with 95 % intervals, as printed and put into JSON."""
        row: dict[str, Any] = {"engine": self.engine, "images": len(self.psnr)}
        for name in FIGURES:
            values = _values(self, name)
            row[name] = asdict(interval(ratio_of_sums(values, np.ones(len(values))), len(values)))
        row["seconds"] = float(np.median(self.seconds))
        return row


def evaluate_inpaint(
    engines: Sequence[Inpainter],
    cases: Iterable[InpaintCase],
    encoder: Encoder,
    *,
    seed: int = 0,
    advance: Callable[[], object] = lambda: None,
) -> list[InpaintScores]:
    """Fill the hole of every case by every engine and score what it put there.

    Args:
        engines: each is given the same holes.
        cases: from `inpaint_cases.open_cases`.
        encoder: whose features are compared; best one that no engine was trained with.
        seed: of the engines' draws.
        advance: called after every filled hole, for a progress bar.

    Raises:
        ImageError, DataError: a photograph is not as needed.
    """
    scores = [InpaintScores(engine.name) for engine in engines]
    for case in cases:
        for engine, score in zip(engines, scores, strict=True):
            began = time.perf_counter()
            filled = fill_hole(engine, case.rgb, case.hole, seed=seed)
            score.seconds.append(time.perf_counter() - began)
            score.psnr.append(hole_psnr(filled, case.rgb, case.hole))
            score.ssim.append(hole_ssim(filled, case.rgb, case.hole))
            score.distance.append(hole_distance(encoder, filled, case.rgb, case.hole))
            advance()
    return scores


def compare_inpaint(
    first: InpaintScores, others: Iterable[InpaintScores]
) -> list[dict[str, object]]:
    """Differences of the figures of `first` from those of each other, with 95 % intervals."""
    rows: list[dict[str, object]] = []
    for other in others:
        row: dict[str, object] = {"engine": first.engine, "against": other.engine}
        for name in FIGURES:
            a, b = _values(first, name), _values(other, name)
            ones = np.ones(len(a))
            row[name] = _as_dict(difference(ratio_of_sums(a, ones), ratio_of_sums(b, ones), len(a)))
        rows.append(row)
    return rows


def hole_psnr(filled: NDArray[np.uint8], truth: NDArray[np.uint8], hole: Mask) -> float:
    """Peak signal to noise in dB over the hole's pixels; `_PEAK_PSNR` at most."""
    away = filled[hole].astype(np.float64) - truth[hole]
    least = 255**2 / 10 ** (_PEAK_PSNR / 10)
    return float(10 * np.log10(255**2 / max(float(np.square(away).mean()), least)))


def hole_ssim(filled: NDArray[np.uint8], truth: NDArray[np.uint8], hole: Mask) -> float:
    """Mean structural similarity of the windows around the hole's pixels, in [-1, 1].

    Pixels too near to the border to have a window are left out, unless all are.
    """
    rim = WINDOW // 2
    padded = [
        np.pad(each, ((rim, rim), (rim, rim), (0, 0)), "symmetric") for each in (filled, truth)
    ]
    values = ssim_map(*padded)
    inner = hole.copy()
    inner[:rim], inner[-rim:], inner[:, :rim], inner[:, -rim:] = False, False, False, False
    return float(values[inner if inner.any() else hole].mean())


def hole_distance(
    encoder: Encoder, filled: NDArray[np.uint8], truth: NDArray[np.uint8], hole: Mask
) -> float:
    """The encoder's distance of the hole with its rim, filled, from what was there."""
    import torch

    rows, columns = _around(hole)
    pair = np.stack([filled[rows, columns], truth[rows, columns]])
    pictures = torch.from_numpy(pair).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        features = encoder.features(pictures)
        found, wanted = [f[:1] for f in features], [f[1:] for f in features]
        return float(encoder.distance(found, wanted)[0])


def _around(hole: Mask) -> tuple[slice, slice]:
    box = mask_box(hole)
    spans = []
    for low, high, side in ((box.y1, box.y2, hole.shape[0]), (box.x1, box.x2, hole.shape[1])):
        rim = max(_RIM, (_LEAST - int(high - low) + 1) // 2)
        spans.append(slice(max(int(low) - rim, 0), min(int(high) + rim, side)))
    return spans[0], spans[1]


def _values(scores: InpaintScores, name: str) -> NDArray[np.float64]:
    return np.asarray(getattr(scores, name), np.float64)


def _as_dict(d: Difference) -> dict[str, float]:
    return {"difference": d.mean, "low": d.low, "high": d.high, "p": d.p_value}
