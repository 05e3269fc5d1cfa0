"""What a sketch leaves in its folder (the tree of MROSS in a modern form).

| file | what |
|---|---|
| `final.svg`, `final.png` | the best of the sketches |
| `sketches/seed-K.svg`, `.png` | each of them, where there are several |
| `rounds/round-R.svg` | the best one at the end of every round |
| `target.png`, `edges.png`, `edges-roiK.png`, `seeds.png` | what it was made from |
| `drawing.svg`, `fitting.webp` or `.gif` | animations, where they are asked for |
| `run.json` | settings, seed, versions, losses; written last |
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.drawing import Drawing
from ..core.encoding import save_rgb
from ..core.files import atomic_write
from ..data.animation import save_animation
from ..data.svg import write_svg
from ..data.svg_animation import animated_svg
from .sketch_maps import draw_seeds, edge_picture
from .sketch_names import ANIMATIONS, RUN_FILE
from .sketch_plan import Plan
from .sketch_regions import region_edges
from .sketch_target import Target

FPS = 12.0
Raster = Callable[[Drawing], NDArray[np.uint8]]


def write_maps(folder: Path, target: Target, plan: Plan, best: int) -> None:
    """Write what the strokes began from.

    Raises:
        OutputError: a file cannot be written.
    """
    save_rgb(target.rgb, folder / "target.png")
    save_rgb(edge_picture(plan.edges), folder / "edges.png")
    for number, region in enumerate(plan.regions, 1):
        inside = region_edges(plan.edges, region.mask)
        save_rgb(edge_picture(inside), folder / f"edges-roi{number}.png")
    seeds = [entry.seeds[best] for entry in plan.rounds]
    save_rgb(draw_seeds(target.rgb, seeds), folder / "seeds.png")


def write_drawings(
    folder: Path,
    drawings: list[Drawing],
    ends: list[Drawing],
    rounds: list[int],
    best: int,
    title: str,
    raster: Raster,
) -> None:
    """Write all sketches, the best one's rounds, and the best one.

    Args:
        drawings: of every seed.
        ends: the best one at the end of every round.
        rounds: the round of every stroke, 0 for washes.
        best: which of `drawings`.
        title: of the SVGs.
        raster: makes pixels of a drawing.

    Raises:
        OutputError: a file cannot be written.
    """
    if len(drawings) > 1:
        for number, drawing in enumerate(drawings):
            path = folder / "sketches" / f"seed-{number}.svg"
            write_svg(drawing, path, title=title, rounds=rounds)
            save_rgb(raster(drawing), path.with_suffix(".png"))
    for number, drawing in enumerate(ends, 1):
        path = folder / "rounds" / f"round-{number}.svg"
        write_svg(drawing, path, title=title, rounds=rounds[: len(drawing)])
    write_svg(drawings[best], folder / "final.svg", title=title, rounds=rounds)
    save_rgb(raster(drawings[best]), folder / "final.png")


def write_animations(
    folder: Path,
    best: Drawing,
    rounds: list[int],
    frames: list[Drawing],
    suffix: str,
    title: str,
    raster: Raster,
) -> None:
    """Write the best sketch drawing itself, and how it was fitted.

    Raises:
        OutputError: a file cannot be written.
    """
    drawn, fitted = folder / "drawing.svg", folder / f"fitting{suffix}"
    animated_svg(best, drawn, rounds=rounds, title=title)
    save_animation((raster(frame) for frame in frames), fitted, FPS)


def write_run(folder: Path, record: dict[str, Any]) -> None:
    """Write `run.json`, which says that all else is there.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(folder / RUN_FILE) as part:
        part.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", "utf-8")


def clear(folder: Path) -> None:
    """Remove what an earlier run left in a folder that is to be written anew; nothing else."""
    (folder / RUN_FILE).unlink(missing_ok=True)  # which says that the rest is there
    names = ["final.svg", "final.png", "target.png", "seeds.png", "edges.png", "edges-roi*.png"]
    names += ["drawing.svg", *(f"fitting{suffix}" for suffix in ANIMATIONS)]
    # one by one: the folder of another target may be called `rounds`
    names += ["sketches/seed-*.svg", "sketches/seed-*.png", "rounds/round-*.svg"]
    for name in names:
        for path in folder.glob(name):
            path.unlink(missing_ok=True)
    for name in ("sketches", "rounds"):
        with contextlib.suppress(OSError):  # there is none, or it holds something else
            (folder / name).rmdir()
