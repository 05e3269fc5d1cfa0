"""`compose evaluate crop`: the figures of the cropping papers, of our engines and as published."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .comparisons import print_comparisons
from .crop_data import named_set
from .shared import Shared

if TYPE_CHECKING:
    from ..models.crop_engine import CropEngine
    from ..stages.evaluate_crop_set import SetScores
    from .output import Output

DEFAULT_ENGINES = ("builtin", "rank", "centre", "full")

# the columns that people are shown; files and JSON have every figure
_SHOWN = {
    "drawn": ("iou_1", "disp_1", "iou_2", "iou_3", "best_iou", "recall@0.75", "pair_accuracy"),
    "rated": (
        *("acc_1_of_5", "bar_acc_5", "acc_1_of_10", "bar_acc_10", "srcc", "pcc"),
        *("hit_best@5@0.90", "hit_best@10@0.90", "ap_10@0.90"),
    ),
}


class Dataset(StrEnum):
    """Data sets with annotated crops."""

    fcdb = "fcdb"
    flms = "flms"
    sacd = "sacd"
    gaicd = "gaicd"
    cpc = "cpc"
    cad = "cad"


def crop(
    ctx: typer.Context,
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="NAME:DIR",
            help="A data set's name (fcdb, flms, sacd, gaicd, cpc, cad) and folder; repeatable. "
            "A folder alone is --dataset's; of fcdb the four figures of before are given.",
        ),
    ],
    dataset: Annotated[
        Dataset, typer.Option("--dataset", help="What a folder without a name is.")
    ] = Dataset.fcdb,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="PART", help="Which part; by default the one results stand for."
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine",
            metavar="NAME",
            help="Repeatable; the first is compared with each other one.",
        ),
    ] = None,
    weights: options.Weights = None,
    refs: Annotated[
        Path | None,
        typer.Option(
            "--refs",
            metavar="DIR",
            help="Photographs that a procrop is shown; without any, none.",
        ),
    ] = None,
    checkpoint: options.Checkpoint = None,
    device: options.Device = "auto",
    seed: options.Seed = 0,
    topk: Annotated[
        int, typer.Option("--topk", min=1, metavar="N", help="Crops among which the best counts.")
    ] = 5,
    eps: Annotated[
        list[float] | None,
        typer.Option(
            "--eps",
            min=0,
            max=1,
            metavar="IOU",
            help="From which on a crop counts as a rated one; repeatable, 0.9 and 0.85 by default.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", help="The first N photographs only."),
    ] = None,
    table: Annotated[
        list[Path] | None,
        typer.Option(
            "--table", metavar="FILE", help="Write every figure to this .csv or .md; repeatable."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for every engine.")
    ] = False,
    overwrite: options.Overwrite = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Measure cropping by the papers' figures.

    Of crops that people drew (fcdb, flms, sacd, cad): IoU and boundary displacement of the first,
    the best of the first two and three (iou_N, disp_N) and of the best of --topk, the share of
    photographs with an IoU of 0.75; for FCDB also how many clearly voted pairs the scores rank as
    people did. Of candidates that people rated (gaicd, cpc): acc_K_of_N and its mean bar_acc_N,
    also by rank, SRCC and PCC; for the crops that are found, acc_K_of_N@ε, hit_best@N@ε and
    average precision. Figures of papers are shown beside ours and marked as published.

    The networks of `compose train crop --engine procrop|multi-in-one` are named as for `compose
    crop`: --engine procrop --checkpoint procrop=FILE.

    With several engines the first is compared with each other by a paired bootstrap over the
    photographs.
    """
    from ..core.errors import UsageError
    from ..core.outputs import refuse_existing
    from ..data.crop_sets import crop_set
    from ..stages.crop_engines import engine_name, engine_options, open_engine
    from ..stages.crop_tables import require_table, write_table
    from ..stages.evaluate_crop_set import CropSetConfig

    output = Shared.of(ctx).output()
    tables = table or []
    for path in tables:
        require_table(path)
    if not overwrite:
        refuse_existing(tables, ["--overwrite"])
    named = [named_set(text) for text in data]
    # a folder alone of FCDB has the four figures of before
    plain = None if dataset is Dataset.fcdb else dataset.value
    sets = [(name or plain, folder) for name, folder in named]
    if eps and all(name is None or crop_set(name).kind == "drawn" for name, _ in sets):
        raise UsageError("--eps is for sets whose crops people rated, gaicd and cpc; leave it out.")
    settings = CropSetConfig(topk=topk, **({"eps": tuple(eps)} if eps else {}))  # type: ignore[arg-type]
    names = [engine_name(name) for name in engine or DEFAULT_ENGINES]
    if refs is not None and (not refs.is_dir() or "procrop" not in names):
        raise UsageError("--refs is a folder of photographs for --engine procrop; give both.")
    extra = engine_options(names, device, checkpoint or (), refs, seed)
    engines = [open_engine(name, weights=weights, options=extra) for name in names]
    rows: list[dict[str, Any]] = []
    for name, folder in sets:
        if name is None:
            rows += _plain_fcdb(output, folder, split, engines, topk, limit)
        else:
            rows += _one_set(output, name, folder, split, engines, settings, limit)
    for path in tables:
        write_table(path, rows)
        output.path(path)


