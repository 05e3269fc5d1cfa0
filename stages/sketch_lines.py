"""The lines of a target: where they run, what each is worth, and how they are found.

`canny` is MROSS's edge map, weighed. `contours` are lines that a person would draw, by a network
(`models.contours`), looked at more closely in regions; where they run out, Canny's follow. Strokes
begin along lines finer than the canvas: ridges that a pixel apart would run into one another, as
those of a face do, are two there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.masks import mask_box
from .sketch_chains import LEAST, ridges
from .sketch_edges import scene_edges
from .sketch_grass import tufts
from .sketch_lights import discs, lights, rays
from .sketch_objects import Subjects
from .sketch_outlines import borders, laid_on, outlines
from .sketch_parts import part_outlines
from .sketch_regions import Region
from .sketch_straights import straights
from .sketch_target import Target
from .sketch_weights import edge_weights

if TYPE_CHECKING:
    from ..models.contours import ContourReader

_NEAR = 2  # times the canvas: the long side at which the whole scene is looked at
_FAR = 0.75  # times the canvas: the same, where texture is no longer seen
_TOP = 99  # percentile of it that counts in full
_SHARE = 0.3  # power of what is seen from there; 0 leaves it out, 1 lets it count as much
_CLOSE = 448  # pixels of the long side at which a region is looked at
_MARGIN = 0.1  # of a region's sides, that is looked at around it
_LARGE = 0.6  # of the canvas; regions above are seen well enough in the scene
_SURROUND = 8.0  # pixels of a canvas of 224, the deviation of what lies around a line
_CROWDED = 0.15  # how much of it is ridge, at which a line counts half
_ASIDE = 0.45  # what a line counts where nothing is salient
_OUTER = 0.5  # what a subject's outline counts more than other lines
_AROUND = 3  # pixels of a canvas of 224 around what is salient that count as it does
_SUBJECT = 0.3  # of what is salient, from which on no tufts stand there
_STRONG, _CLEAR = 0.16, 4  # of a line that they keep clear of, and pixels of a canvas of 224
_REMAINDER = 0.15  # the most that Canny's edges count beside contours
_STRAIGHT = 0.5  # what a sure straight line counts at least, of the best contour
_SILHOUETTE = 0.5  # the same of an object's outline, all around
_FINE = 448  # pixels of the long side at which lines are walked along, where the canvas has fewer
_FINEST = 2  # times the canvas, at most
_APART = 3  # pixels of a canvas of 224 that those keep from contours


@dataclass(frozen=True, eq=False)
class Lines:
    """On the canvas or finer, HxW each."""

    edges: NDArray[np.bool_]  # thin
    strength: NDArray[np.float32]  # in [0,1], how sure a line is, with soft flanks
    weights: NDArray[np.float32]  # in [0,1], what it is worth to draw; 0 off edges and details
    outlines: tuple[NDArray[np.float64], ...] = ()  # (n,2) each, of subjects, x and y in pixels
    details: tuple[NDArray[np.float64], ...] = ()  # the same of small parts, rays of lights, tufts
    straights: tuple[NDArray[np.float64], ...] = ()  # the same, straight
    finer: int = 1  # pixels of these planes beside one another on a pixel of the canvas


def canny_lines(target: Target, saliency: NDArray[np.float32] | None) -> Lines:
    """Canny's edges, texture and faint ones counted less."""
    edges = scene_edges(target.rgb)
    weights = edge_weights(target.rgb, edges, saliency)
    return Lines(edges, weights, weights)


def finer_than(target: Target) -> int:
    """How many times finer than its canvas a target's lines are walked along."""
    return min(max(round(_FINE / max(target.size)), 1), _FINEST)


def read_scene(target: Target, reader: ContourReader, finer: int = 1) -> NDArray[np.float32]:
    """The contours HxW of the whole scene, `finer` times as wide and high as the canvas.

    They are placed from near, and count more where there is one from afar too: the outlines of
    what is large, and not its texture.
    """
    height, width = target.rgb.shape[:2]
    near, far = (
        reader.read(target.large, round(scale * max(height, width))) for scale in (_NEAR, _FAR)
    )
    near, far = (_fitted(plane, (width * finer, height * finer)) for plane in (near, far))
    top = max(float(np.percentile(far, _TOP)), LEAST)
    return np.asarray(near * np.clip(far / top, 0, 1) ** _SHARE, np.float32)


