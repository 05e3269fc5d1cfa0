"""`compose sketch`: pictures drawn in a fixed number of vector strokes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .shared import Shared
from .sketch_choices import Allot, Animation, Color, Edges, Init

if TYPE_CHECKING:
    from ..core.inputs import Source

app = typer.Typer()


def _dashes(name: str) -> str:
    """`--num_strokes`, as MROSS and CLIPasso write it, means `--num-strokes`."""
    return name.replace("_", "-")


Record = dict[str, Any]

TARGETS, OUT = "target_images", "output_sketches"  # where nothing else is said


@app.command(context_settings={"token_normalize_func": _dashes})
def sketch(
    ctx: typer.Context,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TARGETS]",
            help=f"Files, folders, quoted patterns, @list.txt, or - for paths on standard input; "
            f"{TARGETS}/ if none is given.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "--target-file",
            metavar="TARGET",
            help="The same as an argument; repeatable.",
        ),
    ] = None,
    strokes: Annotated[
        int,
        typer.Option("--strokes", "--num-strokes", min=1, metavar="N", help="In all, exactly."),
    ] = 48,
    washes: Annotated[
        int | None,
        typer.Option(
            "--washes",
            min=0,
            metavar="N",
            help="Of the strokes, how many at most are broad ones that colour what the others "
            "outline; 0 draws lines alone. By default a third, and none with --color black or "
            "optimise.",
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            "--rounds",
            "--region-round",
            min=1,
            metavar="N",
            help="1 is the whole scene; every further round adds strokes in one region. 2 by "
            "default, or one more than there are --roi.",
            show_default=False,
        ),
    ] = None,
    roi: Annotated[
        list[str] | None,
        typer.Option(
            "--roi",
            metavar="REGION",
            help="A mask's file, or x1,y1,x2,y2 in pixels of the upright picture; repeatable. "
            "Otherwise NAME_roi1.png beside the target, else salient subjects that are found.",
        ),
    ] = None,
    sketches: Annotated[
        int,
        typer.Option(
            "--num-sketches", min=1, max=64, metavar="N", help="From N seeds, the best is chosen."
        ),
    ] = 3,
    iterations: Annotated[
        int | None,
        typer.Option(
            "--iterations",
            "--num-iter",
            min=1,
            metavar="N",
            help="In every round.",
            show_default=False,
        ),
    ] = None,
    width: Annotated[
        float,
        typer.Option(
            "--width",
            metavar="PIXELS",
            help="Of strokes, full as in SVG, in pixels of the canvas; MROSS draws them at 3.",
        ),
    ] = 1.5,
    canvas: Annotated[
        int, typer.Option("--canvas", metavar="PIXELS", help="Long side of the drawing.")
    ] = 224,
    color: Annotated[
        Color,
        typer.Option(
            "--color",
            help="Strokes in the picture's colours, black, or in colours that are fitted too.",
        ),
    ] = Color.picture,
    init: Annotated[
        Init,
        typer.Option(
            "--init",
            help="Begin along the lines that count most, far apart on edges, on salient lines, or "
            "anywhere at random.",
        ),
    ] = Init.contours,
    edges: Annotated[
        Edges,
        typer.Option(
            "--edges",
            help="Lines that a network finds as a person would draw them (contours), the same "
            "where MobileSAM sees things end, with small parts such as eyes (segments), or "
            "Canny's; auto: segments where the weights mobile-sam are on this machine, else "
            "contours.",
        ),
    ] = Edges.auto,
    init_svg: Annotated[
        Path | None,
        typer.Option(
            "--init-svg",
            metavar="FILE",
            help="Begin with the strokes of this drawing; they count.",
        ),
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="What compares sketch and target: builtin, clip-rn101, clip-vit-b32, vgg16, "
            "vgg16-hed, or several as in clip-rn101+vgg16; auto: builtin.",
        ),
    ] = "auto",
    checkpoint: options.Checkpoint = None,
    allot: Annotated[
        Allot,
        typer.Option("--allot", help="Share strokes by edges or by pixels that are no paper."),
    ] = Allot.edges,
    signs: Annotated[
        bool,
        typer.Option("--signs/--no-signs", help="Rays where the sun glows, and tufts on grass."),
    ] = True,
    straight: Annotated[
        bool | None,
        typer.Option(
            "--straight/--no-straight",
            help="Straight lines that M-LSD finds count too; by default where its weights mlsd are "
            "on this machine.",
            show_default=False,
        ),
    ] = None,
    fix_scale: Annotated[
        bool, typer.Option("--fix-scale", help="Centre targets on a white square with a margin.")
    ] = False,
    freeze_previous: Annotated[
        bool,
        typer.Option("--freeze-previous", help="Later rounds leave earlier strokes as they are."),
    ] = False,
    animate: Annotated[
        bool,
        typer.Option(
            "--animate",
            help="Write an SVG that draws itself too, and an animation of the optimisation.",
        ),
    ] = False,
    animation: Annotated[
        Animation, typer.Option("--animation", help="Format of the latter.")
    ] = Animation.webp,
    out: options.Out = None,
    report: options.Report = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with what was interrupted, and leave alone what is finished."
        ),
    ] = False,
    null: options.Null = False,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    seed: options.Seed = 0,
    jobs: options.Jobs = 1,
    device: options.Device = "auto",
    dry_run: options.DryRun = False,
    fail_fast: options.FailFast = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Draw pictures in a fixed number of strokes, as SVG.

    Every target gets a folder of its name below --out (output_sketches/ by default): final.svg and
    final.png, the sketches of all seeds, the drawing after every round, edge and seed maps, and
    run.json with settings and losses. Strokes are cubic curves that are fitted to the target by
    gradients: first to its edges, then also to what a network sees in it.

    Interrupted, it keeps its state, and --resume ends with the very same drawing. Needs torch:
    pip install 'compose-toolkit[sketch]'.
    """
    from ..core.batch import resolve_jobs
    from ..core.devices import available_cores, require_torch, resolve_device
    from ..core.errors import UsageError
    from ..core.names import printable
    from ..models.cache import parse_user_paths
    from ..stages.sketch_config import BY_COLOR, BY_INIT, SketchConfig
    from ..stages.sketch_contours import edges_named, open_lines, straight_named
    from ..stages.sketch_names import RUN_FILE, animations, sketch_folder, sketch_outputs
    from ..stages.sketch_region_files import is_region_file
    from ..stages.sketch_regions import parse_region
    from ..stages.sketch_run import other_setting
    from .batch_command import run_batch_command
    from .page import Page
    from .sketch_page import lead, print_line, show_run

    shared = Shared.of(ctx)
    out = out or Path(OUT)
    given = [*(inputs or ()), *(target or ())]
    shared = replace(shared, inputs=tuple(given) or (TARGETS,), out=out)
    resume = shared.skip_existing  # which --resume stands for, too
    output = shared.output(lasting=True)
    regions = [parse_region(text) for text in roi or ()]
    if rounds is not None and rounds <= len(regions):
        raise UsageError(
            f"{len(regions)} regions need --rounds {len(regions) + 1}; the first is the scene."
        )
    user = parse_user_paths(checkpoint or ())
    lines = edges_named(edges.value, user)
    settings = SketchConfig(
        strokes=strokes,
        rounds=rounds or max(len(regions) + 1, min(2, strokes)),
        sketches=sketches,
        iterations=iterations or BY_INIT,
        washes=BY_COLOR if washes is None else washes,
        width=width,
        canvas=canvas,
        color=color.value,
        init=init.value,
        edges=lines,
        signs=signs,
        straight=straight_named(straight, lines, user),
        encoder="builtin" if encoder == "auto" else encoder,
        fix_scale=fix_scale,
        freeze_previous=freeze_previous,
        allot=allot.value,
        seed=seed,
    )
    require_torch("compose sketch", extra="sketch")
    place = resolve_device(device)

    def choose(sources: list[Source]) -> list[Source]:
        named = {str(Path(text)) for text in given}
        return [
            source
            for source in sources
            if str(source.path) in named or not is_region_file(source.path)
        ]

    def plan(source: Source) -> list[Path]:
        folder = sketch_folder(out, source.relative)
        return sketch_outputs(folder, settings.sketches, settings.rounds, suffix)

    def marker(source: Source) -> list[Path]:
        folder = sketch_folder(out, source.relative)
        return [*(animations(folder, suffix) if suffix else []), folder / RUN_FILE]  # the last

    def after(record: dict[str, Any]) -> None:
        page.add(record)
        if record["status"] == "skipped":
            folder = Path(record["outputs"][-1]).parent
            if (other := other_setting(folder, settings)) is not None:
                output.warn(
                    f"{printable(folder)} holds a sketch with other settings ({other}); "
                    "--overwrite draws it anew."
                )

    suffix = f".{animation.value}" if animate else None
    stop = threading.Event()

    def start() -> Callable[[Source], Record]:
        from ..models.encoders import open_encoders
        from ..models.saliency import open_saliency
        from ..stages.sketch import SketchHooks, SketchInputs, SketchTools, sketch_into

        drawing = None
        if init_svg is not None:
            from ..data.svg import read_svg_noting

            drawing, notes = read_svg_noting(init_svg)
            if notes:
                output.warn(f"{init_svg}: left out {', '.join(notes)}.")
        threads = max(available_cores() // resolve_jobs(jobs), 1)
        finders = open_lines(settings.edges, user, threads, straight=settings.straight)
        encoder = open_encoders(settings.encoder, place, user)
        tools = SketchTools(encoder, open_saliency(), finders, place)
        output.note(f"encoder {tools.encoder.name}")

        def work(source: Source) -> Record:
            name = source.relative.name

            def on_step(done: int, total: int, loss: float) -> None:
                output.step(f"{name} loss {loss:.4f}", done, total)

            return sketch_into(
                sketch_folder(out, source.relative),
                source.path,
                tools,
                settings,
                SketchInputs(regions, drawing, source.relative.as_posix(), max_pixels),
                SketchHooks(on_step, stop.is_set),
                resume=resume,
                animate=suffix,
            )

        return work

    with ExitStack() as stack:
        page = Page(
            report, "Sketches", lambda: lead(settings), stack, show_run, show_run, dry_run=dry_run
        )
        code = run_batch_command(
            shared,
            start,
            plan=plan,
            marker=marker,
            reports=[report] if report else [],
            reads=[*(r for r in regions if isinstance(r, Path)), *([init_svg] if init_svg else [])],
            show=print_line,
            after=after,
            choose=choose,
            output=output,
            on_interrupt=stop.set,
        )
        if code not in (0, 1):
            raise typer.Exit(code)  # through the stack: a page that is not whole is not kept
    page.tell(output)
    raise typer.Exit(code)
