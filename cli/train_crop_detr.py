"""`compose train crop --engine procrop|multi-in-one`: from options to a run."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .train_options import may_begin, phases
from .train_steps import Steps, asked_to_stop

if TYPE_CHECKING:
    from ..models.context_model import ContextModel
    from ..models.reference_set import ReferenceSet
    from ..stages.train_composite_world import World
    from ..stages.train_detr_config import TrainDetrConfig
    from .output import Output

_TRIED = 2  # steps of a dry run


@dataclass(frozen=True)
class DetrRequest:
    """What was asked for, as options have it."""

    engine: str
    preset: str
    out: Path
    data: tuple[tuple[str, Path], ...]  # names of data sets and their folders
    features: Path | None
    init: Path | None
    refs: Path | None
    text: Path | None
    fusion: str | None
    context: str | None
    context_model: Path | None
    rounds: int
    chosen: dict[str, Any]
    board: bool
    resume: str | None
    precision: str
    device: str
    seed: int
    overwrite: bool
    dry_run: bool


def train_detr_command(output: Output, request: DetrRequest) -> None:
    """Train, and print what was written.

    Raises:
        UsageError, DataError, ModelError, OutputError: see `train_detr_run`.
        typer.Exit: 130, interrupted.
    """
    from ..core.devices import require_torch, resolve_device

    out = request.out
    targets = [out / f"{request.engine}.safetensors", out / "metrics.jsonl", out / "config.json"]
    first = os.environ.get("RANK", "0") == "0"
    if request.dry_run:
        require_torch("training")
    # processes of torchrun other than the first would see what that one has begun to write
    allowed = request.overwrite or request.resume is not None or not first
    if not request.dry_run:
        may_begin(output, targets, overwrite=allowed, dry_run=False)
    from ..core.errors import Interrupted
    from ..stages.train_composite_world import close_world, open_world

    world = open_world(resolve_device(request.device))
    try:
        if request.dry_run:
            with tempfile.TemporaryDirectory(prefix="compose-dry-run-") as folder:
                _train(output, dataclasses.replace(request, resume=None), world, Path(folder))
            may_begin(output, targets, overwrite=allowed, dry_run=True)
            return
        files = _train(output, request, world, out)
    except Interrupted as error:
        output.note(str(error))
        raise typer.Exit(130) from None
    finally:
        close_world(world)
    if world.first:
        for path in files:
            output.path(path)


def settings_of(request: DetrRequest) -> TrainDetrConfig:
    """The training's settings, but for what depends on the references.

    Raises:
        UsageError: options contradict each other.
    """
    from ..core.devices import resolve_device, resolve_precision
    from ..core.errors import UsageError
    from ..stages.crop_training_sets import settings_for

    settings = settings_for(request.preset, request.engine, {name for name, _ in request.data})
    net = settings.net
    if request.engine == "procrop":
        if request.context or request.context_model:
            raise UsageError("SCRM and its context are multi-in-one's; leave --context out.")
        fusion = request.fusion or (net.fusion if request.refs else "none")
        if fusion != "none" and request.refs is None:
            raise UsageError("--fusion needs photographs to retrieve from; give --refs DIR.")
        if request.text is not None and fusion in ("none", "token-mlp"):
            raise UsageError("--text goes with --refs and --fusion paper or concat; give these.")
        square = net.square or (1024 if fusion == "token-mlp" else 0)
        net = dataclasses.replace(net, fusion=fusion, square=square)
    else:
        if request.refs or request.fusion or request.text:
            raise UsageError("references are procrop's; leave --refs, --text and --fusion out.")
        context = request.context or net.context
        if context in ("random", "topk") and request.context_model is None:
            raise UsageError(
                f"--context {context} needs a detector for COCO; name its file with "
                "--context-model, or use --context memory."
            )
        net = dataclasses.replace(net, context=context)
    half = resolve_precision(request.precision, resolve_device(request.device), auto="bf16")
    chosen = dict(request.chosen)
    if request.dry_run:
        chosen |= {"steps": _TRIED, "log": 1, "workers": 0}
    return dataclasses.replace(
        settings, **chosen, net=net, half=None if half == "fp32" else half, seed=request.seed
    )


def _train(output: Output, request: DetrRequest, world: World, out: Path) -> list[Path]:
    import torch

    from ..core.errors import UsageError
    from ..models.crop_detr import CropDetr
    from ..models.crop_detr_load import begin_from
    from ..stages.crop_feed import CropFeed
    from ..stages.crop_sources import Mixture
    from ..stages.crop_training_sets import training_sets
    from ..stages.train_detr_run import train_detr
    from ..stages.train_detr_weak import train_weak
    from ..stages.train_hooks import RunHooks

    settings = settings_of(request)
    sets = training_sets(request.data)
    drawn, weak = sets.drawn, sets.weak

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        output.text(f"step {row['step']:7d}  loss {row['loss']:.4f}  rate {row['rate']:.1e}")

    with phases(output) as begin, asked_to_stop() as asked:
        references = _references(request, begin, world.device)
        if references is not None:
            tokens, channels = references.tokens.shape[1:]
            texts = references.texts
            net_config = dataclasses.replace(
                settings.net, reference_tokens=int(tokens), reference_channels=int(channels),
                text_channels=0 if texts is None else int(texts.shape[2]),
            )  # fmt: skip
            settings = dataclasses.replace(settings, net=net_config)
        torch.manual_seed(request.seed)  # for what begins at random
        net = CropDetr(settings.net)
        if request.init is not None:
            left = begin_from(net, request.init)
            output.note(f"{request.init.name}: {len(left)} tensors are not in it")
        net = net.to(world.device)
        context = _context(request, world)
        kept = None if request.dry_run else request.features
        cache = kept or out / "features"

        def feed(mixture: Mixture, stage: TrainDetrConfig) -> CropFeed:
            return CropFeed(
                mixture, stage.net, stage.augment, stage.loss.targets, seed=stage.seed,
                views=stage.views, cache=cache, references=references, shown=stage.references,
            )  # fmt: skip

        steps = Steps(begin, asked)
        hooks = RunHooks(log, steps.advance, lambda: bool(asked), steps.begin)
        if not weak:
            return train_detr(
                net, feed(Mixture([drawn]), settings), out, settings, world=world,
                context=context, resume=request.resume, board=request.board, hooks=hooks,
            )  # fmt: skip
        if request.resume not in (None, "auto"):
            raise UsageError("training on --cad goes on with --resume auto only.")
        return train_weak(
            net, weak, drawn, out, settings, feed, rounds=request.rounds, world=world,
            context=context, references=references, resume=request.resume, board=request.board,
            hooks=hooks,
        )  # fmt: skip


def _references(request: DetrRequest, begin: Any, device: str) -> ReferenceSet | None:
    from ..stages.crop_network_references import network_references

    if request.refs is None:
        return None
    return network_references(request.refs, request.text, device=device, begin=begin)


def _context(request: DetrRequest, world: World) -> ContextModel | None:
    from ..models.context_model import load_context

    if request.context_model is None:
        return None
    return load_context(request.context_model).to(world.device)
