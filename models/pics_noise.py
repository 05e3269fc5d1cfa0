"""Noise of PICS (sections 4.4, 4.5): schedule, times of training, DDIM (Song et al., 2021)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

STEPS = 1000
_FIRST, _LAST = 0.00085, 0.012  # variances of the first and last step


@dataclass(frozen=True)
class SamplerConfig:
    """How a picture is drawn; the defaults are the published ones (eta is 0)."""

    steps: int = 50  # of DDIM
    guidance: float = 5.0  # 1: none
    at_once: int = 8  # pictures


def kept_signal() -> Tensor:
    """(1000,) float64: the share of variance that is signal after each step, falling.

    Latent diffusion calls its schedule linear; it is so in the standard deviation.
    """
    deviations = torch.linspace(_FIRST**0.5, _LAST**0.5, STEPS, dtype=torch.float64)
    return torch.cumprod(1 - deviations**2, 0)


def add_noise(latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """Latents (B,…) after `times` (B,) steps."""
    kept = kept_signal().to(latents.device)[times].to(latents.dtype)
    kept = kept.view(-1, *[1] * (latents.ndim - 1))
    return kept.sqrt() * latents + (1 - kept).sqrt() * noise


def draw_times(random: np.random.Generator, count: int, anywhere: float = 0.3) -> NDArray[np.int64]:
    """Times of training, section 4.4: 30 % from [0, 1000), the others from [0, 500).

    Args:
        random: draws.
        count: of times.
        anywhere: the share from [0, 1000).
    """
    high = np.where(random.random(count) < anywhere, STEPS, STEPS // 2)
    return random.integers(0, high).astype(np.int64)


def ddim(
    noise_of: Callable[[Tensor, int], Tensor],
    start: Tensor,
    steps: int,
    *,
    limit: float | None = None,
    advance: Callable[[], object] = lambda: None,
) -> Tensor:
    """Latents without noise from `start` (B,L,h,w), which is noise.

    Args:
        noise_of: the noise in latents at a time in [0, 1000).
        start: standard normal.
        steps: equally far apart, at most 1000.
        limit: latents are held within ± this at every step; for pixels, which end there.
        advance: called after every step.
    """
    kept = kept_signal()
    times = [number * STEPS // steps for number in range(steps)]
    times = [min(time + 1, STEPS - 1) for time in times]  # as published: 1, 21, …, 981
    x = start
    for time, before in zip(reversed(times), reversed([0, *times[:-1]]), strict=True):
        now, then = float(kept[time]), float(kept[before])
        noise = noise_of(x, time)
        clean = (x - (1 - now) ** 0.5 * noise) / now**0.5
        if limit is not None:
            clean = clean.clamp(-limit, limit)
            noise = (x - now**0.5 * clean) / (1 - now) ** 0.5
        x = then**0.5 * clean + (1 - then) ** 0.5 * noise
        advance()
    return x
