"""`compose train`: networks from data, with nothing but a CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .shared import Shared
from .train_composite import composite
from .train_composition import composition
from .train_contours import contours
from .train_crop import crop
from .train_grouping import grouping
from .train_harmonizer import harmonizer
from .train_objects import objects
from .train_options import (
    Epochs,
    EpochsJson,
    Features,
    NetworkFolder,
    StepsJson,
    TrainData,
    epoch_lines,
    may_begin,
    phases,
)
from .train_outlines import outlines
from .train_steps import Steps, asked_to_stop
from .train_subjects import subjects

app = typer.Typer()


@app.callback()
def _train() -> None:
    """Train the networks that ship with the tool, or your own.

    What comes of grouping, contours, harmonizer, outlines, objects, subjects, composition and
    saliency takes the place of what ships where COMPOSE_TRAINED names its folder (or several,
    separated as in PATH); crop's folder is named by --weights, and inpaint's, composite's and those
    of crop --engine procrop and multi-in-one by --checkpoint NAME=FILE.
    """


app.command()(grouping)
app.command()(contours)
app.command()(harmonizer)
app.command()(outlines)
app.command()(objects)
app.command()(composite)
app.command()(subjects)
app.command()(composition)
app.command()(crop)


@app.command()
def saliency(
    ctx: typer.Context,
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="Salient objects: images/, masks/ and train.txt."
        ),
    ],
    out: NetworkFolder,
    more: Annotated[
        list[Path] | None,
        typer.Option(
            "--more",
            metavar="DIR",
            help="Objects in the layout of PASCAL VOC, or more salient ones; repeatable.",
        ),
    ] = None,
    epochs: Epochs = None,
    features: Features = None,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: EpochsJson = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Train the finder of salient subjects on masks, on the trunks that ship with the tool.

    Interrupted while it computes features, the same command goes on where it stopped. Measure
    the result with `compose evaluate saliency --weights DIR`.
    """
    import dataclasses

    from ..models.saliency_builtin import SALIENCY

    output = Shared.of(ctx).output()
    targets = [out / name for name in (SALIENCY, "saliency.safetensors", "saliency_metrics.jsonl")]
    if not may_begin(
        output, targets, overwrite=overwrite, dry_run=dry_run, reads=[data, *(more or [])]
    ):
        return
    from ..stages.train_saliency import TrainSaliencyConfig, train_saliency

    settings = TrainSaliencyConfig(seed=seed)
    if epochs is not None:
        settings = dataclasses.replace(settings, epochs=epochs)
    with phases(output) as begin:
        files = train_saliency(
            data,
            out,
            settings,
            more=more or [],
            cache=features,
            log=epoch_lines(output),
            begin=begin,
        )
    for path in files:
        output.path(path)


@app.command()
def inpaint(
    ctx: typer.Context,
    data: TrainData,
    out: NetworkFolder,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, metavar="N", help="Steps of 16 photographs each."),
    ] = None,
    photographs: Annotated[
        Path | None,
        typer.Option(
            "--photographs",
            metavar="DIR",
            help="Keep small copies of the photographs here and use them again; below --out by "
            "default.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted training stood.")
    ] = False,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    json: StepsJson = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Train the network of inpainter builtin on photographs with holes of many shapes.

    Holes have the shapes of the data sets' objects, and are thick strokes and boxes. A fifth of
    the photographs, by their names, only measures. Interrupted, the same command with --resume
    goes on where it was asked to end. The network can be used by `compose
    segment-inpaint --inpainter builtin --checkpoint inpaint=FILE`, FILE being inpaint.onnx.
    """
    import dataclasses

    from ..core.errors import Interrupted
    from ..models.inpainter_builtin import INPAINT

    output = Shared.of(ctx).output()
    targets = [out / name for name in (INPAINT, "inpaint.safetensors", "inpaint_metrics.jsonl")]
    # a state is there only while a training is not done: what stands was to be overwritten
    allowed = overwrite or (resume and (out / "inpaint_state.pt").is_file())
    if not may_begin(output, targets, overwrite=allowed, dry_run=dry_run, reads=data):
        return
    from ..stages.train_inpaint import TrainInpaintConfig, train_inpaint

    settings = TrainInpaintConfig(seed=seed)
    if steps is not None:
        settings = dataclasses.replace(settings, steps=steps)

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        output.text(
            f"step {row['step']:6d}  loss {row['loss']:.4f}  held out {row['psnr']:.2f} dB  "
            f"{row['seconds']:.0f} s"
        )

    try:
        with phases(output) as begin, asked_to_stop() as asked:
            taken = Steps(begin, asked)

            def phase(what: str, total: int) -> Callable[[], object]:
                if what != "steps":
                    advance: Callable[[], object] = begin(what, total)
                    return advance
                taken.begin(total)
                return taken.advance

            files = train_inpaint(
                data,
                out,
                settings,
                resume=resume,
                cache=photographs,
                log=log,
                begin=phase,
                should_stop=lambda: bool(asked),
            )
    except Interrupted as error:
        output.note(str(error))
        raise typer.Exit(130) from None
    for path in files:
        output.path(path)
