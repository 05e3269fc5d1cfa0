"""Composites: backgrounds and objects read, put together, written, and said what was done."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.deep import bits_of
from ..core.encoding import save_rgb
from ..core.errors import MaskError
from ..core.formats import DEFAULT_MAX_PIXELS
from ..core.images import Picture, load_picture
from ..core.masks import Mask, load_mask, mask_box
from ..core.names import printable
from ..data.scene_layout import ObjectSpec, SceneSpec, parse_order
from .composite_alpha import over_transparent
from .composite_config import CompositeConfig
from .composite_engine import Composed, CompositeEngine, Placed, Scene
from .composite_object import CutOut, Segment, load_object
from .composite_order import guess_order
from .composite_place import box_within, place, place_of_mask
from .composite_provenance import note_of, provenance, provenance_file, write_provenance


@dataclass(frozen=True, eq=False)
class Loaded:
    """A scene that has been read, with what its objects were cut out of."""

    spec: SceneSpec
    picture: Picture = field(repr=False)
    scene: Scene
    cuts: tuple[CutOut, ...]


@dataclass(frozen=True)
class Outputs:
    """Where samples go, the first one first, and whether provenance is written beside them."""

    files: Sequence[Path]
    provenance: bool = False


def load_scene(
    spec: SceneSpec,
    config: CompositeConfig | None = None,
    *,
    segment: Segment | None = None,
    seed: int = 0,
    name: str = "",
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Loaded:
    """Read a background and its objects, and put these at their places.

    Args:
        spec: which files, and where.
        config: of it `fit`, `keep_size` and `edge`.
        segment: cuts out objects that nothing else does.
        seed: unless the scene has its own.
        name: of the input, for random draws.
        max_pixels: of any one picture.

    Raises:
        ImageError, MaskError: a file is no picture, no mask, of the wrong size, or empty.
        InputError: a box leaves the background.
        DataError: the order does not name every object.
    """
    config = config or CompositeConfig()
    picture = load_picture(spec.background, max_pixels=max_pixels)
    pairs = [_placed(each, picture, config, segment, max_pixels) for each in spec.objects]
    placed = tuple(each for _, each in pairs)
    where = printable(spec.background)
    order = parse_order(spec.order, len(placed), where) or guess_order(placed, picture.height)
    seed = seed if spec.seed is None else spec.seed
    scene = Scene(picture.over(), placed, order, seed, name)
    return Loaded(spec, picture, scene, tuple(cut for cut, _ in pairs))


def composite_into(
    outputs: Outputs,
    loaded: Loaded,
    engine: CompositeEngine,
    config: CompositeConfig,
    *,
    started: float | None = None,
) -> tuple[dict[str, Any], list[Composed]]:
    """Compose all samples and write them, the first one last.

    Returns:
        The record: files, boxes, order, the blended zone, and the largest difference outside of
        it, of what was composed and of the file as it can be read again; and what was composed.

    Raises:
        OutputError: a file cannot be written.
    """
    start = time.perf_counter() if started is None else started
    made: list[Composed] = []
    for sample in range(1, len(outputs.files) + 1):
        scene = loaded.scene
        varied = Scene(scene.background, scene.objects, scene.order, scene.seed, scene.name, sample)
        made.append(engine.compose(varied))
    record = _record(loaded, made[0], engine, config)
    sources = provenance(loaded, record) if outputs.provenance else None
    files: list[dict[str, Any]] = []
    for sample in range(len(made), 0, -1):
        target, composed = outputs.files[sample - 1], made[sample - 1]
        beside = None
        if sources is not None:
            beside = provenance_file(target)
            write_provenance(beside, sources | {"sample": sample})
        note = None if sources is None else note_of(sources | {"sample": sample})
        rgb, alpha = over_transparent(loaded.picture, loaded.scene, composed)
        save_rgb(rgb, target, alpha=alpha, like=loaded.spec.background, text=note)
        entry: dict[str, Any] = {"file": os.fspath(target), "sample": sample}
        entry |= _differences(loaded, composed, target)
        if beside is not None:
            entry["provenance"] = {"file": os.fspath(beside)}
        files.insert(0, entry)
    worst = max(entry["outside_difference"] for entry in files)
    record |= {"files": files, "outside_difference": worst}
    record["seconds"] = round(time.perf_counter() - start, 3)
    return record, made


def _placed(
    spec: ObjectSpec,
    picture: Picture,
    config: CompositeConfig,
    segment: Segment | None,
    max_pixels: int,
) -> tuple[CutOut, Placed]:
    size = picture.width, picture.height
    name = printable(spec.image)
    shape: Mask | None = None
    box = spec.at
    if isinstance(box, Path):
        box, shape = place_of_mask(load_mask(box, size=size, max_pixels=max_pixels))
    at = box_within(box, size, name)
    wanted = None if config.keep_size else (at[2] - at[0], at[3] - at[1])
    cut = load_object(
        spec.image,
        spec.mask,
        size=wanted,
        segment=segment,
        clean=config.edge,
        max_pixels=max_pixels,
    )
    if not (cut.alpha > 0).any():
        raise MaskError(f"the mask of {name} lies where it is transparent; draw it on the object.")
    placed = place(cut, at, size, name, fit=config.fit, keep_size=config.keep_size, shape=shape)
    if not (placed.seen > 0).any():
        place_of = f"the shape in {printable(spec.at)}" if isinstance(spec.at, Path) else "its box"
        raise MaskError(f"{place_of} hides all of {name}; draw it larger.")
    return cut, placed


def _record(
    loaded: Loaded, composed: Composed, engine: CompositeEngine, config: CompositeConfig
) -> dict[str, Any]:
    scene = loaded.scene
    shadows = composed.shadows or (False,) * len(scene.objects)
    objects = [
        {
            "image": os.fspath(spec.image),
            "mask": None if spec.mask is None else os.fspath(spec.mask),
            "cut": cut.how,
            "at": list(placed.at),
            "box": list(placed.box),
            "shadow": shadow,
        }
        for spec, cut, placed, shadow in zip(
            loaded.spec.objects, loaded.cuts, scene.objects, shadows, strict=True
        )
    ]
    zone = composed.zone
    return {
        "background": os.fspath(loaded.spec.background),
        "width": loaded.picture.width,
        "height": loaded.picture.height,
        "background_bits": bits_of(loaded.spec.background),  # composites have 8
        "engine": engine.name,
        "harmonize": config.harmonize,
        "seed": scene.seed,
        "order": list(scene.order),
        "objects": objects,
        "zone": [int(edge) for edge in mask_box(zone)] if zone.any() else None,
        "zone_share": round(float(zone.mean()), 6),
    }


def _differences(loaded: Loaded, composed: Composed, target: Path) -> dict[str, Any]:
    """How much differs outside of the zone, at most, of 255; in the file also what it lost."""
    outside = ~composed.zone
    there = load_picture(target, max_pixels=composed.zone.size).over()
    return {
        "outside_difference": largest_difference(composed.rgb, loaded.scene.background, outside),
        "outside_difference_in_file": largest_difference(there, loaded.scene.background, outside),
    }


def largest_difference(one: NDArray[np.uint8], other: NDArray[np.uint8], where: Mask) -> int:
    """How much two pictures HxWx3 differ where a mask HxW says, at most, of 255."""
    apart = np.maximum(one, other) - np.minimum(one, other)  # of uint8, without wrapping
    return int(apart.max(-1).max(initial=0, where=where))