def _one_set(
    output: Output,
    name: str,
    folder: Path,
    split: str | None,
    engines: list[CropEngine],
    settings: Any,
    limit: int | None,
) -> list[dict[str, Any]]:
    """Measure on one data set, print, and return the rows of every figure."""
    from ..data.crop_sets import crop_set
    from ..stages.crop_engines import TRAINED_ENGINES
    from ..stages.crop_published import published_on
    from ..stages.evaluate_crop import clear_pairs
    from ..stages.evaluate_crop_set import compare_sets, evaluate_on

    kind = crop_set(name)
    part = split or kind.split
    examples = kind.read(folder, part)[:limit]
    pairs = clear_pairs(folder, {example.picture.name for example in examples})
    if part == kind.train and any(one.name in TRAINED_ENGINES for one in engines):
        output.note(
            f"{name}'s part {part} is what is trained on; a network that learned from it is "
            "measured on what it knows."
        )
    scores: list[SetScores] = []
    with output.progress(len(examples) * len(engines), "photographs"):
        for one in engines:
            scores.append(
                evaluate_on(one, examples, kind, settings, pairs=pairs, advance=output.advance)
            )
    head = {"dataset": name, "split": part}
    rows: list[dict[str, Any]] = [
        head
        | {"method": score.engine, "published": "", "photographs": score.photographs}
        | score.means(settings)
        for score in scores
    ]
    for row, score in zip(rows, scores, strict=True):
        output.record({"topk": settings.topk, "engine": score.engine, **row})
    for line in published_on(name):
        row = {"dataset": name, "split": "", "method": line.method, "published": line.source}
        rows.append(row | line.figures)
        output.record(rows[-1])
    shown = _show(output, rows, kind.kind)
    compared = compare_sets(scores[0], scores[1:])
    if output.mode == "human":  # the rest is for machines and files
        keys = ("engine", "against", *shown)
        compared = [{key: row[key] for key in keys if key in row} for row in compared]
    print_comparisons(output, compared)
    return rows


def _show(output: Output, rows: list[dict[str, Any]], kind: str) -> list[str]:
    """Print the chosen columns, as far as a row has them, and return their names.

    Published rows are marked.
    """
    from ..stages.crop_tables import cell, columns_of

    known = columns_of(rows)
    printed = [name for name in known if name.endswith("as printed")]
    more = [name for name in known if name.endswith("_independent") and kind == "drawn"]
    chosen = [name for name in (*_SHOWN[kind], *more, *printed) if name in known]
    lines = [
        [
            f"{row['method']} *" if row["published"] else row["method"],
            *(cell(row.get(name)) for name in chosen),
        ]
        for row in rows
    ]
    title = f"{rows[0]['dataset']} {rows[0]['split']}, {rows[0]['photographs']} photographs"
    output.table(["method", *chosen], lines, title=title)
    if any(row["published"] for row in rows):
        output.text("* as published, not measured here")
    return chosen


def _plain_fcdb(
    output: Output,
    folder: Path,
    split: str | None,
    engines: list[CropEngine],
    topk: int,
    limit: int | None,
) -> list[dict[str, Any]]:
    """The four figures of FCDB in our own layout: print them, and return their rows."""
    import dataclasses

    from ..stages.evaluate_crop import compare, evaluate_engine, load_split

    split = split or "val"
    part = load_split(folder, split)
    part = dataclasses.replace(part, records=part.records[:limit])
    scores = []
    with output.progress(len(part.records) * len(engines), "photographs"):
        for one in engines:
            scores.append(evaluate_engine(one, part, topk=topk, advance=output.advance))
    rows = [score.summary() for score in scores]
    for row in rows:
        output.record({"dataset": "fcdb", "split": split, "topk": topk, **row})
    output.table(
        ["engine", "IoU", "displacement", f"best of {topk}", "pairs", "photographs"],
        [
            [
                str(row["engine"]),
                f"{row['iou']:.4f}",
                f"{row['displacement']:.4f}",
                f"{row['best_iou']:.4f}",
                "-" if row["pair_accuracy"] is None else f"{row['pair_accuracy']:.4f}",
                str(row["images"]),
            ]
            for row in rows
        ],
    )
    print_comparisons(output, compare(scores[0], scores[1:]))
    return [
        {
            "dataset": "fcdb", "split": split, "method": row["engine"], "published": "",
            "photographs": row["images"], "iou_1": row["iou"], "disp_1": row["displacement"],
            "best_iou": row["best_iou"], "pair_accuracy": row["pair_accuracy"],
        }
        for row in rows
    ]  # fmt: skip
