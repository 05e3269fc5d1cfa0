"""A run of compositing's training: its folder, metrics, pictures of samples and checkpoints.

config.json      what was set
metrics.jsonl    a line every so many steps
samples/         pictures of samples
checkpoints/     see `train_composite_state`
pics.safetensors the result: the running mean of the weights, as engine pics reads it
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from ..core.errors import Interrupted
from ..core.files import atomic_write
from ..models.pics_load import PicsModel, save_pics
from ..models.pics_noise import SamplerConfig
from .composite_examples import CompositeExample
from .composite_grid import draw_samples, sample_grid
from .composite_sources import SampleSource
from .train_composite import CompositeTraining
from .train_composite_config import TrainCompositeConfig
from .train_composite_state import find_checkpoint, read_checkpoint, write_checkpoint
from .train_composite_world import World
from .train_hooks import RunHooks as RunHooks
from .train_metrics import Metrics
from .train_state import begin_anew

RESULT, METRICS, CONFIG, SAMPLES = "pics.safetensors", "metrics.jsonl", "config.json", "samples"
_SHOWN = 4  # samples of a picture


def train_composite(
    model: PicsModel,
    source: SampleSource,
    out: Path,
    config: TrainCompositeConfig,
    *,
    world: World | None = None,
    resume: str | None = None,
    hooks: RunHooks | None = None,
) -> list[Path]:
    """Train, and give the paths of the run's lasting files.

    A run that was interrupted and resumed ends with the same weights as one that was not.

    Args:
        model: to train; it is changed, and in the end has the running mean for weights.
        source: of samples.
        out: the run's folder.
        config: how.
        world: this process among those that train together; alone by default.
        resume: see `train_composite_state.find_checkpoint`.
        hooks: see there.

    Raises:
        DataError, ModelError, OutputError: the data, the weights or the disk are not as needed.
        Interrupted: `hooks.should_stop` said so; a checkpoint has been written.
    """
    world, hooks = world or World(), hooks or RunHooks()
    begun = find_checkpoint(out, resume)
    training = CompositeTraining(model, source, config, world)
    if resume is None and world.first:
        begin_anew(out)
    world.wait()
    run = _Run(training, source, out, hooks)
    try:
        _train(training, run, begun, hooks)
    finally:
        training.close()
    if world.first:
        save_pics(training.averaged(), training.net.config, out / RESULT, model.frozen)
    world.wait()
    training.settle()
    return [out / RESULT, out / METRICS, out / CONFIG]


def _train(training: CompositeTraining, run: _Run, begun: Path | None, hooks: RunHooks) -> None:
    config, world = training.config, training.world
    if begun is not None:
        read_checkpoint(begun, training, run.metrics)
    run.write_config()
    hooks.begin(training.total - training.step)
    while training.step < training.total:
        run.take(training.advance())
        done = training.step == training.total
        stop = world.any(hooks.should_stop())
        if stop or done or training.step % config.every == 0:
            run.checkpoint()
        if config.grids and (done or training.step % config.grids == 0):
            run.picture()
        hooks.advance()
        if stop and not done:
            raise Interrupted(
                f"interrupted after step {training.step}; run the same command with --resume "
                "auto to go on."
            )


class _Run:
    """What is written of a training; only the first process writes."""

    def __init__(
        self, training: CompositeTraining, source: SampleSource, out: Path, hooks: RunHooks
    ) -> None:
        self._training, self._source, self._out = training, source, out
        path = out / METRICS if training.world.first else None
        self.metrics = Metrics(path, training.config.log, hooks.log)

    def take(self, row: dict[str, float]) -> None:
        """What a step gave."""
        step = self._training.step
        self.metrics.take(step, row, step == self._training.total)

    def write_config(self) -> None:
        """What was set, and what came of it."""
        if not self._training.world.first:
            return
        values = asdict(self._training.config)
        values["net"] = self._training.net.config.as_json()
        values |= {"steps": self._training.total, "processes": self._training.world.size}
        with atomic_write(self._out / CONFIG) as part:
            part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")

    def checkpoint(self) -> None:
        """Write one, if this is the first process; all wait."""
        if self._training.world.first:
            write_checkpoint(self._out, self._training, self.metrics)
        self._training.world.wait()

    def picture(self) -> None:
        """Draw samples with the running mean."""
        training = self._training
        if training.world.first:
            examples = self._examples()
            sampler = SamplerConfig(guidance=training.config.guidance)
            with training.with_mean() as net:
                drawn = draw_samples(
                    net, training.model, examples, sampler, training.config.seed,
                    training.world.device,
                )  # fmt: skip
            path = self._out / SAMPLES / f"step-{training.step:07d}.png"
            with atomic_write(path) as part:
                Image.fromarray(sample_grid(examples, drawn)).save(part, "PNG")
        training.world.wait()

    def _examples(self) -> list[CompositeExample]:
        """The first ones of the first epoch."""
        return [self._training.example((0, at)) for at in range(min(_SHOWN, self._source.size))]
