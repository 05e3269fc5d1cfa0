"""The options of `compose build-dataset cad`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..stages.cad_settings import CadRequest

# parameters that only the engine of this name looks at
OF_DIFFUSERS = ("model", "controlnet", "segmenter", "steps", "guidance", "negative")

Inpainter = Annotated[
    str,
    typer.Option(
        "--inpainter",
        metavar="NAME",
        help="For builtin: patches, or what `segment-inpaint` has, growing outward in bands.",
    ),
]
Variants = Annotated[
    int,
    typer.Option("--variants", min=1, max=10, metavar="N", help="Pictures of each photograph."),
]
Canvas = Annotated[
    str,
    typer.Option("--canvas", metavar="LOW,HIGH", help="Pixels of both sides of the pictures."),
]
Area = Annotated[
    str,
    typer.Option(
        "--area",
        metavar="LOW,HIGH",
        help="Share of the picture that the photograph takes up; GenCrop has 0.1,0.5.",
    ),
]
Stage = Annotated[
    int,
    typer.Option(
        "--stage", min=1, max=2, metavar="N", help="Labels: 1 the photograph's region, 2 more too."
    ),
]
NoFilter = Annotated[bool, typer.Option("--no-filter", help="Keep all pictures.")]
Bad = Annotated[
    float,
    typer.Option(
        "--bad", min=0, max=1, metavar="P", help="Drop what looks bad with a higher probability."
    ),
]
Prompts = Annotated[
    Path | None,
    typer.Option(
        "--prompts",
        metavar="FILE",
        help='For diffusers: lines of {"file": NAME, "prompt": TEXT}.',
    ),
]
Captioner = Annotated[
    str | None,
    typer.Option(
        "--captioner",
        metavar="NAME",
        help="Prompts by BLIP: a folder of transformers, or a name of its hub.",
    ),
]
Crops = Annotated[
    Path | None,
    typer.Option(
        "--crops",
        metavar="FILE",
        help='For real: known crops as FCDB has them, [{"file", "crop": [x, y, w, h]}].',
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="For diffusers: an inpainting pipeline, as a folder or a name of its hub.",
    ),
]
ControlNet = Annotated[
    str | None,
    typer.Option(
        "--controlnet",
        metavar="NAME",
        help="For diffusers: a network that reads a segmentation, likewise.",
    ),
]
Segmenter = Annotated[
    str,
    typer.Option(
        "--segmenter", metavar="NAME", help="For --controlnet: what it sees; salient or sam."
    ),
]
Steps = Annotated[
    int, typer.Option("--steps", min=1, max=1000, metavar="N", help="For diffusers: of sampling.")
]
Guidance = Annotated[
    float,
    typer.Option(
        "--guidance", min=0, max=100, metavar="N", help="For diffusers: weight of the prompt."
    ),
]
Negative = Annotated[
    str | None,
    typer.Option("--negative", metavar="TEXT", help="For diffusers: what is not to be seen."),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="Work on the first N photographs only."),
]
Parquet = Annotated[
    bool, typer.Option("--parquet", help="Write the tables as parquet too, by pyarrow.")
]
Samples = Annotated[
    int,
    typer.Option("--samples", min=1, metavar="N", help="Photographs that the report shows."),
]


def request_of(values: Mapping[str, Any]) -> CadRequest:
    """What the options ask for.

    Raises:
        UsageError: one is not as it should be.
    """
    from dataclasses import replace

    from ..core.devices import resolve_device, resolve_precision
    from ..models.outpainters import DiffusersOptions, OutpainterOptions
    from ..models.segmenters import segmenter_name
    from ..stages.cad_filter import FilterConfig
    from ..stages.cad_place import PlaceConfig
    from ..stages.cad_set import CadConfig
    from ..stages.cad_settings import CadRequest

    low, high = pair(values["canvas"], "--canvas", "700,1024")
    engine = values["engine"].value
    device = resolve_device(values["device"]) if engine == "diffusers" else "cpu"
    own = DiffusersOptions(
        model=values["model"],
        controlnet=values["controlnet"],
        segmenter=segmenter_name(values["segmenter"]),
        steps=values["steps"],
        guidance=values["guidance"],
    )
    if values["negative"] is not None:
        own = replace(own, negative=values["negative"])
    return CadRequest(
        engine=engine,
        place=PlaceConfig(
            side=(round(low), round(high)), area=pair(values["area"], "--area", "0.3,0.6")
        ),
        config=CadConfig(
            variants=values["variants"],
            stage=values["stage"],
            filter=None if values["no_filter"] else FilterConfig(bad=values["bad"]),
        ),
        seed=values["seed"],
        options=OutpainterOptions(
            inpainter=values["inpainter"],
            device=device,
            precision=resolve_precision(values["precision"], device) if device != "cpu" else "fp32",
            offline=values["offline"],
            diffusers=own,
        ),
        prompts=values["prompts"],
        captioner=values["captioner"],
        crops=values["crops"],
        weights=values["weights"],
        max_pixels=values["max_pixels"],
    )


def pair(text: str, flag: str, example: str) -> tuple[float, float]:
    """Two numbers with a comma between them.

    Raises:
        UsageError: it is something else.
    """
    from ..core.errors import UsageError

    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{flag} '{text}' is no range; write it as {example}.") from None
    return low, high
