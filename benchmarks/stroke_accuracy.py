"""How exact pictures of strokes are, and whether another renderer draws the same from our SVG.

    python benchmarks/stroke_accuracy.py [--json]

The judge is a hard-edged picture on a grid 16 times finer (32 times for the thinnest strokes), by
the code of the tests, which shares nothing with the renderer; figures are of coverage between 0
and 1. `sharp` is what strokes are fitted with, `fine` what drawings are shown and measured with,
and resvg stands beside them as a renderer of SVG that many programs use. Then each drawing is
written as SVG, read back and drawn by us and by resvg: the mean absolute difference of both in
grey levels of 255.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from printing import run, table

from compose.core.drawing import Drawing
from compose.core.errors import UsageError
from compose.data.svg import read_svg, svg_text, write_svg
from compose.models.stroke_render import FINE, SHARP, Edge, render
from compose.stages.sketch_raster import raster

sys.path.append(str(Path(__file__).parents[1] / "tests" / "models"))
from stroke_arbiter import union

Floats = NDArray[np.float64]
SINGLES = 60  # of each kind


@dataclass(frozen=True)
class Group:
    """Drawings of black strokes that are judged together."""

    name: str
    drawings: list[Drawing]


def main() -> int:
    """Measure and print."""
    options = _options()
    torch.set_num_threads(1)
    judged = [_judged(group) for group in _groups()]
    written = [_written(name, drawing) for name, drawing in _to_write()]
    if options.json:
        print(json.dumps({"coverage": judged, "svg": written}))
    else:
        _print(judged, written)
    return 0


def _groups() -> Iterator[Group]:
    for width in (1.0, 1.5, 3.0):
        scenes = [walks(seed, 48, (224, 224), width) for seed in range(3)]
        yield Group(f"48 strokes of {width:g} px, 224²", scenes)
    for kind in ("curve", "cusp", "loop", "ring", "dot", "thin"):
        yield Group(f"{SINGLES} single: {kind}", [_single(kind, n) for n in range(SINGLES)])


def walks(
    seed: int, count: int, size: tuple[int, int], width: float, *, colored: bool = False
) -> Drawing:
    """Starts anywhere, three steps of up to .13 of the long side either way."""
    draw = np.random.default_rng(seed)
    steps = draw.uniform(-0.134, 0.134, (count, 4, 2)) * max(size)
    points = draw.random((count, 1, 2)) * size + np.cumsum(steps, 1)
    color = np.round(draw.random((count, 3)) * 255) / 255 if colored else np.zeros((count, 3))
    opacity = draw.uniform(0.3, 0.9, count) if colored else np.ones(count)
    return Drawing(points, np.full(count, width), color, opacity, size)


def _single(kind: str, seed: int) -> Drawing:
    draw = np.random.default_rng(seed)
    points, width = draw.uniform(8, 56, (4, 2)), draw.uniform(0.5, 8)
    arch = np.array([[0.0, 0], [1, 1], [0, 1], [1, 0]])  # comes to a point
    if kind == "cusp":
        points = arch * draw.uniform(10, 40, 2) + draw.uniform(8, 16, 2)
    elif kind == "loop":
        over = draw.uniform(0.1, 1)
        arch[1:3, 0] += [over, -over]
        points = arch * draw.uniform(10, 40, 2) + 12
    elif kind == "ring":
        points[3] = points[0]
    elif kind == "dot":
        points[1:] = points[0]
    elif kind == "thin":
        width = draw.uniform(0.05, 0.5)
    return Drawing(points[None], np.array([width]), np.zeros((1, 3)), np.ones(1), (64, 64))


def _judged(group: Group) -> dict[str, Any]:
    print(group.name, file=sys.stderr)
    off: dict[str, list[Floats]] = {"sharp": [], "fine": [], "resvg": []}
    for drawing in group.drawings:
        side = int(drawing.size[0])
        fine = 32 if drawing.width.min() < 0.5 else 16
        wanted = union(drawing.points, drawing.width, (side, side), fine)
        off["sharp"].append(np.abs(_coverage(drawing, SHARP) - wanted))
        off["fine"].append(np.abs(_coverage(drawing, FINE) - wanted))
        off["resvg"].append(np.abs(1 - resvg(svg_text(drawing))[:, :, 0] / 255 - wanted))
    figures = {
        name: {
            "max": float(max(x.max() for x in found)),
            "mean": float(np.mean([x.mean() for x in found])),
            "over": float(np.mean([(x > 0.1).mean() for x in found])),
        }
        for name, found in off.items()
    }
    return {"scene": group.name, **figures}


def _coverage(drawing: Drawing, edge: Edge) -> Floats:
    points = torch.from_numpy(drawing.points)[None]
    width = torch.from_numpy(drawing.width)[None]
    black = torch.zeros(1, len(drawing), 3, dtype=torch.float64)
    size = (int(drawing.size[1]), int(drawing.size[0]))
    picture = render(points, width, black, torch.ones_like(width), size, edge=edge)
    return np.asarray(1 - picture[0, 0].numpy())


def _to_write() -> Iterator[tuple[str, Drawing]]:
    for seed in range(3):
        yield f"48 black, {seed + 1}", walks(seed, 48, (224, 149), 1.5)
    for seed in range(3):
        yield f"48 coloured, {seed + 1}", walks(seed, 48, (149, 224), 3, colored=True)
    draw = np.random.default_rng(0)
    for name, colored in (("1,000 black", False), ("1,000 coloured", True)):
        made = walks(9, 1000, (800, 600), 1, colored=colored)
        width = draw.uniform(0.1, 20, 1000)
        yield name, Drawing(made.points, width, made.color, made.opacity, made.size)


def _written(name: str, drawing: Drawing) -> dict[str, Any]:
    print(name, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawing.svg"
        write_svg(drawing, path)
        mine, theirs = raster(read_svg(path)), resvg(path.read_text("utf-8"))
    return {"drawing": name, "difference": float(np.abs(mine - theirs).mean())}


def resvg(svg: str) -> Floats:
    """HxWx3 in [0,255] by resvg.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        raise UsageError("resvg-py is not installed; install compose-toolkit[test].") from None
    png = resvg_py.svg_to_bytes(svg_string=svg, dpi=96, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)


def _print(judged: list[dict[str, Any]], written: list[dict[str, Any]]) -> None:
    names = ("sharp", "fine", "resvg")
    rows = [
        [row["scene"], *(f"{row[n]['max']:.3f}" for n in names)]
        + [f"{row[n]['mean']:.5f}" for n in names]
        for row in judged
    ]
    print("Coverage against the fine grid, the worst pixel and the mean over all pixels:\n")
    print(table(["scene", *(f"max, {n}" for n in names), *(f"mean, {n}" for n in names)], rows))
    print("\nPictures by us and by resvg of the same SVG, grey levels apart on average:\n")
    cells = [[row["drawing"], f"{row['difference']:.2f}"] for row in written]
    print(table(["drawing", "difference"], cells))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one object")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
