"""Options and talk that the commands of `compose train` share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .output import Output

NetworkFolder = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Gets the network's files.")
]
TrainData = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA",
        help="Folders of data sets (PASCAL VOC, COCO, salient objects, FCDB), of which the train "
        "part is taken, or of photographs.",
        show_default=False,
    ),
]
MaskedData = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA",
        help="Folders of data sets with masks (PASCAL VOC, COCO, salient objects), of which "
        "the train part is taken.",
        show_default=False,
    ),
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, metavar="N", help="Passes over the data.")
]
Features = Annotated[
    Path | None,
    typer.Option(
        "--features",
        metavar="DIR",
        help="Keep the photographs' features here and use them again; below --out by default.",
    ),
]
EpochsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line for every epoch.")
]

StepsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line for every measurement.")
]
PhotoLimit = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="Photographs of each folder at most."),
]


def may_begin(
    output: Output,
    targets: list[Path],
    *,
    overwrite: bool,
    dry_run: bool,
    torch: bool = True,
    reads: Iterable[Path | None] = (),
) -> bool:
    """Whether to train now: not where the plan was asked for, which is then printed.

    Args:
        torch: whether it is needed.
        reads: folders of data, which a plan needs too; what is in them a training says.

    Raises:
        UsageError: files of an earlier training are there; or torch is not.
        DataError: a plan is asked for, and a folder of data is not there.
    """
    from ..core.devices import require_torch
    from ..core.errors import DataError
    from ..core.names import printable
    from ..core.outputs import refuse_existing

    if not overwrite:
        # the trainings that keep checkpoints to go on from are those that write their settings
        resumable = any(path.name == "config.json" for path in targets)
        refuse_existing(targets, ["--resume auto", "--overwrite"] if resumable else ["--overwrite"])
    if dry_run:
        for path in reads:
            if path is not None and not path.exists():
                raise DataError(f"{printable(path)} is not there; correct the path to the data.")
        _print_plan(output, targets)
        return False
    if torch:
        require_torch("training")
    return True


def _print_plan(output: Output, targets: list[Path]) -> None:
    """Say what would be written."""
    output.record({"status": "planned", "outputs": [str(path) for path in targets]})
    for path in targets:
        output.text(f"would write {path}")


@contextlib.contextmanager
def phases(output: Output) -> Iterator[Callable[[str, int], Callable[[], object]]]:
    """Give what begins a phase with its name and length: one bar at a time."""
    with contextlib.ExitStack() as bars:

        def begin(what: str, total: int) -> Callable[[], object]:
            bars.close()
            bars.enter_context(output.progress(total, what))
            return output.advance

        yield begin


def epoch_lines(output: Output) -> Callable[[dict[str, Any]], None]:
    """What takes a line of the metrics of a training by epochs."""

    def log(row: dict[str, Any]) -> None:
        output.record(row)
        output.text(f"epoch {row['epoch']:3d}  loss {row['loss']:.4f}")

    return log
