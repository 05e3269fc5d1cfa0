"""`compose build-dataset pairs`: pairs of objects for PICS, out of annotated data sets."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .cluster import BuilderOf, OnCluster
from .output import Output
from .shared import Shared

if TYPE_CHECKING:
    from ..data.pair_plan import Finding
    from ..stages.build_pairs import PairsBuild
    from ..stages.pair_units import Unit, Written


class RawPart(StrEnum):
    """Parts of a data set."""

    train = "train"
    val = "val"


class PairForm(StrEnum):
    """How samples are laid down."""

    shards = "shards"
    folders = "folders"


def pairs(
    ctx: typer.Context,
    raw: Annotated[
        list[str],
        typer.Option(
            "--raw",
            metavar="SET:DIR",
            help="A data set and its folder; SET is lvis, coco, vitonhd, objects365, cityscapes, "
            "mapillary or bdd100k. Repeatable.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="PLACE", help="Gets the set: a folder, or s3://… and so on."
        ),
    ],
    split: Annotated[
        RawPart, typer.Option("--split", help="Which part of the data sets.")
    ] = RawPart.train,
    area_ratio: Annotated[
        float,
        typer.Option(
            "--area-ratio",
            min=0,
            max=1,
            metavar="SHARE",
            help="Of the picture, that an object covers at least.",
        ),
    ] = 0.02,
    objects: Annotated[
        int, typer.Option("--objects", min=2, max=3, metavar="N", help="In a sample: 2 or 3.")
    ] = 2,
    form: Annotated[
        PairForm, typer.Option("--form", help="Shards for training, or a folder a sample.")
    ] = PairForm.shards,
    test_share: Annotated[
        float,
        typer.Option(
            "--test-share",
            min=0,
            max=1,
            metavar="SHARE",
            help="Of the pictures, kept for testing; a picture's name decides.",
        ),
    ] = 0.1,
    samples_per_shard: Annotated[
        int,
        typer.Option("--samples-per-shard", min=1, max=30_000, metavar="N", help="At most."),
    ] = 1000,
    shard: BuilderOf = "0/1",
    cluster: OnCluster = None,
    seed: options.Seed = 0,
    skip_existing: options.SkipExisting = False,
    overwrite: options.Overwrite = False,
    jobs: options.Jobs = 1,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for every shard.")
    ] = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> None:
    """Make training samples for `compose train composite`: photographs and two objects in each.

    Of the objects that are large enough, those two are taken whose boxes overlap most, neither
    within the other; of people in VITON-HD, the two largest regions. A sample is the photograph,
    the objects on white, their masks, and notes of how they meet: overlap, contact length,
    containment, and who seems to be in front.

    PLACE gets train/SET/ and test/SET/ with shards (00000.tar and its statistics, 00000.json), and
    notes of what each picture gives. The same options and data give the same bytes, whoever
    builds: --jobs processes, a cluster, or the builders 0/N to N-1/N in any order.

    Interrupted, the same command goes on with --skip-existing; builders of several always do.
    """
    from ..core.batch import resolve_jobs
    from ..core.errors import UsageError
    from ..core.share import parse_share
    from ..data.pair_plan import SETTINGS
    from ..data.raw_sets import parse_raw
    from ..data.shard_store import open_store
    from ..stages.build_pairs import Course, PairsBuild, PairsConfig
    from ..stages.pair_mining import MiningConfig

    output = Shared.of(ctx).output()
    turn = parse_share(shard)
    several = turn[1] > 1
    if several and overwrite:
        raise UsageError("--overwrite would remove what the other builders write; remove it first.")
    sets, store = parse_raw(raw), open_store(out)
    if not (skip_existing or overwrite or several) and store.size(SETTINGS) is not None:
        raise UsageError(
            f"{store.name(SETTINGS)} exists already; add --skip-existing or --overwrite."
        )
    mining = MiningConfig(area_ratio, objects)
    settings = PairsConfig(mining, split.value, form.value, samples_per_shard, test_share, seed)
    course = Course(resolve_jobs(jobs), cluster is not None, turn)
    build = PairsBuild(store, sets, settings)
    if dry_run:
        for name, found in build.pictures.items():
            output.record({"set": name, "status": "planned", "pictures": len(found)})
            output.text(f"would look at {len(found)} pictures of {name}")
        return
    build.begin(overwrite=overwrite)
    with output.progress(len(build.blocks()), "blocks of pictures"):
        plan, summary = build.mine(course, output.advance)
    if summary.interrupted:
        _interrupted(output)
        raise typer.Exit(summary.exit_code)
    failed = _print_unread(output, plan)
    all_units = build.units(plan)
    units = [unit for place, unit in enumerate(all_units) if place % turn[1] == turn[0]]
    rows: list[tuple[Unit, Written]] = []
    todo = []
    for unit in units:
        done = None if overwrite else build.standing(unit)
        if done is None:
            todo.append(unit)
        else:
            rows.append((unit, done))
            _print_unit(output, build, unit, done, "skipped")

    def emit(unit: Unit, written: Written) -> None:
        rows.append((unit, written))
        _print_unit(output, build, unit, written, "ok")
        output.advance()

    with output.progress(len(todo), "shards"):
        summary = build.write(todo, course, emit)
    failed += sum(len(written.failures) for _, written in rows)
    _print_table(output, build, plan, rows)
    if summary.interrupted:
        _interrupted(output)
        raise typer.Exit(summary.exit_code)
    if failed:
        total = sum(map(len, plan.values()))
        output.error(f"{failed} of {total} pictures could not be used; see their messages.")
    raise typer.Exit(int(failed > 0))


def _interrupted(output: Output) -> None:
    output.error("interrupted; run the same command with --skip-existing to finish the rest.")


def _print_unread(output: Output, plan: dict[str, list[Finding]]) -> int:
    count = 0
    for name, findings in plan.items():
        for finding in findings:
            if finding.error is not None:
                count += 1
                _print_failure(output, name, finding.id, finding.error)
    return count


def _print_failure(output: Output, name: str, picture: str, error: str) -> None:
    output.record({"set": name, "picture": picture, "status": "error", "error": error})
    if output.mode != "json":
        output.error(error)


def _print_unit(
    output: Output, build: PairsBuild, unit: Unit, written: Written, status: str
) -> None:
    for picture, error in written.failures:
        _print_failure(output, unit.set_name, picture, error)
    record: dict[str, Any] = {
        "set": unit.set_name, "split": unit.split, "shard": unit.number, "status": status,
        "samples": written.samples,
    }  # fmt: skip
    if build.config.form == "shards":
        name = build.store.name(f"{unit.stem}.tar")
        record |= {"outputs": [name]} if status == "skipped" else {"file": name}
        if status == "ok":
            output.text(f"{name}  {written.samples} samples")
    output.record(record)


def _print_table(
    output: Output,
    build: PairsBuild,
    plan: dict[str, list[Finding]],
    rows: list[tuple[Unit, Written]],
) -> None:
    lines = []
    for name, findings in plan.items():
        here = [(unit.split, written.samples) for unit, written in rows if unit.set_name == name]
        lines.append(
            (
                name,
                len(findings),
                sum(f.objects is not None for f in findings),
                sum(count for split, count in here if split == "train"),
                sum(count for split, count in here if split == "test"),
            )
        )
    output.table(("set", "pictures", "with a pair", "train", "test"), lines)
