"""`compose segment-inpaint`: pictures taken apart into layers, hidden parts filled in."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options, segment_options
from .cluster import OnCluster
from .segment_choices import Erase, Merge, Stability, parse_amg, place_for
from .shared import Shared

if TYPE_CHECKING:
    from ..core.inputs import Source
    from ..stages.segment_loop import LoopHooks
    from ..stages.segment_report import SegmentEntry

app = typer.Typer()

Record = dict[str, Any]


@app.command()
def segment_inpaint(
    ctx: typer.Context,
    inputs: options.Inputs,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write a folder a picture below this, as the inputs lie.",
        ),
    ],
    iterations: segment_options.Iterations = 3,
    merge: Annotated[
        Merge,
        typer.Option(
            "--merge",
            help="Which iteration labels a pixel of the label map; only first-wins keeps what is "
            "in front.",
        ),
    ] = Merge.first_wins,
    erase: Annotated[
        Erase,
        typer.Option(
            "--erase",
            help="Between iterations: everything, or what nothing else stands before, so that "
            "partly hidden objects are completed.",
        ),
    ] = Erase.front_most,
    dilate: segment_options.Dilate = 0.012,
    feather: segment_options.Feather = 0.004,
    segmenter: Annotated[
        str,
        typer.Option(
            "--segmenter", metavar="NAME", help="What finds objects; auto: the best one here."
        ),
    ] = "auto",
    inpainter: Annotated[
        str,
        typer.Option(
            "--inpainter", metavar="NAME", help="What fills holes; auto: the best one here."
        ),
    ] = "auto",
    checkpoint: options.Checkpoint = None,
    sam: segment_options.Sam = None,
    amg: segment_options.Amg = None,
    masks: segment_options.Masks = None,
    point: segment_options.Points = None,
    box: segment_options.Boxes = None,
    mask: segment_options.MaskPrompts = None,
    prompts: segment_options.Prompts = None,
    min_area: segment_options.MinArea = 0.002,
    min_score: segment_options.MinScore = 0.3,
    stability: segment_options.WhichStability = Stability.both,
    working: segment_options.Working = 1024,
    masks_only: Annotated[
        bool, typer.Option("--masks-only", help="Write masks, label map and overlay only.")
    ] = False,
    background_only: Annotated[
        bool, typer.Option("--background-only", help="Write the clean background only.")
    ] = False,
    coco: Annotated[bool, typer.Option("--coco", help="Write COCO's JSON too.")] = False,
    ora: Annotated[
        bool, typer.Option("--ora", help="Write OpenRaster too, for Krita and GIMP.")
    ] = False,
    keep_iterations: Annotated[
        bool,
        typer.Option("--keep-iterations", help="Write what every iteration saw, found, erased."),
    ] = False,
    report: options.Report = None,
    null: options.Null = False,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    seed: options.Seed = 0,
    jobs: options.Jobs = 1,
    cluster: OnCluster = None,
    device: options.Device = "auto",
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Take pictures apart: find objects, erase them, find what stands behind them.

    Every picture gets a folder of its name below --out: layers with soft edges on the full canvas
    (layers/01_dog.png, 01 in front), the visible part and the whole extent of every object as
    masks, the label map, the clean background, an overlay, and stack.json with order, boxes,
    scores and settings. Laid over the background from back to front, the layers give the picture
    back; the error is in stack.json.

    Objects whose hidden part was filled in by guesswork alone are marked speculative. Outside of
    the holes, the background is the picture, byte for byte.
    """
    from ..core.batch import resolve_jobs
    from ..core.boxes import parse_box
    from ..core.devices import available_cores
    from ..core.errors import UsageError
    from ..models.cache import parse_user_paths
    from ..models.inpainters import inpainter_name
    from ..models.segmenters import prompt_segmenter_name, segmenter_name
    from ..stages.segment_config import SegmentConfig
    from ..stages.segment_names import Wanted, stack_folder, stack_marks, stack_outputs
    from ..stages.segment_prompts import make_requests, parse_point
    from .batch_command import run_batch_command
    from .cluster import on_cluster
    from .page import Page
    from .segment_batch import SegmentBatch
    from .segment_page import show

    shared = Shared.of(ctx)
    if masks_only and background_only:
        raise UsageError("--masks-only and --background-only exclude each other; give one of them.")
    given = make_requests(
        [parse_point(text) for text in point or ()],
        [parse_box(text) for text in box or ()],
        mask or (),
    )
    if sum((masks is not None, bool(given), prompts is not None)) > 1:
        raise UsageError("--masks, --prompts and single prompts exclude each other; give one.")
    if masks is not None and not masks.exists():
        raise UsageError("--masks names nothing that exists; give a file or a folder.")
    settings = SegmentConfig(
        iterations=iterations,
        merge=merge.value,
        erase=erase.value,
        working=working,
        dilate=dilate,
        feather=feather,
        min_area=min_area,
        min_score=min_score,
        stability=stability.value,
    )
    wanted = Wanted(
        layers=not (masks_only or background_only),
        masks=not background_only,
        background=not masks_only,
        coco=coco,
        ora=ora,
        iterations=keep_iterations,
    )
    only_masks = segmenter == "file" or (masks is not None and segmenter == "auto")
    if only_masks and masks is None:
        raise UsageError("--segmenter file needs --masks; name the file or folder of masks.")
    user = parse_user_paths(checkpoint or ())
    filler = inpainter_name(inpainter, user)
    asked = bool(given) or prompts is not None
    if only_masks:
        finder = "file"
    elif asked:
        finder = prompt_segmenter_name(segmenter, user, sam)
    else:
        finder = segmenter_name("sam" if sam and segmenter == "auto" else segmenter, user)
    threads = available_cores()
    if cluster is not None:
        threads = max(threads // resolve_jobs(jobs), 1)  # each process has its own engines
    batch = SegmentBatch(
        finder=finder,
        filler=filler,
        threads=threads,
        device=place_for(device, {finder, filler}),
        user=user,
        sam=sam,
        automatic=parse_amg(amg),
        settings=settings,
        wanted=wanted,
        masks=masks,
        given=given,
        prompts=prompts,
        out=out,
        report=report is not None,
        alone=len(inputs) == 1 and os.path.isfile(inputs[0]),
        seed=seed,
        max_pixels=max_pixels,
    )
    output = shared.output(lasting=True)
    stop = threading.Event()
    entries: dict[str, SegmentEntry] = {}  # made where the parts are at hand, shown in order

    def plan(source: Source) -> list[Path]:
        return stack_outputs(stack_folder(out, source.relative), wanted)

    def marker(source: Source) -> list[Path]:
        # a page that is missing needs every picture again
        page = [report] if report else []
        return [*stack_marks(stack_folder(out, source.relative), wanted), *page]

    def hooks(source: Source) -> LoopHooks:
        from ..stages.segment_loop import LoopHooks

        def on_step(done: int, total: int, what: str) -> None:
            output.step(f"{source.relative.name} {what}", done, total + 1)

        return LoopHooks(on_step, stop.is_set)

    def start(stack: ExitStack) -> Callable[[Source], Record]:
        told = output.note if "auto" in (segmenter, inpainter) else lambda text: None
        each = batch.open(told, hooks)  # here too: what is missing is said at once
        if cluster is not None:
            each = on_cluster(batch.open, jobs, threads, stack)

        def work(source: Source) -> Record:
            record, entry = each(source)
            if entry is not None:
                entries[os.fspath(source.path)] = entry
            return record

        return work

    with ExitStack() as stack:
        lead = (
            f"{iterations} iterations, erasing {erase.value}, {merge.value}, segmenter {finder}, "
            f"inpainter {filler}, seed {seed}."
        )
        page = Page(
            report,
            "Layers",
            lambda: lead,
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
            reads=[path for path in (masks, prompts, *(mask or ())) if path is not None],
            show=show,
            after=page.add,
            output=output,
            on_interrupt=stop.set,
        )
        if code not in (0, 1):
            raise typer.Exit(code)  # through the stack: a page that is not whole is not kept
    page.tell(output)
    raise typer.Exit(code)
