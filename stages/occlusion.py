"""Making pictures with known hidden objects: one object's cut-out is laid over another.

The original picture is the truth about what is behind the cut-out. How much is hidden is measured
on the masks that are written, not on what was aimed at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ..core.errors import DataError, UsageError
from ..core.instances import Instance
from ..core.masks import Mask
from ..core.seeds import generator
from ..data.occlusion import Scene, SceneNotes, scene_name
from .occlusion_paste import Cutout, cut_out, laid_over, shifted
from .occlusion_sources import Annotated, AnnotatedPhoto, Candidate, Wholeness

_LEVELS = 3  # equal parts of the range of shares, of which the scenes take turns
_OTHERS = 24  # hidden objects that are tried in turn until one can be hidden as aimed
_TRIES = 12  # occluders for each of them
_STEPS = 48  # places along a ray
_HIDDEN = Wholeness()
_FRONT = Wholeness(apart=0, most=0.6, joined=0.9)  # what touches it stays where it was


@dataclass(frozen=True)
class OcclusionConfig:
    """How scenes are made.

    Raises:
        UsageError: the shares are not 0 < least < most < 1.
    """

    least: float = 0.2  # share of an object that is hidden, at least
    most: float = 0.8  # at most
    near: float = 0.04  # of the share that is aimed at
    smaller: float = 0.6  # area of the occluder in areas of the hidden object, at least
    larger: float = 2.5  # at most
    enlarged: float = 1.4  # of cut-outs at most, for beyond it they look blurred
    inside: float = 0.8  # share of the occluder within the picture, at least
    touched: float = 0.05  # share of any third object that it may hide
    hidden: Wholeness = _HIDDEN  # what an object is like that gets hidden
    front: Wholeness = _FRONT  # and one that hides it

    def __post_init__(self) -> None:
        if not 0 < self.least < self.most < 1:
            raise UsageError(
                f"the hidden shares {self.least:g} to {self.most:g} are no range within 0 to 1; "
                "give --least below --most."
            )


def make_scene(
    photos: Sequence[AnnotatedPhoto],
    hidden: Sequence[Candidate],
    fronts: Sequence[Candidate],
    number: int,
    config: OcclusionConfig,
    seed: int,
) -> Scene:
    """Scene `number` of the set that these arguments stand for; no other scene matters to it.

    Args:
        photos: from `open_photos`.
        hidden: from `find_whole`, the objects that may get hidden.
        fronts: likewise, those that may hide them.
        number: from 0. Hidden objects take turns, and so do thirds of the range of shares.
        config: how.
        seed: of all draws.

    Raises:
        DataError: no object can be laid over another as wanted, or a file is damaged.
    """
    order = generator(seed, "occlusion", "order").permutation(len(hidden))
    random = generator(seed, "occlusion", str(number))
    span = (config.most - config.least) / _LEVELS
    aim = config.least + span * (number % _LEVELS + random.random())
    chosen = hidden[order[number % len(hidden)]]
    for _ in range(_OTHERS):
        scene = _hide(photos, fronts, chosen, aim, scene_name(number), config, random)
        if scene is not None:
            return scene
        chosen = hidden[int(random.integers(len(hidden)))]
    raise DataError(
        f"scene {number}: no object could be laid over another so that {aim:.0%} of it is hidden; "
        "give more photographs or a wider range."
    )


def _hide(
    photos: Sequence[AnnotatedPhoto],
    fronts: Sequence[Candidate],
    chosen: Candidate,
    aim: float,
    name: str,
    config: OcclusionConfig,
    random: Generator,
) -> Scene | None:
    photo = photos[chosen.photo]
    annotated = photo.annotated()
    hidden = annotated.objects[chosen.place]
    for _ in range(_TRIES):
        front = fronts[int(random.integers(len(fronts)))]
        ratio = np.exp(random.uniform(np.log(config.smaller), np.log(config.larger)))
        scale = float((ratio * chosen.area / front.area) ** 0.5)
        if front.photo == chosen.photo or scale > config.enlarged:
            continue
        other = photos[front.photo]
        occluder = other.annotated().objects[front.place]
        cutout = cut_out(other.pixels(), occluder.mask, scale)
        place = _place(cutout, annotated, hidden.mask, aim, config, random)
        if place is None:
            continue
        original = photo.pixels()
        image, covered = laid_over(original, cutout, place)
        notes = SceneNotes(
            name=name,
            source=photo.name,
            label=hidden.label,
            number=chosen.place + 1,
            occluder_source=other.name,
            occluder_label=occluder.label,
            scale=scale,
            hidden=float((hidden.mask & covered).sum() / chosen.area),
        )
        return Scene(notes, image, original, hidden.mask, covered, annotated.numbers())
    return None


def _place(
    cutout: Cutout,
    annotated: Annotated,
    hidden: Mask,
    aim: float,
    config: OcclusionConfig,
    random: Generator,
) -> tuple[int, int] | None:
    """Where the cut-out's corner goes: along a ray from the hidden object's middle, where it hides
    about as much as aimed at; None if it does so nowhere on it."""
    rows, columns = np.nonzero(hidden)
    own_rows, own_columns = np.nonzero(cutout.mask)
    if not len(own_rows):  # scaled to nothing
        return None
    centre = columns.mean() - own_columns.mean(), rows.mean() - own_rows.mean()
    # mostly towards the bottom: what stands before something stands lower in the picture
    angle = random.uniform(-np.pi / 6, 7 * np.pi / 6)
    reach = np.hypot(*hidden.shape) / 2
    best: tuple[float, tuple[int, int]] | None = None
    for distance in np.linspace(0, reach, _STEPS):
        place = (
            round(centre[0] + distance * np.cos(angle)),
            round(centre[1] + distance * np.sin(angle)),
        )
        covered = shifted(cutout.mask, place, hidden.shape)
        share = float((covered & hidden).sum() / len(rows))
        off = abs(share - aim)
        if (best is None or off < best[0]) and config.least <= share <= config.most:
            best = off, place
        if share == 0:
            break
    if best is None or best[0] > config.near:
        return None
    covered = shifted(cutout.mask, best[1], hidden.shape)
    if covered.sum() < config.inside * cutout.mask.sum():
        return None
    return best[1] if _spares(covered, annotated.objects, hidden, config.touched) else None


def _spares(covered: Mask, objects: Sequence[Instance], hidden: Mask, most: float) -> bool:
    """Whether it hides hardly anything of the objects other than the one it is meant to hide."""
    others = (one for one in objects if one.mask is not hidden)
    return all((covered & one.mask).sum() <= most * one.area for one in others)
