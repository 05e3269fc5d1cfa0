"""What a round for a region brings: edges inside the region, with and without it.

    python benchmarks/sketch_regions.py DEFAULT OTHER [OTHER …]

Folders that `compose sketch` wrote of the same targets without `--roi`. The region is the one that
is found automatically in the target; its edges are the target's inside it, and ink counts within 2
pixels of them. Targets in which no region is found are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from printing import run, table

from compose.core.errors import UsageError
from compose.core.names import printable
from compose.data.svg import read_svg
from compose.models.saliency import SaliencyReader, open_saliency
from compose.stages.sketch_broad import lines_of
from compose.stages.sketch_config import SketchConfig
from compose.stages.sketch_edges import scene_edges
from compose.stages.sketch_metrics import EdgeAgreement, edge_agreement, ink_mask
from compose.stages.sketch_plan import find_regions
from compose.stages.sketch_raster import raster
from compose.stages.sketch_regions import region_edges
from compose.stages.sketch_runs import read_run
from compose.stages.sketch_target import prepare_target

Bools = NDArray[np.bool_]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    folders: list[Path] = parser.parse_args().folders
    saliency = open_saliency()
    recalls: list[list[float]] = []
    scores: list[list[float]] = []
    for sketch in sorted(folders[0].glob("*/final.svg")):
        found = _region(sketch, saliency)
        if found is None:
            continue
        mask, edges = found
        row = [_agreement(folder / sketch.parent.name, mask, edges) for folder in folders]
        recalls.append([each.recall or 0.0 for each in row])
        scores.append([each.f1 or 0.0 for each in row])
    if not scores:
        raise UsageError(f"no sketch in {printable(folders[0])} has a region; give a run's --out.")
    recall, f1 = np.array(recalls), np.array(scores)
    print(f"{len(f1)} sketches with a region\n")
    rows = [
        [
            printable(folder.name), f"{recall[:, k].mean():.3f}", f"{f1[:, k].mean():.3f}",
            _wins(recall[:, 0], recall[:, k]) if k else "-",
            _wins(f1[:, 0], f1[:, k]) if k else "-",
        ]
        for k, folder in enumerate(folders)
    ]  # fmt: skip
    first = folders[0].name
    columns = ["sketches", "recall", "F1", f"recall of {first} better on", "F1 better on"]
    print(table(columns, rows))
    return 0


def _region(sketch: Path, saliency: SaliencyReader) -> tuple[Bools, Bools] | None:
    """The first automatic region of a sketch's target and the target's edges in it."""
    done = read_run(sketch)
    if done is None or done.target is None:
        raise UsageError(f"{printable(sketch)} has no run.json beside it; give a run's --out.")
    target = prepare_target(done.target, fix_scale=done.fix_scale)
    edges = scene_edges(target.rgb)
    config = SketchConfig(rounds=2)
    found = find_regions(done.target, target, config, [], saliency.read(target.rgb), edges)
    return (found[0].mask, region_edges(edges, found[0].mask)) if found else None


def _agreement(folder: Path, mask: Bools, edges: Bools) -> EdgeAgreement:
    ink = ink_mask(raster(lines_of(read_svg(folder / "final.svg")))) & mask
    return edge_agreement(ink, edges)


def _wins(first: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    return f"{int((first > other).sum())} of {len(first)}"


if __name__ == "__main__":
    run(main)
