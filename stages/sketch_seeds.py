"""Where strokes begin: spread over edges, drawn by saliency, or anywhere (MROSS, CLIPasso).

Points are x, y in canvas pixels throughout; the centre of the upper left pixel is (0.5, 0.5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

SPREAD = 0.05  # of the canvas's long side: how far a control point may lie from the one before
TEMPERATURE = 0.3  # of the softmax over saliency, CLIPasso's
_JITTER = 1.5  # canvas pixels at most, between seeds that share a pixel


def mask_points(mask: NDArray[np.bool_]) -> Points:
    """The centres (n,2) of the True pixels of an HxW mask, row by row."""
    rows, columns = np.nonzero(mask)
    return np.stack([columns, rows], -1).astype(np.float64) + 0.5


def farthest_points(
    pixels: NDArray[np.floating],
    count: int,
    generator: np.random.Generator,
    *,
    taken: NDArray[np.floating] | None = None,
) -> Points:
    """Choose points far from one another (farthest-point sampling, Eldar et al. 1997).

    The first is drawn at random, or is the farthest from those taken; each further one is the
    point whose nearest chosen or taken neighbour is the farthest, the earliest among equals.
    When every place is used, points are drawn again and moved by up to 1.5 pixels.

    Args:
        pixels: (n,2), at least one if `count` is not 0.
        count: how many to choose.
        generator: for the first point, and for those that are used again.
        taken: (m,2), seeds of earlier rounds to keep away from.

    Returns:
        (count,2).
    """
    pixels = np.asarray(pixels, np.float64).reshape(-1, 2)
    if count == 0:
        return np.empty((0, 2))
    if len(pixels) == 0:
        raise ValueError("no points to choose from")
    distance = np.full(len(pixels), np.inf)
    for point in () if taken is None else np.asarray(taken, np.float64).reshape(-1, 2):
        np.minimum(distance, ((pixels - point) ** 2).sum(1), out=distance)
    chosen: list[int] = []
    while len(chosen) < count:
        first = not np.isfinite(distance[0])
        index = int(generator.integers(len(pixels))) if first else int(distance.argmax())
        if distance[index] == 0:
            break
        chosen.append(index)
        np.minimum(distance, ((pixels - pixels[index]) ** 2).sum(1), out=distance)
    return _topped_up(pixels[chosen], pixels, count, generator)


def edge_seeds(
    edges: NDArray[np.bool_],
    count: int,
    generator: np.random.Generator,
    *,
    taken: NDArray[np.floating] | None = None,
) -> Points:
    """`farthest_points` over the edges HxW; anywhere on the canvas if there are none."""
    height, width = edges.shape
    if not edges.any():
        return random_seeds(count, generator, (width, height))
    return farthest_points(mask_points(edges), count, generator, taken=taken)


def saliency_seeds(
    saliency: NDArray[np.floating],
    ink: NDArray[np.floating],
    count: int,
    generator: np.random.Generator,
    *,
    temperature: float = TEMPERATURE,
    within: NDArray[np.bool_] | None = None,
) -> Points:
    """Draw pixels without replacement by a softmax over saliency times ink (CLIPasso §3.3).

    Args:
        saliency: HxW in [0,1].
        ink: HxW in [0,1], of `xdog_edges`; only pixels where the product is not 0 are drawn.
        count: how many to draw.
        generator: the source of chance.
        temperature: above 0; the lower, the more the greatest saliency wins.
        within: HxW, True where seeds may lie.

    Returns:
        (count,2); anywhere within if the product is 0 everywhere.
    """
    weight = np.asarray(saliency, np.float64) * ink
    if within is not None:
        weight = weight * within
    height, width = weight.shape
    if not weight.max() > 0:
        return random_seeds(count, generator, (width, height), within=within)
    weight = weight / weight.max()
    mask = weight > 0
    pixels = mask_points(mask)
    # the greatest of logits with Gumbel noise are such a draw (Kool et al. 2019)
    keys = weight[mask] / temperature + generator.gumbel(size=len(pixels))
    best = np.argsort(-keys, kind="stable")[:count]
    return _topped_up(pixels[best], pixels, count, generator)


def random_seeds(
    count: int,
    generator: np.random.Generator,
    size: tuple[int, int],
    *,
    within: NDArray[np.bool_] | None = None,
) -> Points:
    """Points (count,2) anywhere on a canvas of `size` width, height, or within an HxW mask."""
    if within is None or not within.any():
        return generator.random((count, 2)) * np.array(size, np.float64)
    pixels = mask_points(within)
    chosen = generator.integers(len(pixels), size=count)
    return pixels[chosen] + generator.uniform(-0.5, 0.5, (count, 2))


def seed_strokes(
    seeds: NDArray[np.floating],
    generator: np.random.Generator,
    size: tuple[int, int],
    *,
    spread: float = SPREAD,
) -> Points:
    """Cubic strokes (k,4,2) that begin at the seeds (k,2) and walk at random (MROSS).

    Each further control point lies up to half of `spread` from the one before, to either side
    in x and in y, in shares of the long side of `size`.
    """
    steps = spread * max(size) * generator.uniform(-0.5, 0.5, (len(seeds), 3, 2))
    start = np.asarray(seeds, np.float64)[:, None]
    return np.concatenate([start, start + steps.cumsum(1)], 1)


def _topped_up(
    chosen: Points, pixels: Points, count: int, generator: np.random.Generator
) -> Points:
    """`chosen`, and as many of `pixels` again, a little moved, as it takes to be `count`."""
    missing = count - len(chosen)
    if missing <= 0:
        return chosen
    again = pixels[generator.integers(len(pixels), size=missing)]
    return np.concatenate([chosen, again + generator.uniform(-_JITTER, _JITTER, again.shape)])
