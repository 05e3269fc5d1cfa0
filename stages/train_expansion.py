"""Training the scorer of expanded pictures.

It learns two things at once: to tell what an engine made around a photograph from what was
photographed, of which there is any amount, and which pictures a person called bad, of which there
are few. The first teaches it what to look at, the second is what it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ..core.errors import DataError
from ..models.expansion_net import ExpansionConfig, ExpansionNet

MADE, BAD = 0, 1
UNKNOWN = -1.0


@dataclass(frozen=True, eq=False)
class ScoreExample:
    """One picture as the network sees it."""

    maps: NDArray[np.float16] = field(repr=False)  # (CHANNELS,CELLS,CELLS)
    inside: NDArray[np.float32] = field(repr=False)  # (CELLS,CELLS)
    made: float  # 1: its surroundings are an engine's; 0: all of it was photographed
    bad: float  # 1: a person called it bad; 0: good; UNKNOWN: nobody looked


@dataclass(frozen=True)
class ScoreTraining:
    """How the network is trained; chosen by cross-validation on the train photographs."""

    epochs: int = 12
    rate: float = 2e-3
    decay: float = 0.3
    batch: int = 32
    bad_weight: float = 2.0  # of what is asked against what is learned with it
    net: ExpansionConfig = field(default_factory=ExpansionConfig)


def train_expansion(
    examples: Sequence[ScoreExample], how: ScoreTraining, seed: int
) -> ExpansionNet:
    """The trained network, in evaluation mode.

    Args:
        examples: pictures of both kinds, some called good and some bad.
        how: see there.
        seed: of all draws.

    Raises:
        DataError: nothing is called good, or nothing bad.
    """
    known = {example.bad for example in examples if example.bad != UNKNOWN}
    if known != {0.0, 1.0}:
        raise DataError("a scorer needs pictures called good and such called bad; add some.")
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    net = ExpansionNet(how.net)
    maps = torch.from_numpy(np.stack([example.maps for example in examples]).astype(np.float32))
    inside = torch.from_numpy(np.stack([example.inside for example in examples]))[:, None]
    truth = torch.tensor([[example.made, example.bad] for example in examples])
    net.mean.copy_(maps.mean((0, 2, 3), keepdim=True))
    net.scale.copy_(1 / (maps.std((0, 2, 3), keepdim=True) + 1e-3))
    optimiser = torch.optim.AdamW(net.parameters(), how.rate, weight_decay=how.decay)
    steps = how.epochs * -(-len(examples) // how.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, how.rate, total_steps=steps)
    net.train()
    for _ in range(how.epochs):
        order = random.permutation(len(examples))
        for start in range(0, len(order), how.batch):
            chosen = torch.from_numpy(order[start : start + how.batch])
            some, their_inside = _turned(maps[chosen], inside[chosen], random)
            loss = expansion_loss(net(some, their_inside), truth[chosen], how.bad_weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return net.eval()


def expansion_loss(logits: torch.Tensor, truth: torch.Tensor, bad_weight: float) -> torch.Tensor:
    """Cross-entropy of both answers (N,2), the second only where somebody looked."""
    made = F.binary_cross_entropy_with_logits(logits[:, MADE], truth[:, MADE])
    seen = truth[:, BAD] != UNKNOWN
    if not bool(seen.any()):
        return made
    bad = F.binary_cross_entropy_with_logits(logits[seen, BAD], truth[seen, BAD])
    return made + bad_weight * bad


def predicted_bad(net: ExpansionNet, examples: Sequence[ScoreExample]) -> NDArray[np.float32]:
    """Probabilities (N,) that pictures look bad."""
    with torch.inference_mode():
        maps = np.stack([example.maps for example in examples]).astype(np.float32)
        inside = np.stack([example.inside for example in examples])[:, None]
        logits = net(torch.from_numpy(maps), torch.from_numpy(inside))
        found: NDArray[np.float32] = torch.sigmoid(logits[:, BAD]).numpy()
    return found


def area_under_curve(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """Probability that a bad picture scores higher than a good one; ties count half.

    Raises:
        ValueError: one of the two is missing.
    """
    if truth.all() or not truth.any():
        raise ValueError("needs good and bad ones")
    apart = scores[truth][:, None] - scores[~truth][None]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())


def _turned(
    maps: torch.Tensor, inside: torch.Tensor, random: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Half of the time mirrored, as the trunks nearly are to mirrored pictures."""
    if random.random() < 0.5:
        return maps.flip(3), inside.flip(3)
    return maps, inside
