"""`compose evaluate composite`: how close composites come to photographs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import composite_options, options
from .build_dataset import From, Part
from .comparisons import print_comparisons
from .composite_options import Harmonize
from .shared import Shared

if TYPE_CHECKING:
    from .output import Output


class Task(StrEnum):
    """What is asked of engines."""

    recomposite = "recomposite"
    harmonize = "harmonize"


def composite(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data set's folder.")],
    dataset: Annotated[From, typer.Option("--dataset", help="Its form.")] = From.coco,
    split: Annotated[Part, typer.Option("--split", help="Which part.")] = Part.val,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine",
            metavar="NAME",
            help="As in `compose composite`, or paste, paste-cut, clone, clone-mixed, or "
            "sequential (blend, one object after the other); repeatable, the first is compared "
            "with each other one. By default blend and these five.",
        ),
    ] = None,
    task: Annotated[
        list[Task] | None,
        typer.Option(
            "--task",
            help="recomposite: objects as they were; harmonize: their colours perturbed; "
            "repeatable, both by default.",
        ),
    ] = None,
    harmonize: composite_options.HowToHarmonize = Harmonize.learned,
    shadow: composite_options.Shadow = None,
    inpainter: Annotated[
        str,
        typer.Option(
            "--inpainter",
            metavar="NAME",
            help="What takes the objects out of backgrounds, where rims of holes stay seen.",
        ),
    ] = "rims",
    spare_others: Annotated[
        bool,
        typer.Option(
            "--spare-others",
            help="Paint over nothing of the photograph's other objects, not even in the margin.",
        ),
    ] = False,
    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="Network of distance and identity: builtin, vgg16, vgg16-hed or another encoder.",
        ),
    ] = "builtin",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="The first N pairs only.")
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
    """Measure engines for composites on pairs of objects put back where they were.

    Two objects whose boxes overlap or touch are cut out of a photograph by their masks, the
    photograph is inpainted where they were, and they are put back; the truth is the photograph.
    All engines get the same background. paste, clone and clone-mixed get the objects as their
    masks say, the others as `compose composite` cuts them out; paste-cut is a paste of these.
    Each object takes 2 % of its photograph or
    more, both half of it at most. Where both masks claim the same pixels, the smaller object is
    in front; otherwise ground contact and size decide, as without --order.

    Figures are of the union of the boxes, the box of the object in front alone, that of the
    other alone, and their overlap: psnr in dB, ssim, and the distance of a network's feature maps
    (lower is nearer). identity is the cosine of embeddings of the objects' boxes; spill the mean
    difference from the background beyond all boxes, outside the largest one beyond the zone that
    the engine names, both of 255; stable the share of pairs with the same bytes if the objects
    are listed the other way round in the same order of depth. 95 % intervals are of a bootstrap
    over the pairs, paired where engines are compared.
    """
    from ..core.devices import available_cores
    from ..models.cache import parse_user_paths
    from ..models.encoder import open_encoder
    from ..models.inpainters import inpainter_name, open_inpainter
    from ..stages.composite_config import CompositeConfig
    from ..stages.composite_engines import PEER_NAMES, EngineOptions, open_measured
    from ..stages.composite_pairs import find_pairs, open_cases, read_pair
    from ..stages.evaluate_composite import CompositeScores, compare_composites, score_case
    from ..stages.occlusion_sources import open_photos
    from .segment_choices import place_for

    output = Shared.of(ctx).output()
    user, threads = parse_user_paths(checkpoint or ()), available_cores()
    filler = inpainter_name(inpainter, user)
    place = place_for(device, [filler])
    wanted = EngineOptions(
        CompositeConfig(harmonize=harmonize.value, shadow=shadow), threads, place, user
    )
    names = dict.fromkeys("blend" if n == "auto" else n for n in engine or ("blend", *PEER_NAMES))
    engines = [open_measured(name, wanted) for name in names]
    tasks = [each.value for each in dict.fromkeys(task or list(Task))]
    judge = open_encoder(encoder, user=user)
    fills = open_inpainter(filler, threads=threads, device=place, user=user)
    photos = open_photos(dataset.value, data, split.value)
    with output.progress(len(photos), "photographs"):
        pairs = find_pairs(photos, advance=output.advance)[:limit]
    scores = {name: [CompositeScores(name, one.name) for one in engines] for name in tasks}
    with output.progress(len(pairs) * len(tasks) * len(engines), "composites"):
        for found in pairs:
            cases = open_cases(read_pair(*found), tasks, fills, seed, spare=spare_others)
            for name, case in cases:
                score_case(engines, case, judge, scores[name], advance=output.advance)
    rows = [score.summary() for name in tasks for score in scores[name]]
    for row in rows:
        about = {
            "split": split.value, "encoder": judge.name, "inpainter": fills.name,
            "spare_others": spare_others,
        }  # fmt: skip
        output.record({**about, **row})
    _print_rows(output, rows)
    print_comparisons(
        output,
        [row for name in tasks for row in compare_composites(scores[name][0], scores[name][1:])],
    )


def _print_rows(output: Output, rows: Sequence[dict[str, Any]]) -> None:
    from ..stages.evaluate_composite import MEASURES, REGIONS

    output.table(
        ["task", "engine", "of", *REGIONS],
        [
            [row["task"], row["engine"], measure, *_values(row, measure)]
            for row in rows
            for measure in MEASURES
        ],
    )
    output.table(
        ["task", "engine", "identity", "spill", "outside", "stable", "seconds", "pairs"],
        [
            [
                row["task"],
                row["engine"],
                f"{row['identity']['value']:.4f}",
                f"{row['spill']['value']:.4f}" if "spill" in row else "-",
                str(row["outside"]),
                f"{row['stable']:.3f}",
                f"{row['seconds']:.2f}",
                str(row["pairs"]),
            ]
            for row in rows
        ],
    )


def _values(row: dict[str, Any], measure: str) -> list[str]:
    from ..stages.evaluate_composite import REGIONS

    names = [f"{measure}_{region}" for region in REGIONS]
    return [f"{row[name]['value']:.4f}" if name in row else "-" for name in names]
