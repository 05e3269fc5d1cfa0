"""`compose evaluate segment-inpaint`: what the loop finds, against annotated pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .segment_choices import Erase, Merge, Stability, place_for
from .segment_tables import print_costs, print_occlusion, print_voc
from .shared import Shared
from .unused import refuse_unused

if TYPE_CHECKING:
    from ..stages.evaluate_segment import Engines, Seconds
    from ..stages.segment_config import Merge as Rule
    from .output import Output


class Dataset(StrEnum):
    """Forms of data sets."""

    voc = "voc"
    occlusion = "occlusion"


class Part(StrEnum):
    """Parts of a data set."""

    train = "train"
    val = "val"


def segment_inpaint(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data set's folder.")],
    dataset: Annotated[
        Dataset,
        typer.Option(
            "--dataset",
            help="voc: PASCAL VOC's maps of classes; occlusion: a set of "
            "`compose build-dataset occlusion`.",
        ),
    ] = Dataset.voc,
    split: Annotated[Part, typer.Option("--split", help="Which part of VOC.")] = Part.val,
    iterations: Annotated[
        str, typer.Option("--iterations", metavar="N,N", help="Numbers of iterations to measure.")
    ] = "1,2,3",
    merge: Annotated[
        list[Merge] | None,
        typer.Option(
            "--merge",
            metavar="RULE",
            help="For voc: first-wins, last-wins or strict-and; repeatable, all by default.",
        ),
    ] = None,
    segmenter: Annotated[
        str, typer.Option("--segmenter", metavar="NAME", help="As in `compose segment-inpaint`.")
    ] = "auto",
    inpainter: Annotated[
        list[str] | None,
        typer.Option("--inpainter", metavar="NAME", help="Likewise; repeatable."),
    ] = None,
    erase: Annotated[
        Erase, typer.Option("--erase", help="What is erased in an iteration.")
    ] = Erase.front_most,
    stability: Annotated[
        Stability,
        typer.Option("--stability", help="In which other view something new has to be found."),
    ] = Stability.flip,
    given: Annotated[
        bool,
        typer.Option(
            "--given-occluder",
            help="For occlusion: the first iteration finds the occluder as it truly is, so that "
            "only what comes after it is measured.",
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="The first N pictures only.")
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
    """Measure the loop of segmentation and inpainting by number of iterations, with 95 %
    intervals of a bootstrap over the photographs, seconds of each iteration and peak memory.

    voc: mean IoU over 21 classes, from one confusion matrix of all pixels of the set, 255 ignored,
    by rule of merging; gain is the paired difference to one iteration. Instances whose label is no
    class of VOC take the class that most of their visible pixels have in the truth, or background
    if most have that: an ideal namer of the masks, so that masks are measured and not names. The
    truth is of what is visible, so that nothing can be gained by what is hidden.

    occlusion: amodal is the IoU of the hidden object's whole extent with its match, invisible
    that within the occluder, recall the share of hidden objects matched with an IoU of 1/2; both
    found as one are no match; false is the share of instances that match
    nothing annotated, new false that of those found after the first iteration; order how often the
    occluder comes before the hidden object where both are found; object and behind are the PSNR of
    the filled pixels of the hidden object and of what has no object.
    """
    from ..core.devices import available_cores
    from ..models.cache import parse_user_paths
    from ..models.inpainters import inpainter_name, open_inpainter
    from ..models.segmenters import SegmenterOptions, open_segmenter, segmenter_name
    from ..stages.evaluate_segment import Engines
    from ..stages.segment_config import SegmentConfig

    if dataset is Dataset.voc:
        refuse_unused(ctx, ["given"], "--dataset voc", "measure --dataset occlusion")
    else:
        refuse_unused(ctx, ["merge", "split"], "--dataset occlusion", "measure --dataset voc")
    output = Shared.of(ctx).output()
    counts = _counts(iterations)
    how = SegmentConfig(iterations=counts[-1], erase=erase.value, stability=stability.value)
    user = parse_user_paths(checkpoint or ())
    finder = segmenter_name(segmenter, user)
    fillers = list(dict.fromkeys(inpainter_name(name, user) for name in inpainter or ["auto"]))
    about: dict[str, Any] = {"dataset": dataset.value, "segmenter": finder, "erase": how.erase}

    def engines() -> list[Engines]:
        """Opened when the data set has turned out to be one."""
        threads = available_cores()
        place = place_for(device, [finder, *fillers])
        finds = open_segmenter(finder, SegmenterOptions(threads, place, user))
        return [
            Engines(
                finds, open_inpainter(name, threads=threads, device=place, user=user), how, seed
            )
            for name in fillers
        ]

    if dataset is Dataset.voc:
        rules: list[Rule] = [rule.value for rule in merge or Merge]
        about["split"] = split.value
        seconds = _voc(output, data, split.value, limit, engines, rules, counts, about)
    else:
        about["given_occluder"] = given
        seconds = _occlusion(output, data, limit, engines, counts, given, about)
    print_costs(output, seconds, about)


def _counts(text: str) -> list[int]:
    """Numbers of iterations in rising order, 1 among them."""
    from ..core.errors import UsageError
    from ..stages.segment_config import MOST_ITERATIONS

    try:
        counts = {int(part) for part in text.split(",")}
    except ValueError:
        counts = {0}
    if not all(1 <= count <= MOST_ITERATIONS for count in counts):
        raise UsageError(
            f"--iterations {text!r} is no list of numbers from 1 to {MOST_ITERATIONS}; "
            "write it like 1,2,3."
        )
    return sorted(counts | {1})


def _voc(
    output: Output,
    data: Path,
    split: str,
    limit: int | None,
    engines: Callable[[], Sequence[Engines]],
    rules: Sequence[Rule],
    counts: Sequence[int],
    about: Mapping[str, Any],
) -> dict[str, Seconds]:
    from ..data.voc import read_voc
    from ..stages.evaluate_segment_voc import evaluate_voc

    records, opened = read_voc(data, split)[:limit], engines()
    scores = []
    with output.progress(len(records) * len(opened), "photographs"):
        for one in opened:
            scores.append(evaluate_voc(records, one, rules, counts, advance=output.advance))
    print_voc(output, [row for score in scores for row in score.rows()], about, len(records))
    return {score.inpainter: score.seconds for score in scores}


def _occlusion(
    output: Output,
    data: Path,
    limit: int | None,
    engines: Callable[[], Sequence[Engines]],
    counts: Sequence[int],
    given: bool,
    about: Mapping[str, Any],
) -> dict[str, Seconds]:
    from ..data.occlusion import hidden_span, scene_names
    from ..stages.evaluate_occlusion import evaluate_occlusion

    names, span, opened = scene_names(data)[:limit], hidden_span(data), engines()
    scores = []
    with output.progress(len(names) * len(opened), "scenes"):
        for one in opened:
            score = evaluate_occlusion(
                data, names, one, counts, given=given, advance=output.advance
            )
            scores.append(score)
    rows = [row for score in scores for row in score.rows(span)]
    print_occlusion(output, rows, about, len(names))
    return {score.inpainter: score.seconds for score in scores}
