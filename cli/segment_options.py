"""The options of `compose segment-inpaint` that say what is found, and how it is erased."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .segment_choices import Stability

Iterations = Annotated[
    int,
    typer.Option("--iterations", min=0, max=32, metavar="N", help="Times to look for objects."),
]
Dilate = Annotated[
    float,
    typer.Option(
        "--dilate",
        min=0,
        max=1,
        metavar="SHARE",
        help="Of the long side, by which holes are wider than objects.",
    ),
]
Feather = Annotated[
    float,
    typer.Option(
        "--feather",
        min=0,
        max=1,
        metavar="SHARE",
        help="Of the long side, over which a hole's filling fades in, inside of its rim.",
    ),
]
Sam = Annotated[
    str | None,
    typer.Option(
        "--sam",
        metavar="NAME",
        help="For sam: Meta's .pth file, mobile_sam.pt, a folder of transformers, or a name of "
        "its hub; otherwise the largest of sam-vit-h, -l, -b and mobile-sam that is here.",
    ),
]
Amg = Annotated[
    list[str] | None,
    typer.Option(
        "--amg",
        metavar="NAME=VALUE",
        help="For sam: a setting of automatic masks as in Meta's amg.py, such as "
        "points_per_side=16; repeatable.",
    ),
]
Masks = Annotated[
    Path | None,
    typer.Option(
        "--masks",
        metavar="FILE",
        help="Objects as you say: a mask, a label map, COCO's or amg.py's JSON, a folder of "
        "masks, or a folder with one of these a picture, called as it. They are taken at the size "
        "of the search (--working).",
    ),
]
Points = Annotated[
    list[str] | None,
    typer.Option(
        "--point",
        metavar="X,Y[,0]",
        help="Only the object here, in pixels of the upright picture; with ,0 not here. "
        "Repeatable, for one object.",
    ),
]
Boxes = Annotated[
    list[str] | None,
    typer.Option("--box", metavar="X1,Y1,X2,Y2", help="Only the object in it; repeatable."),
]
MaskPrompts = Annotated[
    list[Path] | None,
    typer.Option(
        "--mask",
        metavar="FILE",
        help="Only the object about where this is white; repeatable. --masks takes masks as "
        "they are.",
    ),
]
Prompts = Annotated[
    Path | None,
    typer.Option(
        "--prompts",
        metavar="FILE",
        help='The same as JSON: [{"points": [[x, y, 1]], "box": [x1, y1, x2, y2], "mask": '
        '"file"}], or such lists by file name.',
    ),
]
WhichStability = Annotated[
    Stability,
    typer.Option(
        "--stability",
        help="New objects have to be found again in the mirrored picture, after filling with "
        "another seed (both: if they are mostly filled in), or not at all.",
    ),
]
Working = Annotated[
    int,
    typer.Option(
        "--working",
        min=64,
        max=4096,
        metavar="PIXELS",
        help="Long side at which objects are found and holes filled.",
    ),
]
MinArea = Annotated[
    float,
    typer.Option("--min-area", min=0, max=1, metavar="SHARE", help="Least share of the picture."),
]
MinScore = Annotated[
    float, typer.Option("--min-score", min=0, max=1, metavar="N", help="Least score.")
]
