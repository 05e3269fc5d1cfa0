"""Options of `compose train crop` for the engines procrop and multi-in-one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class TrainedEngine(StrEnum):
    """Engines of `compose crop` that are networks."""

    builtin = "builtin"
    rank = "rank"
    procrop = "procrop"
    multi = "multi-in-one"


class Preset(StrEnum):
    """Sizes of procrop and multi-in-one."""

    small = "small"
    paper = "paper"


class Fusion(StrEnum):
    """How references are taken in."""

    paper = "paper"
    token_mlp = "token-mlp"
    concat = "concat"
    none = "none"


class Context(StrEnum):
    """Where SCRM's context comes from."""

    random = "random"
    topk = "topk"
    memory = "memory"
    none = "none"


Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="NAME:DIR",
        help="A data set's name (fcdb, gaicd, cpc, sacd, cad) and folder; repeatable. A folder "
        "alone is fcdb's, which is all that builtin and rank learn from.",
    ),
]
Engine = Annotated[TrainedEngine, typer.Option("--engine", help="What to train.")]
Cad = Annotated[
    Path | None,
    typer.Option(
        "--cad",
        metavar="DIR",
        help="As --data cad:DIR, photographs that were painted on, a text of crops beside each: "
        "weakly supervised, or mixed with others. For procrop and multi-in-one, like all that "
        "follows.",
    ),
]
PresetOption = Annotated[
    Preset,
    typer.Option("--preset", help="small, for two cores, or paper, as published, for GPUs."),
]
Init = Annotated[
    Path | None,
    typer.Option(
        "--init",
        metavar="FILE",
        help="Begin with what fits of this: a published DETR, ResNet-50, or a file of this "
        "command.",
    ),
]
Refs = Annotated[
    Path | None,
    typer.Option(
        "--refs", metavar="DIR", help="Good photographs to retrieve from; without any, no fusion."
    ),
]
Text = Annotated[
    Path | None,
    typer.Option(
        "--text",
        metavar="FOLDER",
        help="ProCrop's text branch: what BLIP for image-text retrieval, of this folder, makes of "
        "each photograph of --refs and its caption, NAME.txt beside it.",
    ),
]
FusionOption = Annotated[
    Fusion | None, typer.Option("--fusion", help="How references are taken in (paper).")
]
ContextOption = Annotated[
    Context | None,
    typer.Option(
        "--context",
        help="Of multi-in-one's SCRM: queries of a second detector by lot or the likeliest "
        "(--context-model), cells of the picture itself (memory), or no SCRM.",
    ),
]
ContextModelFile = Annotated[
    Path | None,
    typer.Option(
        "--context-model", metavar="FILE", help="Deformable DETR for COCO, of its authors or "
        "transformers.",
    ),
]  # fmt: skip
Rounds = Annotated[
    int,
    typer.Option("--rounds", min=0, metavar="N", help="Times that labels of --cad are refined."),
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", min=1, metavar="N", help="Photographs at once in a process."),
]
LearningRate = Annotated[
    float | None, typer.Option("--learning-rate", min=0.0, metavar="X", help="AdamW's rate.")
]
SaveEvery = Annotated[
    int | None, typer.Option("--save-every", min=1, metavar="N", help="Steps between checkpoints.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=0, metavar="N", help="Threads that read photographs ahead."),
]
Board = Annotated[
    bool, typer.Option("--tensorboard", help="Write TensorBoard's events too, below --out/board.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Print what would be written; procrop and multi-in-one take two steps first, and "
        "keep nothing.",
    ),
]
