"""Training of the hole-filling network on photographs with holes of many shapes."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..core.errors import Interrupted, ModelError
from ..core.files import atomic_write
from ..core.names import printable
from ..models.encoder_builtin import BuiltinEncoder, BuiltinEncoderConfig
from ..models.inpaint_export import export_inpaint
from ..models.inpaint_net import InpaintConfig, InpaintNet
from ..models.inpainter_builtin import INPAINT
from ..models.packing import round_int8
from ..models.reference_encoder import digest_of
from ..models.small_net import write_small_net
from ..models.weights_io import load_pickle_weights_only
from .inpaint_examples import InpaintExamples, collect_examples
from .inpaint_sources import read_sources
from .one_cycle import one_cycle

WEIGHTS = "inpaint.safetensors"
METRICS = "inpaint_metrics.jsonl"
STATE = "inpaint_state.pt"  # what an interrupted training goes on from

_SEEN = BuiltinEncoderConfig(lite_stages=((1, 1.0), (2, 1.0)))  # the maps at strides 4 and 8
_MEASURED, _AT_ONCE = 128, 16  # held-out windows


@dataclass(frozen=True)
class TrainInpaintConfig:
    """How long and how fast; the defaults are what a CPU does in about an hour."""

    steps: int = 5000
    batch: int = 16
    rate: float = 2e-3  # AdamW's, after a twentieth of the steps, then falling to 0 (one cycle)
    decay: float = 0.01  # weight decay
    clip: float = 1.0  # of the gradient's norm
    perceptual: float = 0.2  # weight of the distance of feature maps against the colours' L1
    colours_first: float = 0.75  # share of the steps without that term, which are twice as fast
    average: float = 0.998  # decay of the running mean of weights that is kept in the end
    every: int = 250  # steps between measurements, after which training can go on
    seed: int = 0
    net: InpaintConfig = field(default_factory=InpaintConfig)


Log = Callable[[dict[str, Any]], None]
Begin = Callable[[str, int], Callable[[], object]]


def train_inpaint(
    data: Sequence[Path],
    out: Path,
    config: TrainInpaintConfig,
    *,
    resume: bool = False,
    cache: Path | None = None,
    log: Log = lambda row: None,
    begin: Begin = lambda what, total: lambda: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Train the network of inpainter `builtin` and write its files, whose paths it returns.

    A fifth of the photographs, by their names, only measures. What is kept while training makes
    the same bytes come out of a training that was interrupted.

    Args:
        data: data sets as `inpaint_sources.read_sources` takes them; of known sets only the
            train split is read.
        out: gets `inpaint.onnx`, `inpaint.safetensors` and `inpaint_metrics.jsonl`.
        resume: go on from the state that an interrupted training left in `out`, if there is one.
        cache: small photographs are kept here; `out/photographs` by default.
        log: is given every line of the metrics.
        begin: called with the name and length of a phase; gives what to call at every step.
        should_stop: asked after every step.

    Raises:
        DataError, ImageError, MaskError, ModelError: the data or the state are not as needed.
        Interrupted: `should_stop` said so; the state has been written.
    """
    sources = [source for root in data for source in read_sources(root, "train")]
    advance = begin("photographs", len(sources))
    examples = collect_examples(sources, cache or out / "photographs", advance=advance)
    out.mkdir(parents=True, exist_ok=True)
    training = InpaintTraining(examples, config)
    state = out / STATE
    if resume and state.is_file():
        training.restore(state)
    advance = begin("steps", config.steps - training.step)
    while training.step < config.steps:
        row = training.advance(advance, should_stop)
        if row is not None:
            log(row)
        training.keep(state)
        if training.step < config.steps and should_stop():
            raise Interrupted(
                f"interrupted after step {training.step}; run the same command with --resume to "
                "go on."
            )
    net = training.result()
    round_int8(net)
    with atomic_write(out / METRICS) as part:
        part.write_text("".join(json.dumps(row) + "\n" for row in training.rows))
    write_small_net(out / WEIGHTS, net, config.net)
    export_inpaint(net, out / INPAINT)
    state.unlink(missing_ok=True)
    return [out / INPAINT, out / WEIGHTS, out / METRICS]


