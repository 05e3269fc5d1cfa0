"""Engine `salient`: what a person looks at first, taken apart into objects.

A salient-subject map is cut at 1/2, its edge moved onto the picture's colours, and what touches is
split where its looks part and at necks; then a closer look at each object corrects its mask. Once
the most salient object has been erased, the next one becomes salient.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import MaskError
from ..core.instances import Instance
from ..core.masks import Mask
from .grab_cut import grab_cut, small_size
from .grouping import CellGrouping
from .guided_filter import guided_filter
from .looks_split import split_by_looks
from .mask_parts import connected_parts, without_faint_parts, without_specks
from .mask_split import nearest_number, split_at_necks
from .outlines import OutlineRefiner, refined_masks
from .saliency import SaliencyReader
from .salient_prompt import prompted
from .segmenter import Prompt

_EDGE_REACH = 0.01  # of the picture: how far the last filter moves edges


@dataclass(frozen=True)
class SalientConfig:
    """What counts as an object."""

    # Mean saliency of a part. Chosen on 52 photographs of SOD's train split whose subjects had
    # been erased: in 7 of them something reaches it, which mostly is a further object. On
    # SOD's and VOC's val it keeps 87 % of the subjects' parts, 97 % of their area.
    least_saliency: float = 0.89
    least_area: float = 0.002  # share of the picture
    most_area: float = 0.95  # share of the picture; what fills it stands in front of nothing
    # See `normalized_cut.recursive_cut`; 0 splits nothing by its looks. On held-out scenes of
    # train splits 0.35 keeps 92 % of single objects whole; 0.45 spoils more than it finds.
    most_alike: float = 0.35


class SalientSegmenter:
    """See `segmenter.PromptSegmenter`.

    Args:
        reader: gives the map; see `saliency.open_saliency`.
        config: what counts as an object.
        grouping: takes apart what touches; without one only necks are split.
        outlines: corrects masks; without one they stay as they are.
    """

    name = "salient"

    def __init__(
        self,
        reader: SaliencyReader,
        config: SalientConfig | None = None,
        grouping: CellGrouping | None = None,
        outlines: OutlineRefiner | None = None,
    ) -> None:
        self._reader, self._config = reader, config or SalientConfig()
        self._grouping, self._outlines = grouping, outlines

    def segment(self, rgb: NDArray[np.uint8]) -> list[Instance]:
        """The salient objects, which do not overlap; none where nothing stands out.

        The score is the mean of the map in the mask.
        """
        saliency = self._reader.read(rgb)
        size = small_size(rgb.shape[1], rgb.shape[0])
        soft = cv2.resize(saliency, size, interpolation=cv2.INTER_AREA)
        least = max(self._config.least_area * soft.size, 1.0)
        soft = without_faint_parts(np.asarray(soft, np.float32), self._config.least_saliency, least)
        if not (soft > 0.5).any():
            return []
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        cut = self._without_filling_parts(grab_cut(np.asarray(small, np.uint8), soft))
        numbers = self._split(rgb, cut > 0.5)
        least = max(self._config.least_area * saliency.size, 1.0)
        masks = _at_full_size(rgb, cut, numbers, least)
        if self._outlines is not None:
            masks = refined_masks(rgb, masks, self._outlines, least)
        found = []
        for mask in masks:
            score = float(np.clip(saliency[mask].mean(), 0, 1))
            # colours may have drawn in something that is not salient at all
            if score > 0.5:
                found.append(Instance(mask, score))
        return sorted(found, key=lambda instance: -instance.score)

    def prompt(self, rgb: NDArray[np.uint8], prompts: list[Prompt]) -> list[Instance]:
        """One instance for each prompt, by saliency and colours in a window around it.

        Raises:
            MaskError: nothing is found at a prompt.
        """
        found = []
        for number, prompt in enumerate(prompts, 1):
            instance = prompted(self._reader, rgb, prompt, self._outlines)
            if instance is None:
                hint = "draw a box around the object" if prompt.box is None else "mask it by hand"
                raise MaskError(f"salient finds nothing at prompt {number}; {hint}.")
            found.append(instance)
        return found

    def _without_filling_parts(self, cut: NDArray[np.float32]) -> NDArray[np.float32]:
        """The map (h,w) with 0 in the part above 1/2 that fills the picture, if there is one.

        It is not taken apart: where nothing stands out, the pieces of everything are no objects.
        """
        kept = cut.copy()
        for part in connected_parts(cut > 0.5):
            if part.sum() > self._config.most_area * part.size:
                kept[part] = 0
        return kept

    def _split(self, rgb: NDArray[np.uint8], mask: Mask) -> NDArray[np.int32]:
        """Numbers 1, 2, … (h,w) of the objects in a small mask.

        Necks are looked for only in what looks leave whole: in the rest, on held-out scenes,
        splitting them costs a fifth of the precision and finds no more.
        """
        if self._grouping is None:
            return split_at_necks(mask)
        looks = split_by_looks(rgb, mask, self._grouping, self._config.most_alike)
        numbers = np.zeros_like(looks)
        for part in connected_parts(mask):
            inner = looks if len(np.unique(looks[part])) > 1 else split_at_necks(part)
            _, places = np.unique(inner[part], return_inverse=True)
            numbers[part] = numbers.max() + 1 + places
        return numbers


def _at_full_size(
    rgb: NDArray[np.uint8], cut: NDArray[np.float32], numbers: NDArray[np.int32], least: float
) -> list[Mask]:
    """Masks HxW of the numbered parts of a small soft mask, each of `least` pixels or more."""
    height, width = rgb.shape[:2]
    inside = guided_filter(rgb, cut, radius=_EDGE_REACH, side=max(cut.shape)) > 0.5
    spread = nearest_number(numbers).astype(np.uint16)
    large = cv2.resize(spread, (width, height), interpolation=cv2.INTER_NEAREST)
    masks = []
    for number in range(1, int(numbers.max()) + 1):
        mask = inside & (large == number)
        if mask.sum() >= least:
            masks.append(without_specks(mask, round(least)))
    return [mask for mask in masks if mask.sum() >= least]
