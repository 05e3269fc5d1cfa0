"""Options of `compose train composite`; names in common with PICS's own script are its names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Shards = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATA]",
        help="Folders of shards or of data sets' folders, .tar files, or patterns with braces; "
        "NAME= before one names its set.",
        show_default=False,
    ),
]
Toy = Annotated[bool, typer.Option("--toy", help="Train the tiny network on the drawn set.")]
DatasetName = Annotated[
    str | None,
    typer.Option("--dataset-name", metavar="NAME", help="Take this set, of those in DATA."),
]
IsJoint = Annotated[
    bool,
    typer.Option(
        "--is-joint",
        help="Take all sets in DATA: lvis 3 times, vitonhd 6, cityscapes, mapillaryvistas and "
        "bdd100k 18 times, others once.",
    ),
]
Init = Annotated[
    Path | None,
    typer.Option(
        "--init",
        metavar="FILE",
        help="Begin with these weights: Stable Diffusion 2.1 in its authors' layout, PICS's "
        "published file, or one of this command.",
    ),
]
ObjectEncoder = Annotated[
    Path | None,
    typer.Option(
        "--object-encoder", metavar="FILE", help="dinov2_vitg14_pretrain.pth, if --init lacks it."
    ),
]
MaxSteps = Annotated[
    int | None, typer.Option("--max-steps", min=1, metavar="N", help="Steps of the optimiser.")
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", min=1, metavar="N", help="Passes over the data (50), if no steps."),
]
LimitTrainBatches = Annotated[
    str,
    typer.Option(
        "--limit-train-batches",
        metavar="N",
        help="How much of an epoch: a share with a point in it (1.0 is all), or so many batches "
        "(1 is one).",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", min=1, metavar="N", help="Samples at once in a process (16)."),
]
Accumulate = Annotated[
    int | None,
    typer.Option("--accumulate", min=1, metavar="N", help="Batches before a step is taken (1)."),
]
LearningRate = Annotated[
    float | None,
    typer.Option("--learning-rate", min=0.0, metavar="X", help="AdamW's rate (1e-5; toy 2e-3)."),
]
Everything = Annotated[
    bool,
    typer.Option(
        "--train-all",
        help="Train the U-Net's way down and middle too; by default only their overlap experts.",
    ),
]
SaveEvery = Annotated[
    int | None,
    typer.Option("--save-every", min=1, metavar="N", help="Steps between checkpoints (2000)."),
]
Keep = Annotated[
    int | None, typer.Option("--keep", min=1, metavar="N", help="Checkpoints to keep (3).")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=0, metavar="N", help="Threads that read samples ahead (8)."),
]
LoggerFreq = Annotated[
    int | None,
    typer.Option(
        "--logger-freq", min=0, metavar="N", help="Steps between pictures (1000); 0: none."
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option("--guidance", min=1.0, metavar="X", help="Of those pictures (5; toy 2)."),
]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="auto|DIR",
        help="Go on from the last checkpoint in --out, if there is one, or from this one.",
    ),
]


def limit_of(text: str) -> float | int:
    """What `--limit-train-batches` says.

    Raises:
        UsageError: no share in (0, 1] and no count.
    """
    from ..core.errors import UsageError

    try:
        if text.isdigit() and int(text) > 0:
            return int(text)
        if not text.isdigit() and 0 < float(text) <= 1:
            return float(text)
    except ValueError:
        pass
    raise UsageError(
        f"'{text}' limits no batches; write a share such as 0.1 or a count such as 100."
    )
