"""Sketching one scene with a fixed budget of strokes, from the picture to the files (MROSS)."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.drawing import Drawing
from ..core.errors import Interrupted
from ..core.formats import DEFAULT_MAX_PIXELS
from ..models.encoder import Encoder
from ..models.own_weights import own_digests
from .sketch_config import SketchConfig
from .sketch_contours import LineFinders
from .sketch_files import clear, write_animations, write_drawings, write_maps, write_run
from .sketch_fit import SketchFit
from .sketch_loss import Losses, SketchLoss
from .sketch_names import RUN_FILE, STATE, sketch_outputs
from .sketch_plan import Plan, make_plan
from .sketch_raster import raster
from .sketch_state import fingerprint, load_state, save_state
from .sketch_target import Target, prepare_target
from .sketch_tints import darkened, tinter

if TYPE_CHECKING:
    from ..models.saliency import SaliencyReader

KEEP_EVERY = 20.0  # seconds between two states on the disk


@dataclass(frozen=True)
class SketchTools:
    """What is opened once a process."""

    encoder: Encoder
    saliency: SaliencyReader | None = None  # may be None where nothing has to be found
    finders: LineFinders = field(default_factory=LineFinders)
    device: str = "cpu"


@dataclass(frozen=True)
class SketchInputs:
    """What belongs to one target beside it."""

    regions: Sequence[Box | Path] = ()  # boxes in pixels of the upright original, or masks
    drawing: Drawing | None = None  # to begin with
    name: str = ""  # which random draws depend on
    max_pixels: int = DEFAULT_MAX_PIXELS


@dataclass(frozen=True)
class SketchHooks:
    """What a long run tells and asks."""

    on_step: Callable[[int, int, float], None] = lambda done, total, loss: None
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, eq=False)
class SketchResult:
    """One target's sketches."""

    target: Target
    plan: Plan
    drawings: list[Drawing]  # of all seeds
    ends: list[Drawing]  # the best one at the end of every round
    frames: list[Drawing]  # the best one on its way, if that was asked for
    best: int  # which has the lowest loss without random views
    judged: Losses  # on which that was decided
    seconds: float  # of the iterations, interrupted ones too
    curve: list[list[float]] = field(repr=False)  # losses, one row of N an iteration


def sketch(
    path: Path,
    tools: SketchTools,
    config: SketchConfig | None = None,
    inputs: SketchInputs | None = None,
    hooks: SketchHooks | None = None,
    *,
    state: Path | None = None,
    frames: bool = False,
) -> SketchResult:
    """Sketch a picture.

    Args:
        path: the picture.
        tools: networks.
        config: how.
        inputs: regions, a drawing to begin with, the name.
        hooks: for progress and interruption.
        state: where to keep the state, from which a later call with the same arguments goes
            on; it ends with the same strokes as if nothing had happened.
        frames: keep some of the strokes' states for an animation.

    Raises:
        InputError: the picture, a region or the state cannot be used.
        Interrupted: `hooks.should_stop` said so; the state is kept.
    """
    config, inputs, hooks = (
        config or SketchConfig(),
        inputs or SketchInputs(name=path.name),
        hooks or SketchHooks(),
    )
    target = prepare_target(
        path, canvas=config.canvas, fix_scale=config.fix_scale, max_pixels=inputs.max_pixels
    )
    plan = make_plan(
        path,
        target,
        config,
        options=inputs.regions,
        saliency=tools.saliency,
        finders=tools.finders,
        name=inputs.name,
        drawing=inputs.drawing,
        max_pixels=inputs.max_pixels,
    )
    loss = SketchLoss(
        target.rgb,
        plan.weights,
        tools.encoder,
        semantic=config.semantic,
        structure=config.structure,
        views=config.views,
        device=tools.device,
    )
    size = target.size[1], target.size[0]
    fit = SketchFit(plan, loss, config, size, name=inputs.name, frames=frames, device=tools.device)
    owner = fingerprint(target, plan, config, f"{tools.encoder.name} {frames}")
    saved = load_state(state, owner) if state is not None else None
    if saved is not None:
        fit.restore(saved)
    _run(fit, hooks, state, owner)
    with torch.no_grad():
        judged = loss.judge(fit.draw())
    best = int(judged.total.argmin())
    tint = tinter(target.rgb) if config.color == "picture" else None

    def drawn(points: torch.Tensor | NDArray[Any], number: int) -> Drawing:
        lines = _drawing(fit, points, number)
        if tint is not None:
            lines = tint(lines)
            lines = darkened(lines) if len(plan.washes) else lines
        return lines.painted_over(plan.washes)

    return SketchResult(
        target=target,
        plan=plan,
        drawings=[drawn(fit.points[n], n) for n in range(config.sketches)],
        ends=[drawn(points[best], best) for points in fit.progress.ends],
        frames=[drawn(points[best], best) for points in fit.progress.frames],
        best=best,
        judged=judged,
        seconds=fit.progress.seconds,
        curve=fit.progress.losses,
    )


