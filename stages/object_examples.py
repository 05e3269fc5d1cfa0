"""Photographs as the network of objects sees them: candidate masks, and how well each fits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.files import atomic_write
from ..models.crop_builtin import LITE, VIT, network_file, weights_folder
from ..models.grouping import GROUPING
from ..models.mobile_sam import DECODER, ENCODER, GUESS, MobileSamNetwork
from ..models.object_features import forms, ious, looks
from ..models.outlines import OUTLINES
from ..models.proposals import propose, small_mask, small_size
from ..models.reference_encoder import digest_of
from ..models.saliency import open_saliency
from ..models.saliency_builtin import SALIENCY
from ..models.saliency_features import SaliencyTrunks
from ..models.segmenters import salient_segmenter
from .outline_examples import held_out
from .outline_sources import OutlineSource
from .photo_digest import weights_digest

_LEAST = 20  # pixels of a small mask that an object has at least


@dataclass(frozen=True, eq=False)
class ObjectExample:
    """One photograph; masks are small, see `proposals.small_size`."""

    source: str
    forms: NDArray[np.float32] = field(repr=False)  # (K,FORMS)
    looks: NDArray[np.float16] = field(repr=False)  # (K,LOOKS_LENGTH)
    fits: NDArray[np.float32] = field(repr=False)  # (K,) IoU with the nearest object
    saliency: NDArray[np.float32] = field(repr=False)  # (h,w)
    # eight pixels of a mask a byte, for there are many: candidates', objects', and those that
    # segmenter salient found
    bits: Mapping[str, NDArray[np.uint8]] = field(repr=False)

    @property
    def masks(self) -> NDArray[np.bool_]:
        """The candidates, (K,h,w)."""
        return self._masks("masks")

    @property
    def objects(self) -> NDArray[np.bool_]:
        """The annotated objects, (G,h,w)."""
        return self._masks("objects")

    @property
    def found(self) -> NDArray[np.bool_]:
        """What segmenter salient found, (F,h,w)."""
        return self._masks("found")

    def _masks(self, name: str) -> NDArray[np.bool_]:
        bits = np.unpackbits(self.bits[name], axis=1, count=self.saliency.size)
        return bits.reshape(-1, *self.saliency.shape).astype(bool)

    @property
    def held_out(self) -> bool:
        """Whether it only measures."""
        return held_out(self.source)


def compute_examples(
    sources: Sequence[OutlineSource],
    sam: Path,
    cache: Path,
    *,
    threads: int = 1,
    advance: Callable[[], object] = lambda: None,
) -> list[ObjectExample]:
    """Examples of all photographs, which are kept in `cache`, a file a photograph.

    Args:
        sources: photographs with their masks.
        sam: MobileSAM's file.
        cache: a folder of our own; other masks or weights get other files.
        threads: of one photograph.
        advance: called for every photograph.

    Raises:
        DataError, ImageError, MaskError: a photograph or its masks are not as needed.
        ModelError: a file of weights is missing or damaged.
    """
    names = (SALIENCY, GROUPING, OUTLINES, LITE, VIT, ENCODER, GUESS, DECODER)
    seal = weights_digest([sam, *map(network_file, names)])
    maker = list[_Maker]()  # opened when needed
    examples = []
    for source in sources:
        rgb = source.photo.pixels()
        annotated = source.photo.annotated()
        masks = {str(n): each.mask for n, each in enumerate(annotated.objects)}
        arrays = digest_of({"rgb": rgb, "unknown": annotated.unknown, **masks})
        kept = cache / f"{hashlib.sha256(f'{seal} {arrays}'.encode()).hexdigest()[:20]}.npz"
        if not kept.is_file():
            if not maker:
                maker.append(_Maker(sam, threads))
            made = maker[0].arrays(rgb, list(masks.values()), annotated.unknown)
            with atomic_write(kept) as part, part.open("wb") as stream:
                np.savez_compressed(stream, **made)  # type: ignore[arg-type]
        with np.load(kept) as stored:
            examples.append(_unpacked(source.photo.name, dict(stored)))
        advance()
    return examples


class _Maker:
    def __init__(self, sam: Path, threads: int) -> None:
        self._trunks = SaliencyTrunks(threads, weights_folder())
        self._reader = open_saliency(threads=threads, trunks=self._trunks)
        self._salient = salient_segmenter(self._reader, self._trunks, threads)
        self._network = MobileSamNetwork(sam, threads)

    def arrays(
        self,
        rgb: NDArray[np.uint8],
        objects: Sequence[NDArray[np.bool_]],
        unknown: NDArray[np.bool_],
    ) -> dict[str, NDArray[np.generic]]:
        found = [each.mask for each in self._salient.segment(rgb)]
        p = propose(self._network, rgb, self._reader.read(rgb), found)
        size = small_size(rgb.shape[1], rgb.shape[0])
        truths = np.array([small_mask(mask, size) for mask in objects], bool)
        truths = truths.reshape(-1, *size[::-1])
        truths = truths[truths.sum((1, 2)) >= _LEAST]
        counts = ~small_mask(unknown, size)
        fits = np.zeros(len(p), np.float32)
        if len(truths) and len(p):
            fits = ious(p.masks & counts, truths & counts).max(1)
        return {
            "forms": forms(p),
            "looks": looks(p, self._trunks.maps(rgb)).astype(np.float16),
            "fits": fits,
            "masks": packed(p.masks),
            "saliency": p.saliency.astype(np.float16),
            "objects": packed(truths),
            "found": packed(p.found),
        }


def _unpacked(source: str, stored: dict[str, NDArray[np.generic]]) -> ObjectExample:
    return ObjectExample(
        source,
        np.asarray(stored["forms"], np.float32),
        np.asarray(stored["looks"], np.float16),
        np.asarray(stored["fits"], np.float32),
        np.asarray(stored["saliency"], np.float32),
        {name: np.asarray(stored[name], np.uint8) for name in ("masks", "objects", "found")},
    )


def packed(masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Masks (K,h,w) as bits (K,⌈h·w/8⌉)."""
    return np.packbits(masks.reshape(len(masks), masks.shape[1] * masks.shape[2]), axis=1)
