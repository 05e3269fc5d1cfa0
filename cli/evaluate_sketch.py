"""`compose evaluate sketch`: how well sketches show their photographs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .output import Output
from .shared import Shared

if TYPE_CHECKING:
    from ..core.inputs import Source
    from ..stages.evaluate_sketch import Figures

Record = dict[str, Any]

_COLUMNS = {  # of the table: a figure's name, its heading and its form
    "ssim": ("SSIM", ".4f"),
    "perceptual": ("distance", ".4f"),
    "cosine": ("cosine", ".4f"),
    "edge_recall": ("recall", ".3f"),
    "edge_precision": ("precision", ".3f"),
    "edge_f1": ("F1", ".3f"),
    "ink": ("ink", ".3f"),
    "strokes": ("strokes", "g"),
    "length": ("length", ".0f"),
    "seconds": ("seconds", ".1f"),
}


def sketch(
    ctx: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="SKETCHES",
            help="SVG or PNG files, folders of them or of runs of `compose sketch`, quoted "
            "patterns, @list.txt, or - for paths on standard input.",
            show_default=False,
        ),
    ],
    targets: Annotated[
        Path | None,
        typer.Option(
            "--targets",
            metavar="DIR",
            help="The photographs, matched by name; or one photograph for all. Otherwise runs "
            "say themselves what they drew.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="SKETCHES",
            help="Other sketches of the same photographs to compare with; repeatable.",
        ),
    ] = None,
    canvas: Annotated[
        int,
        typer.Option(
            "--canvas",
            min=16,
            max=4096,
            metavar="PIXELS",
            help="Long side that everything is measured on.",
        ),
    ] = 224,
    fix_scale: Annotated[
        bool,
        typer.Option(
            "--fix-scale",
            help="The photographs stood on a white square with a margin; runs say so themselves.",
        ),
    ] = False,
    squash: Annotated[
        bool,
        typer.Option("--squash", help="Squash photographs to the proportions of their sketches."),
    ] = False,
    perceptual: Annotated[
        str,
        typer.Option(
            "--perceptual",
            metavar="NAME",
            help="Network of the distance: vgg16 (LPIPS without its learned weights), vgg16-hed, "
            "builtin, or another encoder; auto: the first of these that is here.",
        ),
    ] = "auto",
    embedding: Annotated[
        str,
        typer.Option(
            "--embedding",
            metavar="NAME",
            help="Network of the cosine: clip-rn101, clip-vit-b32, builtin; auto: the first of "
            "these that is here.",
        ),
    ] = "auto",
    checkpoint: options.Checkpoint = None,
    device: options.Device = "auto",
    null: options.Null = False,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON object a line for every sketch, then the means, then the "
            "differences of --against.",
        ),
    ] = False,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    fail_fast: options.FailFast = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Measure sketches against the photographs they were drawn after.

    SSIM of the luminance; the distance of a perceptual network; the cosine of two embeddings;
    recall of the photograph's edges and precision of the ink, within 2 pixels; the share of ink,
    the strokes and their length in pixels of the canvas, and the seconds that a run took. Washes
    of an SVG, strokes three times as wide as its narrowest and more, are not ink.

    The networks' names stand with the figures: no two networks' figures can be compared.
    """
    from ..core.devices import resolve_device
    from ..core.errors import UsageError
    from ..core.inputs import expand_inputs
    from ..core.names import printable
    from ..models.cache import parse_user_paths
    from ..stages.evaluate_sketch import evaluate_sketch
    from ..stages.sketch_networks import open_networks
    from ..stages.sketch_originals import Originals
    from ..stages.sketch_pair import Pairing
    from ..stages.sketch_runs import SKETCH_SUFFIXES, choose_sketches, read_run
    from .batch_command import run_batch_command

    shared = Shared.of(ctx)
    output = shared.output()
    originals = Originals(targets)
    if "-" in (against or ()):
        raise UsageError("--against takes no list from standard input; use @list.txt.")
    found = expand_inputs(
        inputs, stdin=sys.stdin.buffer, null=shared.null, suffixes=SKETCH_SUFFIXES
    )
    found = choose_sketches(found, frozenset(inputs))
    compared = expand_inputs(against, suffixes=SKETCH_SUFFIXES) if against else []
    compared = choose_sketches(compared, frozenset(against or ()))
    others = {os.path.abspath(source.path) for source in compared}
    real = {os.path.realpath(source.path) for source in compared}
    for source in found:
        if os.path.realpath(source.path) in real:
            raise UsageError(
                f"{printable(source.path)} is among the sketches and in --against too; give "
                "--against other sketches."
            )
    sets: dict[str, dict[str, list[Figures]]] = {"sketches": {}, "against": {}}
    rows: list[list[str]] = []

    def start() -> Callable[[Source], Record]:
        networks, missed = open_networks(
            perceptual,
            embedding,
            device=resolve_device(device),
            user=parse_user_paths(checkpoint or ()),
        )
        for sentence in missed:
            output.note(sentence)
        used = {"perceptual": networks.perceptual, "cosine": networks.embedding}
        for figure, network in used.items():
            output.note(f"{figure}: {network.name} ({network.source})")

        def work(source: Source) -> Record:
            run = read_run(source.path)
            target = originals.of(source.path, run)
            pairing = Pairing(
                canvas=canvas,
                fix_scale=fix_scale or (run is not None and run.fix_scale),
                squash=squash,
                max_pixels=max_pixels,
            )
            seconds = run.seconds if run is not None else None
            scores = evaluate_sketch(source.path, target, networks, pairing, seconds=seconds)
            names = {f"{figure}_network": network.name for figure, network in used.items()}
            record: Record = {
                "target": os.fspath(target),
                "canvas": canvas,
                **names,
                **scores.figures(),
            }
            if scores.left_out:
                record["left_out"] = scores.left_out
            if against:
                other = os.path.abspath(source.path) in others
                record["set"] = "against" if other else "sketches"
            return record

        return work

    def collect(record: Record) -> None:
        if record["status"] == "ok":
            if "left_out" in record:
                left_out = ", ".join(record["left_out"])
                output.warn(f"{printable(record['input'])} was measured without {left_out}")
            of_target = sets[record.get("set", "sketches")]
            figures = {name: record[name] for name in _COLUMNS}
            of_target.setdefault(os.path.abspath(record["target"]), []).append(figures)

    def show(record: Record, output: Output) -> None:
        rows.append([printable(record["input"]), *_cells(record)])

    code = run_batch_command(
        shared,
        start,
        found=[*found, *compared],
        show=show,
        after=collect,
        output=output,
    )
    _summarise(output, rows, sets)
    raise typer.Exit(code)


