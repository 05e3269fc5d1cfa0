"""`compose train composition`: what an index and a crop's layout read out of the crop trunk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .shared import Shared
from .train_options import NetworkFolder, may_begin


def composition(
    ctx: typer.Context,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            metavar="DIR",
            help="Photographs with masks, as SOD or PASCAL VOC lie; repeatable.",
        ),
    ],
    out: NetworkFolder,
    overwrite: options.Overwrite = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for every folder.")
    ] = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Fit the projection of the crop trunk's tokens, and the read-out of the subject.

    Learned from the train lists; at the end stands for each folder how far the subject's centre
    is from the mask's on its val list, in shares of the sides, and how far the middle of the
    picture is. Indexes built with another projection have to be built again. Torch is not needed.
    """
    from ..models.composition import COMPOSITION

    output = Shared.of(ctx).output()
    targets = [out / COMPOSITION]
    if not may_begin(
        output, targets, overwrite=overwrite, dry_run=dry_run, reads=data, torch=False
    ):
        return
    from ..stages.train_composition import records_of, train_composition

    def log(row: dict[str, float | str]) -> None:
        output.record(row)
        output.text(
            f"{row['data']}  subject's centre off by {row['centre_error']:.4f}, the middle by "
            f"{row['centre_error_of_the_middle']:.4f}, {row['photographs']:.0f} photographs"
        )

    total = sum(len(records_of(data, part)) for part in ("train", "val"))
    with output.progress(total, "photographs"):
        output.path(train_composition(data, out, log=log, advance=output.advance))
