"""Training of the croppers procrop and multi-in-one (sections 1.5, 1.6, 3.5 and 3.6 of our notes).

All that is drawn by lot, dropout too, depends on the seed, the step and the process, and on nothing
that went before, so that a training that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import ModelError
from ..core.seeds import derive_seed
from ..models.context_model import ContextModel, choose_context
from ..models.crop_detr import CropDetr, CropInputs
from ..models.crop_detr_load import save_crop_detr
from ..models.crop_detr_loss import crop_losses
from ..models.weights_io import load_safetensors
from .composite_feed import ExampleFeed, Place
from .crop_feed import CropFeed, CropItem
from .train_average import RunningMean, half_precision
from .train_composite_world import World
from .train_detr_config import TrainDetrConfig

_SLOW = ("reference_points", "sampling_offsets")


class CropTraining:
    """A training between two steps.

    Args:
        net: to train, on the process's device.
        feed: of photographs.
        config: how.
        world: this process among all.
        context: the second detector of multi-in-one, where it is used.
    """

    def __init__(
        self,
        net: CropDetr,
        feed: CropFeed,
        config: TrainDetrConfig,
        world: World,
        context: ContextModel | None = None,
    ) -> None:
        self.net, self.config, self.world = net.train(), config, world
        self.step = 0
        self.data = _digest(feed)
        size = len(feed.mixture)
        self.total = config.total(size, world.size)
        self._batches = config.batches(size, world.size)
        self._feed, self._context = feed, context
        self.mean = RunningMean(net, config.average)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=config.rate, fused=True)
        self.scaler = torch.amp.GradScaler(
            torch.device(world.device).type, enabled=config.half == "fp16"
        )
        self._net = world.wrap(net)
        self._ahead = ExampleFeed(self._item, self._places, config.workers)

    def advance(self) -> dict[str, float]:
        """Take one step, and give its losses, its gradient's norm and its rate.

        Raises:
            DataError, ImageError: a photograph or its crops cannot be read.
            ModelError: the loss is no number any more.
        """
        config, world = self.config, self.world
        factor = self.factor(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * factor
        inputs, targets = self._feed.batch(self._ahead.take(self.step), world.device)
        count = torch.tensor(float(sum(len(t.good) for t in targets)), device=world.device)
        boxes = float(world.mean(count))
        self.optimiser.zero_grad()
        torch.manual_seed(derive_seed(config.seed, "crop-dropout", str(self.step), str(world.rank)))
        with half_precision(world.device, config.half):
            inputs = self._with_context(inputs)
            teacher = self._taught(inputs)
            answer = self._net(inputs)
        known = torch.isfinite(answer.logits).all() & torch.isfinite(answer.boxes).all()
        if world.any(not bool(known)):  # nothing can be matched with what is no number
            raise self._diverged("answer")
        losses = crop_losses(answer, targets, config.loss, boxes, teacher)
        self.scaler.scale(losses["loss"]).backward()  # type: ignore[no-untyped-call]
        found = world.mean(torch.stack([value.detach() for value in losses.values()]))
        if not torch.isfinite(found[0]):
            raise self._diverged("loss")
        self.scaler.unscale_(self.optimiser)
        trained = [p for _, p in self.mean.trained()]
        norm = nn.utils.clip_grad_norm_(trained, config.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.step += 1
        self.mean.update(self.step)
        values = dict(zip(losses, found.tolist(), strict=True))
        return {**values, "gradient": float(norm), "rate": config.rate * factor}

    def factor(self, step: int) -> float:
        """What the rates are multiplied by in a step, counted from 0."""
        config = self.config
        if config.cosine:
            rise = max(self.total // 20, 1)
            falling = 0.5 * (1 + math.cos(math.pi * min(step / self.total, 1.0)))
            return min((step + 1) / rise, 1.0) * falling
        return 0.1 if step >= config.drop * self.total else 1.0

    def write_weights(self, path: Path) -> None:
        """The running mean, as the engine reads it."""
        save_crop_detr(self.mean.state(), self.net.config, path)

    def settle(self) -> None:
        """Leave the network with the running mean for weights, in evaluation mode."""
        self.mean.settle()

    def close(self) -> None:
        """End what reads ahead; the training takes no more steps."""
        self._ahead.close()

    def state(self) -> dict[str, Any]:
        """What `restore` goes on from, beside the running mean."""
        return {
            "step": self.step,
            "net": self.mean.own(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any], weights: Path) -> None:
        """Go on where another training of the same settings stood.

        Args:
            state: of `state`.
            weights: of `write_weights`.

        Raises:
            KeyError, ValueError, RuntimeError, ModelError: they are another network's.
        """
        self.mean.restore(load_safetensors(weights), state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.step = int(state["step"])

    def _diverged(self, what: str) -> ModelError:
        return ModelError(
            f"the {what} became no number in step {self.step + 1}; lower --learning-rate, or train "
            "with --precision fp32, and go on with --resume auto."
        )

    def _groups(self) -> list[dict[str, Any]]:
        config = self.config
        rates: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.mean.trained():
            rate = config.rate_backbone if name.startswith("backbone.") else config.rate
            if any(part in name for part in _SLOW):
                rate *= config.slow
            rates.setdefault(rate, []).append(parameter)
        return [
            {"params": each, "lr": rate, "base": rate, "weight_decay": config.decay}
            for rate, each in rates.items()
        ]

    def _item(self, place: Place) -> CropItem:
        return self._feed.item(*place)

    def _places(self, number: int) -> list[Place]:
        """Of this process's batch `number`."""
        epoch, place = divmod(number, self._batches)
        first = (place * self.world.size + self.world.rank) * self.config.batch
        return [(epoch, at) for at in range(first, first + self.config.batch)]

    def _with_context(self, inputs: CropInputs) -> CropInputs:
        if self._context is None or inputs.pictures is None:
            return inputs
        draws = torch.Generator().manual_seed(
            derive_seed(self.config.seed, "crop-context", str(self.step))
        )
        features, logits = self._context(inputs.pictures, inputs.pad)
        context = choose_context(features, logits, self.net.config, draws)
        return CropInputs(
            inputs.pad, inputs.pictures, inputs.maps, inputs.retrieved, inputs.text, context
        )

    def _taught(self, inputs: CropInputs) -> Tensor | None:
        """(B,Q) what the running mean thinks of the queries, once it has something to say."""
        if self.step < self.config.teach * self.total:
            return None
        with self.mean.shown(), torch.no_grad():
            found: Tensor = self.net(inputs).logits[-1].sigmoid()
        return found


def _digest(feed: CropFeed) -> str:
    """Of the photographs and of those that are shown beside them."""
    found = hashlib.sha256(feed.mixture.digest().encode())
    if (shown := feed.references) is not None:
        found.update(json.dumps(shown.names).encode() + shown.vectors.tobytes())
        if shown.texts is not None:
            found.update(shown.texts.tobytes())
    return found.hexdigest()
