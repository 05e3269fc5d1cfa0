"""Tiny trainings of compositing that take a moment."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from compose.models.pics_config import TINY
from compose.models.pics_load import PicsModel, begin_pics
from compose.stages.composite_sources import ToySource
from compose.stages.train_composite import CompositeTraining
from compose.stages.train_composite_config import TOY, TrainCompositeConfig
from compose.stages.train_composite_world import World

MINI = dataclasses.replace(TINY, channels=16, multipliers=(1,), attention=(1,), context=16)
FAST = dataclasses.replace(
    TOY, net=MINI, steps=6, batch=4, warmup=0, every=2, grids=0, log=2, cosine=False, guidance=1.0
)


def mini_model(seed: int = 0) -> PicsModel:
    torch.manual_seed(seed)
    return begin_pics(MINI)


def training(config: TrainCompositeConfig = FAST, world: World | None = None,
             **changes: Any) -> CompositeTraining:  # fmt: skip
    config = dataclasses.replace(config, **changes)
    return CompositeTraining(mini_model(), ToySource(config.seed), config, world or World())
