"""The network that tells which candidate masks are objects: the IoU that each will have.

Two sorts of numbers (`object_features.py`): those of form go in as they are, those of looks
through a narrow layer, for there are few photographs to learn them from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from .object_features import FORMS, LOOKS_LENGTH
from .small_net import load_small_net


@dataclass(frozen=True)
class ObjectConfig:
    """Sizes; the defaults are those of the weights that ship."""

    looks: int = 32  # numbers that looks are put into
    width: int = 64
    dropout: float = 0.5  # of looks; of the layers after it two fifths as much


class ObjectNet(nn.Module):
    """Numbers of form (K, FORMS) and looks (K, LOOKS_LENGTH) to logits (K,)."""

    def __init__(self, config: ObjectConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ObjectConfig()
        for name, length in (("forms", FORMS), ("looks", LOOKS_LENGTH)):
            self.register_buffer(f"{name}_mean", torch.zeros(length))
            self.register_buffer(f"{name}_deviation", torch.ones(length))
        self.forms_mean: Tensor
        self.forms_deviation: Tensor
        self.looks_mean: Tensor
        self.looks_deviation: Tensor
        self.narrow = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(LOOKS_LENGTH, config.looks), nn.ReLU()
        )
        less = 0.4 * config.dropout
        self.layers = nn.Sequential(
            nn.Linear(FORMS + config.looks, config.width),
            nn.ReLU(),
            nn.Dropout(less),
            nn.Linear(config.width, config.width),
            nn.ReLU(),
            nn.Dropout(less),
            nn.Linear(config.width, 1),
        )

    def forward(self, forms: Tensor, looks: Tensor) -> Tensor:
        """Logits (K,) of the IoU with the object that each candidate is nearest to."""
        forms = (forms - self.forms_mean) / self.forms_deviation
        seen = self.narrow((looks - self.looks_mean) / self.looks_deviation)
        logits: Tensor = self.layers(torch.cat([forms, seen], 1))[:, 0]
        return logits


def load_object_net(path: Path) -> ObjectNet:
    """The network that `compose train objects` wrote as safetensors, in evaluation mode.

    Raises:
        ModelError: the file is missing, damaged, or belongs to another network.
    """
    return load_small_net(path, lambda values: ObjectNet(ObjectConfig(**values)))
