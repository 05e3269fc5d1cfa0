"""Where strokes begin: regions, how many strokes each gets, and seeds (MROSS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.drawing import Drawing
from ..core.errors import InputError, UsageError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.seeds import generator
from .sketch_allotment import allot, round_counts
from .sketch_config import SketchConfig
from .sketch_edges import scene_edges, xdog_edges
from .sketch_regions import (
    Region,
    region_edges,
    regions_from_files,
    regions_from_options,
)
from .sketch_seeds import edge_seeds, random_seeds, saliency_seeds, seed_strokes
from .sketch_subjects import automatic_regions
from .sketch_target import Target
from .sketch_weights import edge_weights

if TYPE_CHECKING:
    from ..models.saliency import SaliencyReader

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Round:
    """The strokes that a round adds."""

    region: Region | None  # None is the whole scene
    seeds: Points  # (N,k,2) of N sketches, x and y in canvas pixels
    points: Points  # (N,k,4,2)
    color: Points  # (N,k,3) sRGB in [0,1]


@dataclass(frozen=True, eq=False)
class Plan:
    """All rounds that add strokes, the scene's first."""

    edges: NDArray[np.bool_]  # HxW, of the target
    weights: NDArray[np.float32]  # HxW in [0,1], how much each counts
    regions: tuple[Region, ...]
    rounds: tuple[Round, ...]


def find_regions(
    path: Path,
    target: Target,
    config: SketchConfig,
    options: Sequence[Box | Path],
    saliency: NDArray[np.float32] | None,
    edges: NDArray[np.bool_],
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> list[Region]:
    """The regions of the rounds after the first: those asked for, else files beside the target.

    What is missing is filled up with salient subjects that are found automatically; there may
    be fewer of them.

    Raises:
        ImageError, MaskError, InputError: a region cannot be read or does not fit the target.
    """
    wanted = config.rounds - 1
    if options:
        regions = regions_from_options(options, target, max_pixels=max_pixels)
    else:
        regions = regions_from_files(path, target, max_pixels=max_pixels) if wanted else []
    regions = regions[:wanted]
    if len(regions) < wanted and saliency is not None:
        regions += automatic_regions(saliency, wanted - len(regions), edges)
    return regions


def make_plan(
    path: Path,
    target: Target,
    config: SketchConfig,
    *,
    options: Sequence[Box | Path] = (),
    saliency: SaliencyReader | None = None,
    name: str = "",
    drawing: Drawing | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Plan:
    """Allot the strokes to the scene and its regions and choose where they begin.

    Args:
        path: of the target; its region files lie beside it.
        target: it, on its canvas.
        config: strokes, rounds, sketches, init, seed.
        options: regions that the user named, boxes in the original's pixels or files of masks.
        saliency: finds regions and weighs edges and seeds; none of that happens without it.
        name: of the input, which seeds depend on.
        drawing: begin with its strokes, stretched to the canvas; they count as strokes of the
            scene, and the rest of the budget is allotted.
        max_pixels: refuse larger masks.

    Raises:
        UsageError: `config.init` is saliency and there is none.
        InputError: the drawing has more strokes than there may be.
        ImageError, MaskError, InputError: a region cannot be read or does not fit the target.
    """
    edges = scene_edges(target.rgb)
    salient = saliency.read(target.rgb) if saliency is not None else None
    regions = find_regions(path, target, config, options, salient, edges, max_pixels=max_pixels)
    given = _given(drawing, target, config)
    left = config.strokes - len(given)
    counts = allot(round_counts(target.rgb, edges, regions, by=config.allot), left)
    seeder = _Seeder(target, edges, config, salient)
    chances = [
        generator(config.seed, "sketch", name, str(number)) for number in range(config.sketches)
    ]
    taken = [_places(given) for _ in chances]
    rounds = []
    for region, count in zip([None, *regions], counts, strict=True):
        first = region is None and len(given) > 0
        if not count and not first:
            continue
        seeds = [
            seeder(region, count, chance, before)
            for chance, before in zip(chances, taken, strict=True)
        ]
        points = [
            seed_strokes(seed, chance, target.size)
            for seed, chance in zip(seeds, chances, strict=True)
        ]
        taken = [np.concatenate(pair) for pair in zip(taken, seeds, strict=True)]
        stacked = np.stack(points)
        color = np.zeros((*stacked.shape[:2], 3))
        if first:
            own = np.broadcast_to(given.points, (len(stacked), *given.points.shape))
            stacked = np.concatenate([own, stacked], 1)
            own = np.broadcast_to(given.color, (len(stacked), *given.color.shape))
            color = np.concatenate([own if config.color == "optimise" else 0 * own, color], 1)
        rounds.append(Round(region, np.stack(seeds), stacked, color))
    weights = edge_weights(target.rgb, edges, salient)
    return Plan(edges, weights, tuple(regions), tuple(rounds))


def _given(drawing: Drawing | None, target: Target, config: SketchConfig) -> Drawing:
    """The strokes to begin with, on the target's canvas; none without a drawing."""
    if drawing is None:
        nothing = np.empty(0)
        return Drawing(
            np.empty((0, 4, 2)),
            nothing,
            np.empty((0, 3)),
            nothing,
            (float(target.size[0]), float(target.size[1])),
        )
    if len(drawing) > config.strokes:
        raise InputError(
            f"the drawing to begin with has {len(drawing)} strokes and there may be "
            f"{config.strokes}; give --strokes {len(drawing)} or more."
        )
    return drawing.fitted((float(target.size[0]), float(target.size[1])))


def _places(drawing: Drawing) -> Points:
    """Points (n,2) on the strokes, from which new strokes keep away."""
    return drawing.sampled(5).reshape(-1, 2)


class _Seeder:
    """Chooses where the strokes of a round begin."""

    def __init__(
        self,
        target: Target,
        edges: NDArray[np.bool_],
        config: SketchConfig,
        saliency: NDArray[np.float32] | None,
    ) -> None:
        self.edges, self.init, self.size = edges, config.init, target.size
        if config.init == "saliency":
            if saliency is None:
                raise UsageError("--init saliency needs a saliency network; open one.")
            self.saliency, self.ink = saliency, xdog_edges(target.rgb)

    def __call__(
        self, region: Region | None, count: int, chance: np.random.Generator, taken: Points
    ) -> Points:
        """Seeds (count,2) in a region."""
        within = None if region is None else region.mask
        if self.init == "random":
            return random_seeds(count, chance, self.size, within=within)
        if self.init == "saliency":
            return saliency_seeds(self.saliency, self.ink, count, chance, within=within)
        edges = self.edges if region is None else region_edges(self.edges, region.mask)
        if not edges.any():  # strokes may be shared by pixels
            return random_seeds(count, chance, self.size, within=within)
        return edge_seeds(edges, count, chance, taken=taken)
