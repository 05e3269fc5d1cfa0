"""Training of PICS's network (section 4.4 of our notes), its four serious defects (4.8) mended.

Every sample has its own masks; the overlap experts are trained wherever they stand, and begin
silent; the projector is trained; objects are left out now and then, so that guidance has a sense.
All that is drawn by lot depends on the seed, the step and the process, and on nothing that went
before.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..core.errors import ModelError
from ..core.seeds import derive_seed, generator
from ..models.pics_load import PicsModel
from ..models.pics_net import PicsNet
from ..models.pics_noise import add_noise, draw_times
from ..models.pics_routing import is_overlap_layer
from ..models.pics_sample import nothing_features
from .composite_examples import CompositeExample, batch_of, make_example
from .composite_feed import ExampleFeed, Place
from .composite_loss import NoisyBatch, noise_loss
from .composite_sources import SampleSource
from .train_average import RunningMean, half_precision
from .train_composite_config import TrainCompositeConfig
from .train_composite_world import World

# what is trained as published
_PUBLISHED = ("control.", "unet.output_blocks.", "unet.out.", "projector.", "order.")


def choose_trained(net: PicsNet, everything: bool) -> list[nn.Parameter]:
    """Let those parameters learn that are trained, and give them.

    Not everything means the hint branch, the U-Net's way up and the projector, as published; and
    the overlap experts on its way down and in its middle, which the published code leaves as they
    were drawn.
    """
    for name, parameter in net.named_parameters():
        unused = name.startswith("control.input_blocks.0.")
        chosen = everything or name.startswith(_PUBLISHED) or is_overlap_layer(name)
        parameter.requires_grad_(chosen and not unused)
    return [p for p in net.parameters() if p.requires_grad]


class CompositeTraining:
    """A training between two steps.

    Args:
        model: the network and what it stands on, on the process's device.
        source: of samples.
        config: how.
        world: this process among all.
    """

    def __init__(
        self, model: PicsModel, source: SampleSource, config: TrainCompositeConfig, world: World
    ) -> None:
        self.model, self.config, self.world = model, config, world
        self.net = model.net.train()
        self.step = 0
        self.total = config.total(source.size, world.size)
        self.data = source.data
        self._source = source
        self._batches = config.batches(source.size, world.size)
        self._trained = choose_trained(self.net, config.everything)
        self.mean = RunningMean(self.net, config.average)
        self.optimiser = torch.optim.AdamW(
            self._trained, lr=config.rate, weight_decay=config.decay, fused=True
        )
        self.scaler = torch.amp.GradScaler(
            torch.device(world.device).type, enabled=config.half == "fp16"
        )
        self._net = world.wrap(self.net)
        self._feed = ExampleFeed(self.example, self._places, config.workers)
        self._nothing = nothing_features(self.net, model.encoder)

    def advance(self) -> dict[str, float]:
        """Take one step, and give its loss, its gradient's norm and its rate.

        Raises:
            DataError: a sample cannot be read.
            ModelError: the loss is no number any more.
        """
        config, world = self.config, self.world
        rate = self.rate(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        total = torch.zeros((), device=world.device)
        for part in range(config.accumulate):
            last = part == config.accumulate - 1
            with self._alone(not last), half_precision(world.device, config.half):
                batch = self.batch(self.step * config.accumulate + part)
                noisy = add_noise(batch.latents, batch.noise, batch.times)
                found = self._net(noisy, batch.times, batch.known)
                loss = noise_loss(found, batch, config.inside) / config.accumulate
                self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        total = world.mean(total)
        if not torch.isfinite(total):
            raise ModelError(
                f"the loss became {total.item()} in step {self.step + 1}; lower --learning-rate, "
                "or train with --precision fp32, and go on with --resume auto."
            )
        self.scaler.unscale_(self.optimiser)
        norm = nn.utils.clip_grad_norm_(self._trained, config.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.step += 1
        self.mean.update(self.step)
        return {"loss": float(total), "gradient": float(norm), "rate": rate}

    def batch(self, number: int) -> NoisyBatch:
        """Batch `number` of this process."""
        config, world = self.config, self.world
        pictures, known = batch_of(self._feed.take(number), self.model.encoder, world.device)
        latents = self.model.codec.encode(pictures)
        names = ("composite-noise", str(number), str(world.rank))
        times = draw_times(generator(config.seed, *names), config.batch, config.anywhere)
        draws = torch.Generator().manual_seed(derive_seed(config.seed, *names))
        noise = torch.randn(latents.shape, generator=draws).to(latents)
        dropped = (torch.rand(config.batch, generator=draws) < config.drop).to(latents.device)
        return NoisyBatch(
            latents,
            noise,
            torch.from_numpy(times).to(latents.device),
            known.without_objects(self._nothing, dropped),
            dropped,
        )

    def example(self, place: Place) -> CompositeExample:
        """The example of an epoch and a place in it."""
        config = self.config
        random = generator(config.seed, "composite-sample", *map(str, place))
        sample = self._source.sample(*place)
        return make_example(sample, self.net.config, config.augment, random)

    def rate(self, step: int) -> float:
        """The optimiser's rate in a step, counted from 0."""
        config = self.config
        rising = min((step + 1) / config.warmup, 1.0) if config.warmup else 1.0
        falling = 1.0
        if config.cosine:
            falling = 0.02 + 0.49 * (1 + math.cos(math.pi * min(step / self.total, 1.0)))
        return config.rate * rising * falling

    def averaged(self) -> dict[str, Tensor]:
        """The network's state with the running mean of what is trained."""
        return self.mean.state()

    @contextlib.contextmanager
    def with_mean(self) -> Iterator[PicsNet]:
        """The network with the running mean for weights, in evaluation mode, and then as it was."""
        with self.mean.shown():
            yield self.net

    def settle(self) -> None:
        """Leave the network with the running mean for weights, in evaluation mode."""
        self.mean.settle()

    def close(self) -> None:
        """End what reads ahead; the training takes no more steps."""
        self._feed.close()

    def state(self) -> dict[str, Any]:
        """What `restore` goes on from."""
        return {
            "step": self.step,
            "net": self.mean.own(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any], mean: dict[str, Tensor]) -> None:
        """Go on where another training of the same settings stood.

        Args:
            state: of `state`.
            mean: of `averaged`; what is not trained is taken from here too.

        Raises:
            KeyError, ValueError, RuntimeError: it was another network's.
        """
        self.mean.restore(mean, state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.step = int(state["step"])

    def _places(self, number: int) -> list[Place]:
        """Of this process's batch `number`."""
        epoch, place = divmod(number, self._batches)
        first = (place * self.world.size + self.world.rank) * self.config.batch
        return [(epoch, at) for at in range(first, first + self.config.batch)]

    def _alone(self, wanted: bool) -> contextlib.AbstractContextManager[None]:
        """Gradients are kept to this process until the last batch of a step."""
        if wanted and isinstance(self._net, DistributedDataParallel):
            return self._net.no_sync()
        return contextlib.nullcontext()
