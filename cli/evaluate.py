"""`compose evaluate`: figures of merit on annotated data, as the papers print them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .comparisons import print_comparisons
from .evaluate_composite import composite
from .evaluate_crop import crop
from .evaluate_inpaint import inpaint
from .evaluate_segment import segment_inpaint
from .evaluate_sketch import sketch
from .shared import Shared

app = typer.Typer(help="Measure engines on annotated data.")


class Split(StrEnum):
    """Parts of a data set."""

    train = "train"
    val = "val"


WhichSplit = Annotated[Split, typer.Option("--split", help="Which part.")]
Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--engine", metavar="NAME", help="Repeatable; the first is compared with each other one."
    ),
]
EnginesJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line for every engine.")
]


@app.callback()
def _evaluate() -> None:
    """Measure engines on annotated data."""


app.command()(sketch)
app.command("segment-inpaint")(segment_inpaint)
app.command()(inpaint)
app.command()(composite)
app.command()(crop)


@app.command()
def saliency(
    ctx: typer.Context,
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIR", help="images/, masks/ and the lists of the parts."),
    ],
    split: WhichSplit = Split.val,
    engine: Engines = None,
    weights: options.Weights = None,
    json: EnginesJson = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Measure the finding of salient subjects on given masks: mean absolute error, greatest
    F-measure over all thresholds, F-measure and IoU at one half.

    Engines are builtin, u2netp (see `compose models pull`) and centre, a constant; without
    --engine, all that are here. With several engines the first is compared with each other by a
    paired bootstrap over the photographs.
    """
    from ..core.devices import available_cores
    from ..data.sod import read_subjects
    from ..models.saliency import open_saliency, saliency_here
    from ..stages.evaluate_saliency import compare_saliency, evaluate_saliency

    output = Shared.of(ctx).output()
    records = read_subjects(data, split.value)
    names = engine or saliency_here()
    opened = [open_saliency(name, threads=available_cores(), weights=weights) for name in names]
    scores = []
    with output.progress(len(records) * len(opened), "photographs"):
        for one in opened:
            scores.append(evaluate_saliency(one, records, advance=output.advance))
    rows = [score.summary() for score in scores]
    for row in rows:
        output.record({"split": split.value, **row})
    output.table(
        ["engine", "mean abs. error", "greatest F", "F at 1/2", "IoU at 1/2", "photographs"],
        [
            [
                str(row["engine"]),
                *(f"{row[name]:.4f}" for name in ("mae", "max_f", "f_half", "iou")),
                str(row["images"]),
            ]
            for row in rows
        ],
    )
    print_comparisons(output, compare_saliency(scores[0], scores[1:]))
