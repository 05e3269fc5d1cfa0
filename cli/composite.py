"""`compose composite`: objects put into photographs so that they belong there."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from . import composite_options, options
from .composite_options import Fit, Harmonize
from .page import Page
from .shared import Shared

if TYPE_CHECKING:
    from ..core.inputs import Source
    from ..stages.composite_report import CompositeEntry

app = typer.Typer()

Record = dict[str, Any]


@app.command()
def composite(
    ctx: typer.Context,
    out: composite_options.Out,
    background: composite_options.Background = None,
    objects: composite_options.Object = None,
    at: composite_options.At = None,
    object_mask: composite_options.ObjectMask = None,
    samples_of: composite_options.Input = None,
    layout: composite_options.Layout = None,
    order: composite_options.Order = "auto",
    samples: composite_options.Samples = 1,
    fit: composite_options.HowToFit = Fit.contain,
    keep_size: composite_options.KeepSize = False,
    harmonize: composite_options.HowToHarmonize = Harmonize.learned,
    shadow: composite_options.Shadow = None,
    engine: options.Engine = "auto",
    checkpoint: options.Checkpoint = None,
    provenance: composite_options.Provenance = False,
    report: options.Report = None,
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
    """Put objects into photographs.

    compose composite table.jpg --object cup.png --at 120,80,420,380 --object saucer.png
    --at 90,300,460,420 -o out.png

    An object is what is opaque in its picture, what its mask says, what is not white on a white
    ground, or else what stands out in a photograph. It is fitted into its box, its edge freed of
    its old ground, its colours, sharpness and noise brought to those of the scene, and laid over
    what stands behind it, with a soft shadow where it stands on something.

    Outside of the blended zone the background stays as it is, pixel for pixel; the JSON says so
    with the largest difference, and with that of the file, which is greater where the format of
    --out is lossy. Composites have 8 bits a channel, also where the background has 16. Engines:
    blend (arithmetic, always there), pics (the network of PICS).
    """
    from ..core.devices import available_cores
    from ..core.errors import UsageError
    from ..core.names import printable
    from ..models.cache import parse_user_paths
    from ..stages.composite_config import CompositeConfig
    from ..stages.composite_engines import EngineOptions, engine_name, open_engine
    from ..stages.composite_harmonize import open_harmonizer
    from ..stages.composite_provenance import provenance_file
    from .batch_command import run_batch_command
    from .composite_scenes import (
        SceneSource,
        layout_scenes,
        sample_names,
        sample_scenes,
        scene_files,
        single_scene,
    )
    from .segment_choices import place_for

    shared = Shared.of(ctx)
    if sum(given is not None for given in (background, samples_of, layout)) != 1:
        raise UsageError("give exactly one of BACKGROUND, --input and --layout.")
    if background is None and (objects or at or object_mask):
        raise UsageError("--object, --at and --object-mask need a BACKGROUND; give one.")
    if background is not None:
        sources = single_scene(background, objects or [], at or [], object_mask or [], order, out)
    elif samples_of is not None:
        sources = sample_scenes(samples_of, order, out)
    else:
        if order != "auto":
            raise UsageError("--order is for one composite; write order into the layout.")
        sources = layout_scenes(layout or "", out)
    settings = CompositeConfig(
        fit=fit.value,
        keep_size=keep_size,
        harmonize=harmonize.value,
        shadow=shadow,
    )
    chosen = engine_name(engine)
    open_harmonizer(settings.harmonize)
    user = parse_user_paths(checkpoint or ())
    place = place_for(device, {chosen})
    output = shared.output()
    entries: dict[int, CompositeEntry] = {}  # by the source, made where the pictures are at hand

    def plan(source: Source) -> list[Path]:
        assert isinstance(source, SceneSource)
        files = sample_names(source.target, samples)
        return files + ([provenance_file(file) for file in files] if provenance else [])

    def marker(source: Source) -> list[Path]:
        # a page that is missing needs every picture again
        return [*plan(source), *([report] if report else [])]

    numbers = {id(source): number for number, source in enumerate(sources)}
    shown = iter(range(len(sources)))

    def start() -> Callable[[Source], Record]:
        from ..stages.composite import Outputs, composite_into, load_scene
        from ..stages.composite_cutting import SharedCutter

        opened = open_engine(chosen, EngineOptions(settings, available_cores(), place, user))
        if engine == "auto":
            output.note(f"engine {opened.name}")
        cutter = SharedCutter(
            available_cores(), lambda name: output.note(f"segmenter {name} cuts out photographs")
        )

        def work(source: Source) -> Record:
            assert isinstance(source, SceneSource)
            assert source.scene is not None
            loaded = load_scene(
                source.scene,
                settings,
                segment=cutter.segment,
                seed=seed,
                name=source.key,
                max_pixels=max_pixels,
            )
            outputs = Outputs(sample_names(source.target, samples), provenance)
            record, made = composite_into(outputs, loaded, opened, settings)
            if record["background_bits"] > 8:
                output.warn(
                    f"{printable(record['background'])} has 16 bits a channel, composites have 8; "
                    "differences outside of the zone are of 8 bits."
                )
            if report is not None:
                from ..stages.composite_report import composite_entry

                entries[numbers[id(source)]] = composite_entry(loaded, made, record)
            return record

        return work

    with ExitStack() as stack:
        lead = f"engine {chosen}, harmonize {harmonize.value}, seed {seed}."

        def show_entry(page: Any, record: Record) -> None:
            entries.pop(record["number"]).add_to(page, os.fspath(record["input"]))

        page = Page(report, "Composites", lambda: lead, stack, show_entry, dry_run=dry_run)
        code = run_batch_command(
            shared,
            start,
            plan=plan,
            marker=marker,
            reports=[report] if report else [],
            reads=scene_files(sources),
            after=lambda record: page.add(record | {"number": next(shown)}),
            output=output,
            found=sources,
        )
        if code not in (0, 1):
            raise typer.Exit(code)  # through the stack: a page that is not whole is not kept
    page.tell(output)
    raise typer.Exit(code)
