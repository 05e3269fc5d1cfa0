"""Windows around objects as the outline network sees them, computed once and kept in files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.files import atomic_write
from ..core.masks import Mask
from ..core.seeds import derive_seed
from ..models.crop_builtin import LITE, weights_folder
from ..models.crop_weights import load_crop_net
from ..models.efficientnet_lite import trunk_maps
from ..models.outline_net import OutlineConfig
from ..models.outlines import small_shares, small_window, window_around
from ..models.perceptual import frozen
from ..models.reference_encoder import digest_of
from ..models.segmenter import Segmenter
from .occlusion_sources import AnnotatedPhoto
from .outline_sources import OutlineSource
from .photo_digest import weights_digest

HELD_OUT = 5  # one photograph in so many only measures
_LEAST = 0.01  # share of the photograph that an object has at least, and at most, to teach
_MOST = 0.7
_TRACE = 0.003  # share below which an object is not looked at
_OBJECTS = 3  # of a photograph, the largest
_OWN = 0.5  # share of an object that a found mask holds, to be of it
_ALIKE = 0.5  # IoU of a found mask and what it is of, at least

Bytes = NDArray[np.uint8]
_FIELDS = ("rgb", "truth", "coarse", "counts")


@dataclass(frozen=True, eq=False)
class OutlineExample:
    """One object in its window; masks are (n,n) shares, 255 for all of a cell."""

    source: str  # photograph
    rgb: Bytes  # (SIDE,SIDE,3)
    maps: tuple[NDArray[np.float16], ...]  # of the trunk
    truth: Bytes
    coarse: Bytes  # as it was found, or the truth
    counts: Bytes
    found: bool  # whether `coarse` was found by a segmenter
    held_out: bool
    weight: float  # how much the data set's outlines can be relied upon
    long_side: int  # pixels of the photograph
    scale: float  # cells of the window a pixel


def held_out(source: str) -> bool:
    """Whether a photograph only measures."""
    return derive_seed(0, "held out", source) % HELD_OUT == 0


def compute_examples(
    sources: Sequence[OutlineSource],
    segmenter: Callable[[], Segmenter],
    cache: Path,
    *,
    weights: Sequence[Path],
    advance: Callable[[], object] = lambda: None,
) -> list[OutlineExample]:
    """Examples of all photographs, which are kept in `cache`, a file a photograph.

    Args:
        sources: photographs with their masks.
        segmenter: opens what finds the coarse masks; not called if all is kept.
        cache: a folder of our own; other masks or weights get other files.
        weights: the files that the segmenter opens.
        advance: called for every photograph.

    Raises:
        DataError, ImageError, MaskError: a photograph or its masks are not as needed.
        ModelError: a file of weights is missing.
    """
    maker = _Maker(segmenter)
    seal = weights_digest([*weights, weights_folder() / LITE])  # of the trunk that `_Maker` opens
    examples = list[OutlineExample]()
    for source in sources:
        rgb = source.photo.pixels()
        kept = cache / f"{_key(seal, source.photo, rgb)}.npz"
        if not kept.is_file():
            made = maker.cases(source.photo, rgb)
            with atomic_write(kept) as part, part.open("wb") as stream:
                np.savez(stream, **_packed(made))  # type: ignore[arg-type]
        with np.load(kept) as arrays:
            examples += _unpacked(dict(arrays), source)
        advance()
    return examples


def _key(seal: str, photo: AnnotatedPhoto, rgb: Bytes) -> str:
    annotated = photo.annotated()
    masks = {str(number): each.mask for number, each in enumerate(annotated.objects)}
    arrays = digest_of({"rgb": rgb, "unknown": annotated.unknown, **masks})
    # of a photograph that is held out there are fewer cases, and its name decides that
    parts = f"{seal} {arrays} {held_out(photo.name)}"
    return hashlib.sha256(parts.encode()).hexdigest()[:20]


@dataclass(frozen=True, eq=False)
class _Case:
    rgb: Bytes
    maps: tuple[NDArray[np.float16], ...]
    truth: Bytes
    coarse: Bytes
    counts: Bytes
    about: tuple[float, float, float]  # found, long side, scale


class _Maker:
    def __init__(self, segmenter: Callable[[], Segmenter]) -> None:
        self._opens, self._segmenter = segmenter, list[Segmenter]()  # opened when needed
        self._trunk = load_crop_net(weights_folder()).lite
        frozen(self._trunk, "cpu")

    def cases(self, photo: AnnotatedPhoto, rgb: Bytes) -> list[_Case]:
        """All that a photograph teaches or measures."""
        annotated = photo.annotated()
        pixels = rgb.shape[0] * rgb.shape[1]
        objects = [o.mask for o in annotated.objects if o.area > _TRACE * pixels]
        if not objects:
            return []
        if not self._segmenter:
            self._segmenter.append(self._opens())
        counts = ~annotated.unknown
        found = [d.mask for d in self._segmenter[0].segment(rgb)]
        cases = [
            self._case(rgb, mask, truth, counts, found=True)
            for mask, truth in _matched(found, objects, counts)
        ]
        if not held_out(photo.name):
            largest = sorted(objects, key=lambda mask: -int(mask.sum()))[:_OBJECTS]
            cases += [
                self._case(rgb, mask, mask, counts, found=False)
                for mask in largest
                if _LEAST * pixels < mask.sum() < _MOST * pixels
            ]
        return cases

    def _case(self, rgb: Bytes, mask: Mask, truth: Mask, counts: Mask, *, found: bool) -> _Case:
        window = window_around(mask)
        picture, coarse = small_window(rgb[window], mask[window])
        values = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            maps = trunk_maps(self._trunk, values, OutlineConfig().stages)
        shape = mask[window].shape
        about = float(found), float(max(rgb.shape[:2])), len(coarse) / max(shape)
        halves = tuple(each[0].numpy().astype(np.float16) for each in maps)
        others = [_bytes(small_shares(each[window])) for each in (truth, counts)]
        return _Case(picture, halves, others[0], _bytes(coarse), others[1], about)


def _matched(
    found: Sequence[Mask], objects: Sequence[Mask], counts: Mask
) -> Iterator[tuple[Mask, Mask]]:
    """Found masks with the union of the objects that they are of; one may hold several."""
    for mask in found:
        own = [o for o in objects if (o & mask).sum() > _OWN * o.sum()]
        if not own:
            continue
        truth = np.logical_or.reduce(own)
        both, either = (truth & mask & counts).sum(), ((truth | mask) & counts).sum()
        if both >= _ALIKE * max(either, 1):
            yield mask, truth


def _bytes(shares: NDArray[np.float32]) -> Bytes:
    return np.rint(shares * 255).astype(np.uint8)


def _packed(cases: Sequence[_Case]) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {"about": np.array([c.about for c in cases])}
    for name in _FIELDS if cases else ():
        arrays[name] = np.stack([getattr(c, name) for c in cases])
    for level in range(len(cases[0].maps)) if cases else ():
        arrays[f"map{level}"] = np.stack([c.maps[level] for c in cases])
    return arrays


def _unpacked(
    arrays: dict[str, NDArray[np.generic]], source: OutlineSource
) -> Iterator[OutlineExample]:
    levels = len(OutlineConfig().stages)
    name = source.photo.name
    for k, (found, long_side, scale) in enumerate(arrays["about"].reshape(-1, 3).tolist()):
        fields = {field: arrays[field][k] for field in _FIELDS}
        maps = tuple(arrays[f"map{level}"][k] for level in range(levels))
        yield OutlineExample(
            source=name, maps=maps, found=bool(found), held_out=held_out(name),
            weight=source.weight, long_side=int(long_side), scale=scale, **fields,
        )  # fmt: skip