def _run(fit: SketchFit, hooks: SketchHooks, state: Path | None, owner: str) -> None:
    kept = time.monotonic()
    while not fit.done:
        value = fit.step()
        hooks.on_step(len(fit.progress.losses), fit.total, value)
        stop = hooks.should_stop()
        if state is not None and (stop or time.monotonic() - kept > KEEP_EVERY):
            save_state(state, fit.state(), owner)
            kept = time.monotonic()
        if stop and not fit.done:
            raise Interrupted("interrupted; run the same command with --resume to go on.")


def _drawing(fit: SketchFit, points: torch.Tensor | NDArray[Any], number: int) -> Drawing:
    """Strokes (S,4,2) with their width and colours."""
    array = points.detach().cpu().numpy() if isinstance(points, torch.Tensor) else points
    count = len(array)
    height, width = fit.size
    return Drawing(
        array.astype(np.float64),
        np.full(count, fit.config.width),
        fit.color[number, :count].detach().cpu().numpy().astype(np.float64),
        np.ones(count),
        (float(width), float(height)),
    )


def sketch_into(
    folder: Path,
    path: Path,
    tools: SketchTools,
    config: SketchConfig,
    inputs: SketchInputs,
    hooks: SketchHooks,
    *,
    resume: bool = False,
    animate: str | None = None,
) -> dict[str, Any]:
    """Sketch a picture and write its folder; see `sketch` and `sketch_files`.

    Args:
        folder: gets the files; those of an earlier run are replaced.
        resume: go on from the state in the folder, if there is one.
        animate: `.webp` or `.gif` to write animations too.

    Returns:
        The record of `run.json` without the curve, and the files.

    Raises:
        see `sketch`; and OutputError: a file cannot be written.
    """
    state = folder / STATE
    if not resume:
        state.unlink(missing_ok=True)

    def on_step(done: int, total: int, loss: float) -> None:
        # now that the target is known to be one; resuming would take that run for finished
        (folder / RUN_FILE).unlink(missing_ok=True)
        hooks.on_step(done, total, loss)

    noted = dataclasses.replace(hooks, on_step=on_step)
    result = sketch(path, tools, config, inputs, noted, state=state, frames=animate is not None)
    title = f"{path.stem} in {config.strokes} strokes"
    rounds = [0] * len(result.plan.washes) + [
        number for number, entry in enumerate(result.plan.rounds, 1)
        for _ in range(entry.points.shape[1])
    ]  # fmt: skip
    best = result.drawings[result.best]
    clear(folder)
    write_maps(folder, result.target, result.plan, result.best)
    write_drawings(folder, result.drawings, result.ends, rounds, result.best, title, raster)
    if animate is not None:
        write_animations(folder, best, rounds, result.frames, animate, title, raster)
    record = _record(path, tools, config, result)
    write_run(folder, record)
    state.unlink(missing_ok=True)
    files = sketch_outputs(folder, config.sketches, config.rounds, animate)
    del record["curve"]  # long, and nobody's need but the file's
    return {**record, "files": [{"file": str(file)} for file in files if file.is_file()]}


def _record(
    path: Path, tools: SketchTools, config: SketchConfig, result: SketchResult
) -> dict[str, Any]:
    judged = result.judged
    width, height = result.target.size
    return {
        "target": str(path.absolute()),
        "width": width,
        "height": height,
        "strokes": len(result.drawings[0]),
        "washes": len(result.plan.washes),
        "best": result.best,
        "losses": [
            {"total": round(t, 6), "semantic": round(a, 6), "structure": round(b, 6)}
            for t, a, b in zip(
                judged.total.tolist(), judged.semantic.tolist(), judged.structure.tolist(),
                strict=True,
            )
        ],
        "rounds": [
            {
                "region": entry.region.name if entry.region else "scene",
                "source": entry.region.source if entry.region else "scene",
                "strokes": entry.points.shape[1],
            }
            for entry in result.plan.rounds
        ],
        "encoder": tools.encoder.source,
        "saliency": tools.saliency.name if tools.saliency else None,
        "contours": tools.finders.contours.name if tools.finders.contours else None,
        "straights": tools.finders.straights.name if tools.finders.straights else None,
        "arguments": dataclasses.asdict(config),
        "versions": {name: version(name) for name in ("compose-toolkit", "torch", "numpy")},
        "trained": own_digests(),
        "curve": [row[result.best] for row in result.curve],
        "seconds": round(result.seconds, 3),
    }  # fmt: skip
