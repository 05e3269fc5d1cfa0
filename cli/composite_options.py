"""The options of `compose composite`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Fit(StrEnum):
    """How an object fills its box."""

    contain = "contain"
    cover = "cover"
    stretch = "stretch"


class Harmonize(StrEnum):
    """What brings an object's colours to the scene."""

    none = "none"
    stats = "stats"
    learned = "learned"


Background = Annotated[
    str | None,
    typer.Argument(metavar="[BACKGROUND]", help="The photograph.", show_default=False),
]
Object = Annotated[
    list[Path] | None,
    typer.Option("--object", metavar="FILE", help="An object to put in; repeatable, with --at."),
]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="PLACE",
        help="Where the --object of the same place in line goes: x1,y1,x2,y2 in pixels of the "
        "upright background, or a mask of its size.",
    ),
]
ObjectMask = Annotated[
    list[str] | None,
    typer.Option(
        "--object-mask",
        metavar="FILE",
        help="What of the --object of the same place in line is the object; - for none. Give "
        "none at all, or one for each.",
    ),
]
Input = Annotated[
    Path | None,
    typer.Option(
        "--input",
        metavar="DIR",
        help="A folder with image.jpg, object_0.png, object_0_mask.png (where it goes), and so "
        "on, or a folder of such, instead of BACKGROUND.",
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="FILE",
        help="Composites as JSON, a list of them, or JSON lines, - for standard input: "
        '{"background": "a.jpg", "objects": [{"image": "b.png", "at": [x1, y1, x2, y2]}]}, and '
        "if you like mask in an object, and order, out, seed.",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        help="The picture to write; with --input and --layout, the folder to write below.",
    ),
]
Order = Annotated[
    str,
    typer.Option(
        "--order",
        metavar="N,N",
        help="Numbers of the objects, from 0, the one in front first. auto: what touches the "
        "ground lower is in front; of two at one height, the smaller.",
    ),
]
Samples = Annotated[
    int,
    typer.Option(
        "--samples", min=1, max=64, metavar="N", help="Answers to write: NAME_1.png and so on."
    ),
]
HowToFit = Annotated[
    Fit,
    typer.Option(
        "--fit",
        help="Keep an object's proportions within its box, standing on the lower edge; keep them "
        "and fill it; or give them up.",
    ),
]
KeepSize = Annotated[
    bool,
    typer.Option(
        "--keep-size", help="Objects keep their own pixels, standing in the middle of the box."
    ),
]
HowToHarmonize = Annotated[
    Harmonize, typer.Option("--harmonize", help="What brings colours and light to the scene's.")
]
Shadow = Annotated[
    bool | None,
    typer.Option(
        "--shadow/--no-shadow",
        help="Soft shadows below all objects, or none; by default where one seems to stand on "
        "something.",
        show_default=False,
    ),
]
Provenance = Annotated[
    bool,
    typer.Option(
        "--provenance",
        help="Write NAME.png.json beside it, what came from where; the same as a note in PNG.",
    ),
]
