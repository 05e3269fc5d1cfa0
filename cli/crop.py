"""`compose crop`: the best crops of pictures, printed, and written where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import crop_guidance, options
from .cluster import OnCluster
from .crop_output import Tables, output_for
from .page import Page
from .shared import Shared
from .unused import refuse_unused

if TYPE_CHECKING:
    from ..core.inputs import Source
    from ..stages.crop_report import CropEntry

app = typer.Typer()

Record = dict[str, Any]


class Format(StrEnum):
    """The shape of JSON records."""

    compose = "compose"
    crop_hints = "crop-hints"


class Finder(StrEnum):
    """What finds subjects."""

    auto = "auto"
    builtin = "builtin"
    objects = "objects"


@app.command()
def crop(
    ctx: typer.Context,
    inputs: options.Inputs,
    topk: Annotated[
        int, typer.Option("--topk", min=1, max=100, metavar="N", help="Crops, for each aspect.")
    ] = 5,
    aspect: Annotated[
        list[str] | None,
        typer.Option("--aspect", metavar="W:H", help="Crops of this ratio only; repeatable."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            metavar="WxH",
            help="Crops of this ratio and at least this size, resized to it.",
        ),
    ] = None,
    upscale: Annotated[
        bool, typer.Option("--upscale", help="Let crops be smaller than --size, and enlarge them.")
    ] = False,
    min_area: Annotated[
        float,
        typer.Option(
            "--min-area", min=0, max=1, metavar="SHARE", help="Least share of the picture's area."
        ),
    ] = 0.0,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="X1,Y1,X2,Y2",
            help="Never cut this box, in pixels of the upright picture.",
        ),
    ] = None,
    subject: Annotated[
        Path | None,
        typer.Option(
            "--subject",
            metavar="MASK",
            help="Never cut what is white in this mask, or in the one of the input's name if "
            "this is a folder.",
        ),
    ] = None,
    diverse: Annotated[
        float | None,
        typer.Option(
            "--diverse",
            min=0,
            max=1,
            metavar="IOU",
            help="No two crops overlap by more than this IoU.",
        ),
    ] = None,
    refs: crop_guidance.Refs = None,
    like: crop_guidance.Like = None,
    prefer: crop_guidance.Prefer = None,
    guidance: crop_guidance.Weight = 0.7,
    explain: crop_guidance.Explain = False,
    per_subject: Annotated[
        bool,
        typer.Option(
            "--per-subject",
            help="Crops for each subject that is found, or of which --subject has a mask.",
        ),
    ] = False,
    finder: Annotated[
        Finder,
        typer.Option(
            "--finder", help="What finds them: builtin, or objects, which needs mobile-sam."
        ),
    ] = Finder.auto,
    engine: options.Engine = "auto",
    weights: options.Weights = None,
    checkpoint: options.Checkpoint = None,
    device: options.Device = "auto",
    out: options.Out = None,
    quality: Annotated[
        int | None,
        typer.Option(
            "--quality",
            min=1,
            max=100,
            metavar="N",
            help="Of lossy crops, instead of the input's own.",
        ),
    ] = None,
    keep_metadata: Annotated[
        bool, typer.Option("--keep-metadata", help="Keep EXIF in crops; it may tell the place.")
    ] = False,
    overlay: Annotated[
        Path | None,
        typer.Option(
            "--overlay",
            metavar="DIR",
            help="Write the pictures with their crops drawn below this folder.",
        ),
    ] = None,
    report: options.Report = None,
    record_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="Shape of the JSON; crop-hints, Google Vision's, stands for --json too.",
        ),
    ] = Format.compose,
    null: options.Null = False,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    seed: options.Seed = 0,
    jobs: options.Jobs = 0,
    cluster: OnCluster = None,
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Find the best crops of pictures.

    Prints rank, box (x1,y1,x2,y2 in pixels of the upright picture, right and bottom exclusive),
    score (the overlap, IoU, that is expected with a photographer's crop) and aspect. Writes
    nothing but what --out, --overlay and --report ask for. Gives fewer crops than --topk where
    a further one would add nothing.

    Crops below --out are named NAME_1.jpg, or NAME_16x9_1.jpg for several aspects, and keep the
    input's format and quality. --refs, --like and --prefer choose among good crops those laid out
    as wanted; the score stays the engine's own. A procrop that was trained with references looks
    at those of a folder (--refs DIR) itself, too, and, where it was trained with --text, at what
    BLIP makes of them (--checkpoint blip=FOLDER; captions in NAME.txt). Engines: builtin (a
    network), rank (a scorer of grid anchors), full (the whole picture), centre (5 % off every
    side), procrop and multi-in-one (networks of `compose train crop`, by --checkpoint NAME=FILE).
    Nothing is drawn at random, whatever the seed, but for a multi-in-one that was trained with a
    context by lot. Crops of a cut-out, a picture with transparent parts, keep what is opaque where
    they can.

    With --per-subject there are --topk crops of each subject, up to six, that hold it and are
    centred on it and not on another; the JSON has every subject's box and reference point, and
    files are named NAME_s1_1.jpg. Each mask in --subject's file (a label map, COCO's JSON) or
    folder of masks is a subject then; others are found by a network that ships and, where the
    weights mobile-sam are here, by MobileSAM (--finder builtin leaves it out: seconds a picture).
    """
    from ..core.batch import resolve_jobs
    from ..core.boxes import parse_box
    from ..core.devices import available_cores
    from ..stages.crop_engines import engine_name, engine_options
    from ..stages.crop_finders import MOST_SUBJECTS, finder_name
    from ..stages.crop_names import crop_names
    from ..stages.crop_request import CropRequest, parse_aspect, parse_size
    from ..stages.crop_subject import require_subject
    from .batch_command import run_batch_command
    from .cluster import on_cluster
    from .crop_batch import CropBatch
    from .output import written_files

    shared = Shared.of(ctx)
    hints = record_format is Format.crop_hints
    output = output_for(shared, hints=hints)
    chosen = engine_name(engine)
    request = CropRequest(
        topk=topk,
        aspects=tuple(parse_aspect(text) for text in aspect or ()),
        size=parse_size(size) if size else None,
        min_area=min_area,
        keep=parse_box(keep) if keep else None,
        diverse=diverse,
        upscale=upscale,
    )
    crop_guidance.classes(prefer or ())  # a word that is none is said before any work
    if subject is not None:
        require_subject(subject)

    looked_for = per_subject and subject is None  # subjects, by a finder
    if not looked_for:
        refuse_unused(
            ctx, ["finder"], "subjects that are not looked for", "give --per-subject without masks"
        )
    most = MOST_SUBJECTS if per_subject else None
    folder = Path(refs) if refs is not None and Path(refs).is_dir() else None
    extra = engine_options([chosen], device, checkpoint or (), folder, seed)
    sought = finder_name(finder, extra.user) if looked_for else finder

    alone = len(inputs) == 1 and os.path.isfile(inputs[0])  # it can have all cores
    workers = 1 if alone else resolve_jobs(jobs)
    batch = CropBatch(
        engine=chosen,
        extra=extra,
        weights=weights,
        request=request,
        subject=subject,
        per_subject=per_subject,
        finder=sought,
        refs=refs,
        like=tuple(like or ()),
        prefer=tuple(prefer or ()),
        guidance=guidance,
        explain=explain,
        out=out,
        overlay=overlay,
        quality=quality,
        keep_metadata=keep_metadata,
        hints=hints,
        report=report is not None,
        jobs=workers,
        alone=alone,
        max_pixels=max_pixels,
    )

    reads = [*(like or ()), *([subject] if subject else [])]
    if refs is not None and refs != "builtin":
        reads.append(Path(refs))

    def plan(source: Source) -> list[Path]:
        crops = crop_names(out / source.relative, request, most) if out else []
        return [*crops, *batch.overlays(source)]

    def marker(source: Source) -> list[Path]:
        # the first crop is written last; and a page that is missing needs every picture again
        first = crop_names(out / source.relative, request, most)[:1] if out else []
        return [*first, *batch.overlays(source), *([report] if report else [])]

    entries: dict[str, CropEntry] = {}  # made where the picture is at hand, shown in order

    def start(stack: ExitStack) -> Callable[[Source], Record]:
        each = batch.open(output.note)  # here too: what is missing is said at once
        if engine == "auto":
            output.note(f"engine {chosen}")
        if looked_for and finder == Finder.auto:
            output.note(f"finder {sought}")
        if cluster is not None:
            each = on_cluster(batch.open, workers, max(available_cores() // workers, 1), stack)

        def work(source: Source) -> Record:
            record, entry = each(source)
            if overwrite and out:  # of an earlier run, where fewer crops were found now
                written = {os.fspath(path) for path in written_files(record)}
                for path in crop_names(out / source.relative, request, most):
                    if os.fspath(path) not in written:
                        path.unlink(missing_ok=True)
            if entry is not None:
                entries[os.fspath(source.path)] = entry
            return record

        return work

    def describe() -> str:
        from ..stages.crop_report import describe_request

        return describe_request(request, chosen)

    with ExitStack() as stack:
        page = Page(
            report,
            "Crops",
            describe,
            stack,
            lambda page, record: entries.pop(record["input"]).add_to(page, record["input"]),
            dry_run=dry_run,
        )
        code = run_batch_command(
            shared,
            partial(start, stack),
            plan=plan,
            marker=marker,
            reports=[report] if report else [],
            reads=reads,
            show=Tables().show,
            after=page.add,
            output=output,
        )
        if code not in (0, 1):
            raise typer.Exit(code)  # through the stack: a page that is not whole is not kept
    page.tell(output)
    raise typer.Exit(code)