class InpaintTraining:
    """A training between two steps: AdamW with one cycle, and a running mean of the weights."""

    def __init__(self, examples: InpaintExamples, config: TrainInpaintConfig) -> None:
        torch.manual_seed(config.seed)
        self.config, self.step = config, 0
        self.rows: list[dict[str, Any]] = []
        self._examples, self._seal = examples, ""
        self._losses = torch.zeros(2)  # sums of the steps since the last measurement
        self._net = InpaintNet(config.net)
        _lay_out(self._net, torch.channels_last)  # convolutions go backward faster so on the CPU
        self._mean = copy.deepcopy(self._net).requires_grad_(False)
        self._optimiser = torch.optim.AdamW(
            self._net.parameters(), lr=config.rate, weight_decay=config.decay
        )
        self._schedule = one_cycle(self._optimiser, config.rate, config.steps + 1, rising=0.05)
        self._encoder: BuiltinEncoder | None = None  # opened when it is needed first

    def advance(
        self,
        advance: Callable[[], object] = lambda: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any] | None:
        """Take the steps up to the next measurement, and give its row.

        There is no row where `should_stop`, asked after every step, said so before; the next
        call takes the steps that are left.

        Raises:
            ModelError: the loss is no number any more.
        """
        began, every = time.monotonic(), self.config.every
        first = self.step // every * every
        last = min(first + every, self.config.steps)
        self._net.train()
        while self.step < last:
            self._losses += self._one_step()
            self.step += 1
            advance()
            if self.step < last and should_stop():
                return None
        colours, features = (self._losses / (last - first)).tolist()
        self._losses = torch.zeros(2)
        row = {
            "step": self.step,
            "loss": colours,
            "perceptual": features,
            "psnr": self.measure(),
            "seconds": round(time.monotonic() - began, 1),
        }
        # how long it took is said, not kept: the same training writes the same bytes
        self.rows.append({key: value for key, value in row.items() if key != "seconds"})
        return row

    def _one_step(self) -> Tensor:
        config = self.config
        pictures, holes = self._examples.batch(
            self.step, config.batch, config.net.side, config.seed
        )
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        found = self._net(pictures, holes)
        colours = hole_error(found, pictures, holes)
        loss, features = colours, torch.zeros(())
        if config.perceptual and self.step >= config.colours_first * config.steps:
            encoder = self._encoder = self._encoder or BuiltinEncoder(_SEEN)
            with torch.no_grad():
                truth = encoder.features(pictures)
            features = encoder.distance(encoder.features(found), truth).mean()
            loss = loss + config.perceptual * features
        if not torch.isfinite(loss):
            raise ModelError(
                f"the loss became {loss.item()} in step {self.step + 1}; lower the rate."
            )
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._net.parameters(), config.clip)
        self._optimiser.step()
        self._schedule.step()
        # a mean of few steps at first, which the beginning does not hold back
        average = min(config.average, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for ours, theirs in zip(self._mean.parameters(), self._net.parameters(), strict=True):
                ours.lerp_(theirs, 1 - average)
        return torch.stack([colours.detach(), features.detach()])

    @torch.no_grad()
    def measure(self) -> float:
        """PSNR in dB of what the mean of weights fills in, in held-out windows' holes."""
        pictures, holes = self._examples.measured(_MEASURED, self.config.net.side)
        self._mean.eval()
        found = torch.cat(
            [
                self._mean(pictures[at : at + _AT_ONCE], holes[at : at + _AT_ONCE])
                for at in range(0, len(pictures), _AT_ONCE)
            ]
        )
        away = ((found.clamp(0, 1) - pictures).square() * holes).sum((1, 2, 3))
        mean = away / (3 * holes.sum((1, 2, 3)))
        return float((-10 * torch.log10(mean.clamp(min=1e-10))).mean())

    def result(self) -> InpaintNet:
        """The mean of weights, for use."""
        net = copy.deepcopy(self._mean)
        _lay_out(net, torch.contiguous_format)
        return net.eval()

    def keep(self, path: Path) -> None:
        """Write what `restore` goes on from."""
        state = {
            "config": json.dumps(asdict(self.config), sort_keys=True),
            "photographs": self._photographs(),
            "step": self.step,
            "losses": self._losses,
            "rows": json.dumps(self.rows),
            "net": self._net.state_dict(),
            "mean": self._mean.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
        }
        with atomic_write(path) as part:
            torch.save(state, part)

    def restore(self, path: Path) -> None:
        """Go on where another training of the same settings and data stood.

        Raises:
            ModelError: the file is damaged, or of other settings or photographs.
        """
        state = load_pickle_weights_only(path)
        if state.get("config") != json.dumps(asdict(self.config), sort_keys=True):
            raise ModelError(
                f"{printable(path)} is of a training with other settings; give the same ones, or "
                "train anew without --resume."
            )
        if state.get("photographs") != self._photographs():
            raise ModelError(
                f"{printable(path)} is of a training on other photographs; give the same ones, or "
                "train anew without --resume."
            )
        try:
            self._net.load_state_dict(state["net"])
            self._mean.load_state_dict(state["mean"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._schedule.load_state_dict(state["schedule"])
            self._losses.copy_(state["losses"])
            self.step, self.rows = int(state["step"]), json.loads(state["rows"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"{printable(path)} is damaged ({reason}); train anew without --resume."
            ) from None

    def _photographs(self) -> str:
        """Hash of all that is learned from and measured on; computed once."""
        if not self._seal:
            arrays: dict[str, NDArray[np.generic]] = {}
            for part, values in vars(self._examples).items():
                arrays |= {f"{part} {number}": array for number, array in enumerate(values)}
            self._seal = digest_of(arrays)
        return self._seal


def _lay_out(net: nn.Module, layout: torch.memory_format) -> None:
    for parameter in net.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def hole_error(found: Tensor, truth: Tensor, holes: Tensor) -> Tensor:
    """Mean absolute difference (0-d) of colours in the holes, every picture counting alike.

    Args:
        found, truth: (N,3,H,W).
        holes: (N,1,H,W), 1 in the hole and 0 elsewhere.
    """
    away = ((found - truth).abs() * holes).sum((1, 2, 3))
    return (away / (3 * holes.sum((1, 2, 3)).clamp(min=1))).mean()
