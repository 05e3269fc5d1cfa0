"""How well a network paints the drawn set: scenes it never saw, judged region by region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ..core.seeds import generator
from ..models.pics_load import PicsModel
from ..models.pics_noise import SamplerConfig
from .composite_examples import PLAIN, make_example
from .composite_grid import draw_samples
from .composite_toy import ToyScene, toy_scene, toy_score

_PART = "held-out"  # scenes of another stream of draws than those of training
_AT_ONCE = 32


def measure_toy(
    model: PicsModel,
    *,
    scenes: int = 100,
    seed: int = 0,
    sampler: SamplerConfig | None = None,
    device: str = "cpu",
    advance: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Shares of held-out scenes that come out right, as a line of the metrics.

    Args:
        model: in evaluation mode.
        scenes: how many.
        seed: of the scenes and of the noise.
        sampler: how pictures are drawn; 50 steps and a guidance of 2 by default.
        device: torch's name of the one the model is on.
        advance: called after every scene.

    Returns:
        `ToyScore`'s fields; and as `not_told` the share of right overlaps of the first half of
        the scenes when the same network is not told the order.
    """
    sampler = sampler or SamplerConfig(guidance=2.0)
    held = [toy_scene(seed, _PART, number) for number in range(scenes)]
    told = toy_score(held, _drawn(model, held, sampler, seed, device, True, advance))
    some = held[: -(-scenes // 2)]
    silent = toy_score(some, _drawn(model, some, sampler, seed, device, False, advance))
    return {**asdict(told), "not_told": silent.overlap, "guidance": sampler.guidance}


def _drawn(
    model: PicsModel,
    scenes: list[ToyScene],
    sampler: SamplerConfig,
    seed: int,
    device: str,
    told: bool,
    advance: Callable[[], object],
) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    pictures = []
    for begin in range(0, len(scenes), _AT_ONCE):
        examples = []
        for scene in scenes[begin : begin + _AT_ONCE]:
            sample = scene.sample if told else replace(scene.sample, ranks=None)
            unused = generator(seed, "composite-toy-held-out")
            examples.append(make_example(sample, model.net.config, PLAIN, unused))
            advance()
        pictures += list(draw_samples(model.net, model, examples, sampler, seed + begin, device))
    return pictures