def contour_lines(
    target: Target,
    reader: ContourReader,
    subjects: Subjects | None,
    regions: Sequence[Region] = (),
    *,
    scene: NDArray[np.float32] | None = None,
    finer: int = 1,
    most_marks: int = 0,
    segments: NDArray[np.float64] | None = None,
) -> Lines:
    """A network's contours; see the top of the file.

    Args:
        target: on its canvas.
        reader: the network.
        subjects: without them all places count alike. Outlines of objects count as those of what
            is salient, and those of parts as much as anything.
        regions: to look at more closely.
        scene: what `read_scene` gave, where it was called before, as fine or finer.
        finer: times the canvas, what the lines' planes are wide and high.
        most_marks: how many rays of lights and tufts of grass there may be among the details.
        segments: straight lines (n,5) of `target.large`, as `LineSegments` gives them.
    """
    height, width = (side * finer for side in target.rgb.shape[:2])
    rgb = target.rgb if finer == 1 else _resized(target.large, (width, height))
    scene = read_scene(target, reader, finer) if scene is None else scene
    strength = _fitted(scene, (width, height))
    for region in regions:
        closer = _closer(target, reader, region, finer)
        if closer is not None:
            strength = np.maximum(strength, closer)
    edges, contours = ridges(strength), strength
    scale = max(height, width) / 224
    crowd = cv2.GaussianBlur(np.where(edges, strength, 0), (0, 0), _SURROUND * scale)
    crowd *= finer  # lines are as broad as a pixel, whatever its size
    weights = np.where(edges, strength, 0) / (1 + crowd / _CROWDED)
    spare = _spare_edges(rgb, edges, scale)
    edges = edges | spare
    faint = edge_weights(rgb, spare)
    top = max(float(weights.max()), LEAST)
    weights = np.maximum(weights / top, _REMAINDER * faint)
    strength = np.maximum(strength, _REMAINDER * faint)
    straight = []
    if segments is not None:
        straight = straights(target.large, segments, (height, width))
        for each in straight:
            laid_on(weights, each.points, _STRAIGHT * each.sure)
    taken = cv2.dilate(weights, _square(_CLEAR * scale)) > _STRONG
    found: list[NDArray[np.float64]] = []
    details: list[NDArray[np.float64]] = []
    silhouettes: list[NDArray[np.float64]] = []
    if subjects is not None:
        planes = [
            np.clip(_fitted(plane, (width, height)), 0, 1)
            for plane in (subjects.saliency, *subjects.shapes)
        ]
        taken |= planes[0] > _SUBJECT
        around = cv2.dilate(planes[0], _square(_AROUND * scale))
        outer = np.max([borders(plane) for plane in planes], axis=0)
        weights = weights * (_ASIDE + (1 - _ASIDE) * around) * (1 + _OUTER * outer)
        found = outlines(planes[0], contours)
        silhouettes = [
            line for plane in planes[1:] for line in outlines(plane, contours, whole=True)
        ]
        found += silhouettes
        details = part_outlines(subjects.parts, (height, width))
    weights = np.asarray(weights / max(float(weights.max()), 1e-6), np.float32)
    for line in silhouettes:
        laid_on(weights, line, _SILHOUETTE)
    shine = lights(rgb)
    shining = discs(shine, (height, width))
    marks = rays(shine, most_marks)
    details += [*marks, *tufts(target.large, (height, width), most_marks - len(marks), taken)]
    if shine:
        edges, strength = edges | shining, np.maximum(strength, shining)
        weights = np.maximum(weights, shining.astype(np.float32))
    for line in details:
        laid_on(weights, line, 1)
    return Lines(
        edges,
        np.asarray(strength, np.float32),
        weights,
        tuple(found),
        tuple(details),
        tuple(line.points for line in straight),
        finer,
    )


def _spare_edges(
    rgb: NDArray[np.uint8], edges: NDArray[np.bool_], scale: float
) -> NDArray[np.bool_]:
    """Canny's edges away from others."""
    near = cv2.dilate(edges.astype(np.uint8), _square(_APART * scale)) > 0
    return np.asarray(scene_edges(rgb) & ~near)


def _square(reach: float) -> NDArray[np.uint8]:
    """A kernel of this many pixels to each side, one at least."""
    side = 2 * max(round(reach), 1) + 1
    return np.ones((side, side), np.uint8)


def _closer(
    target: Target, reader: ContourReader, region: Region, finer: int
) -> NDArray[np.float32] | None:
    """The contours HxW inside a region, seen from near; None where that is needless."""
    height, width = (side * finer for side in target.rgb.shape[:2])
    mask = larger(region.mask, finer)
    box = mask_box(mask)
    if max(box.x2 - box.x1, box.y2 - box.y1) > _LARGE * max(height, width):
        return None
    dx, dy = _MARGIN * (box.x2 - box.x1) + 2, _MARGIN * (box.y2 - box.y1) + 2
    x1, y1 = max(int(box.x1 - dx), 0), max(int(box.y1 - dy), 0)
    x2, y2 = min(int(box.x2 + dx) + 1, width), min(int(box.y2 + dy) + 1, height)
    up = target.large.shape[1] / width, target.large.shape[0] / height
    cut = target.large[round(y1 * up[1]) : round(y2 * up[1]), round(x1 * up[0]) : round(x2 * up[0])]
    found = np.zeros((height, width), np.float32)
    found[y1:y2, x1:x2] = _fitted(reader.read(cut, _CLOSE), (x2 - x1, y2 - y1))
    return np.where(mask, found, 0)


def larger(mask: NDArray[np.bool_], finer: int) -> NDArray[np.bool_]:
    """A mask HxW, every pixel `finer` pixels wide and high."""
    return np.asarray(mask.repeat(finer, 0).repeat(finer, 1))


def _resized(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if rgb.shape[1] > size[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=way))


def _fitted(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """A plane at another size, averaged where it shrinks."""
    way = cv2.INTER_AREA if values.shape[1] > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size, interpolation=way), np.float32)
