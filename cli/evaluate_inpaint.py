"""`compose evaluate inpaint`: how close fills come to what was in holes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .comparisons import print_comparisons
from .segment_choices import place_for
from .shared import Shared


def inpaint(
    ctx: typer.Context,
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA",
            help="Folders of data sets (PASCAL VOC, COCO, salient objects, FCDB), or of "
            "photographs.",
            show_default=False,
        ),
    ],
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="Which part of data sets, train or val.")
    ] = "val",
    masks: Annotated[
        list[Path] | None,
        typer.Option(
            "--masks",
            metavar="DIR",
            help="Take the objects' shapes from the same part of these data sets; from DATA by "
            "default. Repeatable.",
        ),
    ] = None,
    inpainter: Annotated[
        list[str] | None,
        typer.Option(
            "--inpainter",
            metavar="NAME",
            help="As in `compose segment-inpaint`; repeatable, the first is compared with each "
            "other one. By default those that are here.",
        ),
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="Network of the distance: builtin, vgg16, vgg16-hed or another encoder. "
            "Inpainter builtin learned from builtin.",
        ),
    ] = "builtin",
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", help="The first N photographs of each only."),
    ] = None,
    checkpoint: options.Checkpoint = None,
    device: options.Device = "auto",
    seed: options.Seed = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for every row of figures.")
    ] = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Measure inpainters on photographs with holes, of which the truth is known.

    Every photograph gets one hole, with the shape of an object of another photograph; the seed
    and the photograph's name decide which and where. psnr is of the hole's pixels, ssim of the
    windows around them, distance that of a network's feature maps of the hole with its rim (LPIPS
    without learned weights, for the VGG networks); lower is nearer. 95 % intervals are of a
    bootstrap over the photographs, paired where engines are compared. Photographs are filled at
    their own size.
    """
    from ..core.devices import available_cores
    from ..models.cache import parse_user_paths
    from ..models.encoder import open_encoder
    from ..models.inpainter import for_plates
    from ..models.inpainters import inpainter_name, inpainters_here, open_inpainter
    from ..stages.evaluate_inpaint import FIGURES, compare_inpaint, evaluate_inpaint
    from ..stages.inpaint_cases import open_cases, read_shapes
    from ..stages.inpaint_sources import read_sources

    output = Shared.of(ctx).output()
    user, threads = parse_user_paths(checkpoint or ()), available_cores()
    names = [inpainter_name(name, user) for name in inpainter or inpainters_here()]
    names = list(dict.fromkeys(names))
    place = place_for(device, names)
    judge = open_encoder(encoder, user=user)
    engines = [
        for_plates(open_inpainter(name, threads=threads, device=place, user=user)) for name in names
    ]
    sources = [one for root in data for one in read_sources(root, split)[:limit]]
    lenders = [one for root in masks for one in read_sources(root, split)] if masks else sources
    with output.progress(len(lenders), "objects"):
        shapes = read_shapes(lenders, advance=output.advance)
    with output.progress(len(sources) * len(engines), "holes"):
        cases = open_cases(sources, shapes, seed)
        scores = evaluate_inpaint(engines, cases, judge, seed=seed, advance=output.advance)
    rows = [score.summary() for score in scores]
    for row in rows:
        output.record({"split": split, "encoder": judge.name, **row})
    output.table(
        ["engine", *FIGURES, "seconds", "photographs"],
        [
            [
                str(row["engine"]),
                *(f"{row[name]['value']:.4f}" for name in FIGURES),
                f"{row['seconds']:.2f}",
                str(row["images"]),
            ]
            for row in rows
        ],
    )
    print_comparisons(output, compare_inpaint(scores[0], scores[1:]))