def _summarise(
    output: Output,
    rows: list[list[str]],
    sets: Mapping[str, Mapping[str, list[Figures]]],
) -> None:
    from ..core.metrics import p_text
    from ..stages.evaluate_sketch import compare_sets, mean_figures

    several = all(sets.values())
    for name, of_target in sets.items():
        figures = [one for group in of_target.values() for one in group]
        if not figures:
            continue
        mean = mean_figures(figures)
        label = f"mean of {name}" if several else "mean"
        of_set = {"set": name} if several else {}
        output.record({**of_set, "mean": mean, "sketches": len(figures)})
        rows.append([f"{label} ({len(figures)})", *_cells(mean)])
    if rows:
        output.table(["sketch", *(heading for heading, _ in _COLUMNS.values())], rows)
    lines = []
    for row in compare_sets(sets["sketches"], sets["against"]):
        output.record(asdict(row))
        lines.append(
            [
                _COLUMNS[row.measure][0],
                f"{row.difference:+.4f}",
                f"[{row.low:+.4f}, {row.high:+.4f}]",
                p_text(row.p),
                f"{row.wins} of {row.photographs}" + (f", {row.ties} equal" if row.ties else ""),
            ]
        )
    if lines:
        output.table(["first - against", "mean", "95 % interval", "p", "better on"], lines)


def _cells(figures: Mapping[str, Any]) -> list[str]:
    return [
        "-" if figures[name] is None else format(figures[name], form)
        for name, (_, form) in _COLUMNS.items()
    ]
