"""Options of `compose crop` by which crops are made like others, and what opens them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..stages.crop_guidance import Guidance

Refs = Annotated[
    str | None,
    typer.Option(
        "--refs",
        metavar="INDEX|DIR",
        help="Crop like those of these photographs that are most like the input: an index of "
        "`compose index build`, a folder, or builtin for the references that ship.",
    ),
]
Like = Annotated[
    list[Path] | None,
    typer.Option("--like", metavar="PHOTO", help="Crop like this photograph; repeatable."),
]
Prefer = Annotated[
    list[str] | None,
    typer.Option(
        "--prefer",
        metavar="LAYOUT",
        help="Prefer crops of this layout: thirds, centre, symmetric, diagonal, horizontal, "
        "vertical, triangle, curved or pattern; repeatable, then any of them.",
    ),
]
Weight = Annotated[
    float,
    typer.Option(
        "--guidance",
        min=0,
        max=1,
        metavar="SHARE",
        help="How much --refs, --like and --prefer count beside the engine's own score.",
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Tell each crop's layout and the references it follows, and draw the best one's "
        "lines on overlays.",
    ),
]


def open_guidance(
    refs: str | None,
    like: Sequence[Path] | None,
    prefer: Sequence[str] | None,
    weight: float,
    *,
    explain: bool,
    threads: int,
    max_pixels: int,
    note: Callable[[str], None],
) -> Guidance | None:
    """What the options ask for; None where none of them is given.

    Raises:
        UsageError: a photograph, folder or index cannot be used, or a layout is unknown.
        DataError: the index is missing or damaged.
    """
    if refs is None and not like and not prefer and not explain:
        return None
    from ..models.saliency import open_saliency
    from ..stages.crop_guidance import Guidance
    from ..stages.crop_guided import GuidedConfig
    from ..stages.crop_references import open_references, read_liked
    from ..stages.layout_reader import LayoutReader

    references = None
    if refs is not None:  # whose layouts are of subjects that the tokens tell
        reader = LayoutReader(threads)
        references = open_references(refs, reader, note=note, max_pixels=max_pixels)
    else:
        reader = LayoutReader(threads, subjects=open_saliency(threads=threads))
    return Guidance(
        reader,
        references,
        [read_liked(path, reader, max_pixels) for path in like or ()],
        classes(prefer or ()),
        GuidedConfig(weight),
        explain,
    )


def classes(prefer: Sequence[str]) -> tuple[int, ...]:
    """The places of these layouts among the classes.

    Raises:
        UsageError: one is unknown.
    """
    if not prefer:
        return ()
    from ..stages.layout import class_index

    return tuple(dict.fromkeys(class_index(name) for name in prefer))
