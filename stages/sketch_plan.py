"""Where strokes begin: regions, how many strokes each gets, and seeds (MROSS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.boxes import Box
from ..core.curves import cubic_points
from ..core.drawing import Drawing
from ..core.errors import InputError, UsageError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.seeds import generator
from ..models.mask_parts import without_faint_parts
from ..models.segmenter_salient import SalientConfig
from .sketch_allotment import allot, round_counts
from .sketch_broad import is_wash, narrowest_wash
from .sketch_config import SketchConfig
from .sketch_contours import LineFinders
from .sketch_edges import xdog_edges
from .sketch_lines import Lines, canny_lines, contour_lines, finer_than, read_scene
from .sketch_objects import read_subjects
from .sketch_regions import (
    Region,
    region_edges,
    regions_from_files,
    regions_from_options,
)
from .sketch_seeds import edge_seeds, random_seeds, saliency_seeds, seed_strokes
from .sketch_subjects import automatic_regions
from .sketch_target import Target
from .sketch_trace import Tracer
from .sketch_washes import greyed, lifted, paint

if TYPE_CHECKING:
    from ..models.saliency import SaliencyReader

Points = NDArray[np.float64]

_MARKS = 4  # one stroke in so many may be a ray of a light or a tuft of grass


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
    rounds: tuple[Round, ...]  # of lines
    washes: Drawing  # below them, on the canvas; they stay as they are


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
    finders: LineFinders | None = None,
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
        finders: find the lines that count, unless `config.edges` is canny; then, and without
            them, Canny's do.
        name: of the input, which seeds depend on.
        drawing: begin with its strokes, stretched to the canvas; they count as strokes of the
            scene, and the rest of the budget is allotted. Washes among them stay as they are,
            and no others are painted.
        max_pixels: refuse larger masks.

    Raises:
        UsageError: `config.init` is saliency and there is none.
        InputError: the drawing has more strokes than there may be.
        ImageError, MaskError, InputError: a region cannot be read or does not fit the target.
    """
    seen = saliency.read(target.rgb) if saliency is not None else None
    # a landscape has no subject: where the network is not sure of one, all places count alike
    salient = seen if seen is not None and _has_subject(seen) else None
    finders = LineFinders() if finders is None or config.edges == "canny" else finders
    network = finders.contours
    if network is None:
        lines = canny_lines(target, salient)
    else:
        subjects = None if salient is None else read_subjects(target, salient, finders)
        finer = finer_than(target)
        scene = read_scene(target, network, finer)
        segments = None
        if config.straight and finders.straights is not None:
            segments = finders.straights.read(target.large)
        read = partial(contour_lines, target, network, subjects, scene=scene, segments=segments)
        lines = read()
    given = _given(drawing, target, config)
    broad = is_wash(given)
    given, washes = given.chosen(~broad), given.chosen(broad)
    if not len(washes):
        washes = paint(
            target.rgb,
            min(config.washes, config.strokes - len(given)),
            generator(config.seed, "washes", name),
            narrowest=narrowest_wash(config.width, target.size),
            saliency=salient,
        )
        washes = lifted(washes if config.color != "black" else greyed(washes))
    lines_left = config.strokes - len(washes)  # a few more where so many washes say nothing
    regions = find_regions(
        path, target, config, options, salient, lines.edges, max_pixels=max_pixels
    )
    fine = lines
    if network is not None:
        if regions:
            lines = read(regions)
        if config.init == "contours":
            marks = lines_left // _MARKS if config.signs else 0
            fine = read(regions, finer=finer, most_marks=marks)
    left = lines_left - len(given)
    shares = round_counts(target.rgb, lines.edges, regions, weights=lines.weights, by=config.allot)
    start = _Starter(target, lines, fine, config, seen)
    counts = start.moved(regions, allot(shares, left), given.points)
    chances = [
        generator(config.seed, "sketch", name, str(number)) for number in range(config.sketches)
    ]
    taken = [given.points for _ in chances]
    rounds = []
    for region, count in zip([None, *regions], counts, strict=True):
        first = region is None and len(given) > 0
        if not count and not first:
            continue
        points = [
            start(region, count, chance, before)
            for chance, before in zip(chances, taken, strict=True)
        ]
        taken = [np.concatenate(pair) for pair in zip(taken, points, strict=True)]
        seeds = [strokes[:, 0] for strokes in points]
        stacked = np.stack(points)
        color = np.zeros((*stacked.shape[:2], 3))
        if first:
            own = np.broadcast_to(given.points, (len(stacked), *given.points.shape))
            stacked = np.concatenate([own, stacked], 1)
            own = np.broadcast_to(given.color, (len(stacked), *given.color.shape))
            color = np.concatenate([own if config.color == "optimise" else 0 * own, color], 1)
        rounds.append(Round(region, np.stack(seeds), stacked, color))
    return Plan(lines.edges, lines.weights, tuple(regions), tuple(rounds), washes)


def _has_subject(saliency: NDArray[np.float32]) -> bool:
    """Whether something in a map HxW would count as an object for segmenter `salient` too."""
    bar = SalientConfig()
    sure = without_faint_parts(saliency, bar.least_saliency, bar.least_area * saliency.size)
    return bool((sure > 0.5).any())


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


class _Starter:
    """Chooses the strokes that a round begins with."""

    def __init__(
        self,
        target: Target,
        lines: Lines,
        fine: Lines,  # to walk along
        config: SketchConfig,
        saliency: NDArray[np.float32] | None,
    ) -> None:
        self.edges, self.init, self.size = lines.edges, config.init, target.size
        if config.init == "contours":
            self.tracer = Tracer(fine)
        if config.init == "saliency":
            if saliency is None:
                raise UsageError("--init saliency needs a saliency network; open one.")
            self.saliency, self.ink = saliency, xdog_edges(target.rgb)

    def moved(self, regions: Sequence[Region], counts: Sequence[int], taken: Points) -> list[int]:
        """Counts, with those that a region has no lines for given to the scene."""
        if self.init != "contours":
            return list(counts)
        return self.tracer.moved(regions, counts, taken)

    def __call__(
        self, region: Region | None, count: int, chance: np.random.Generator, taken: Points
    ) -> Points:
        """Strokes (count,4,2) in a region, away from those there are (m,4,2)."""
        traced = np.empty((0, 4, 2))
        if self.init == "contours":
            traced = self.tracer(region, count, chance, taken)
        seeds = self._seeds(region, count - len(traced), chance, np.concatenate([taken, traced]))
        return np.concatenate([traced, seed_strokes(seeds, chance, self.size)])

    def _seeds(
        self, region: Region | None, count: int, chance: np.random.Generator, taken: Points
    ) -> Points:
        """Where (count,2) strokes begin that do not follow a line."""
        within = None if region is None else region.mask
        if self.init == "random":
            return random_seeds(count, chance, self.size, within=within)
        if self.init == "saliency":
            return saliency_seeds(self.saliency, self.ink, count, chance, within=within)
        edges = self.edges if region is None else region_edges(self.edges, region.mask)
        if not edges.any():  # strokes may be shared by pixels
            return random_seeds(count, chance, self.size, within=within)
        places = cubic_points(taken, np.linspace(0, 1, 5)).reshape(-1, 2)
        return edge_seeds(edges, count, chance, taken=places)
