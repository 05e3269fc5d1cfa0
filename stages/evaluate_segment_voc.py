"""Mean IoU of the loop's label maps on PASCAL VOC, by iteration and rule of merging.

Most segmenters know no classes. The reader's rule, which gives their instances some: an instance
whose label is a class of VOC has it; any other has the class that most of its visible pixels have
in the truth, ignored ones aside, and is background if most are background. An instance of which
the original picture shows nothing is judged by its whole extent. So the figure is an upper bound
for what an ideal classifier of the same masks would reach, and says nothing of naming.

The truth is that of what is visible: no object behind another is in it. What a loop can gain here
is objects that one pass has missed, and what it can lose is front objects that are painted over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.confusion import (
    Counts,
    class_iou,
    confusion_matrix,
    difference_of_mean_iou,
    interval_of_mean_iou,
)
from ..core.images import load_picture
from ..core.voc import VOC_CLASSES, VOC_IGNORED
from ..data.voc import VocRecord, read_classes
from .evaluate_segment import Engines, Seconds, difference_row, interval_row, known
from .segment_canvas import Canvas, enlarged
from .segment_config import Merge
from .segment_found import Found, LoopResult
from .segment_merge import enlarged_labels, merge_rounds

ClassMap = NDArray[np.uint8]


@dataclass
class VocScores:
    """Confusion matrices of one inpainter, one a picture, by rule of merging and iterations."""

    inpainter: str
    matrices: dict[tuple[Merge, int], list[Counts]] = field(default_factory=dict)
    found: dict[int, int] = field(default_factory=dict)  # instances by iterations, of all pictures
    seconds: Seconds = field(default_factory=Seconds)

    def add(
        self,
        truth: ClassMap,
        result: LoopResult[Canvas],
        merges: Iterable[Merge],
        iterations: Sequence[int],
    ) -> None:
        """Take in the record of one picture.

        Args:
            truth: HxW classes, at the picture's own size.
            result: of the loop, at any size.
            merges: rules to measure.
            iterations: numbers of iterations to measure, none above that of the run.
        """
        for count in iterations:
            instances = result.after(count)
            self.found[count] = self.found.get(count, 0) + len(instances)
            classes = np.array([0, *(class_of(one, truth) for one in instances)], np.uint8)
            for merge in merges:
                shape = result.rounds[0].erased.shape
                labels = merge_rounds(result.rounds[:count], merge, shape)
                found = classes[enlarged_labels(labels, truth.shape)]
                matrix = confusion_matrix(truth, found, len(VOC_CLASSES), ignored=VOC_IGNORED)
                self.matrices.setdefault((merge, count), []).append(matrix)

    def rows(self) -> list[dict[str, Any]]:
        """A row for every rule and number of iterations, as printed and put into JSON; each with
        its difference to one iteration by the same rule, if that was measured."""
        rows = []
        for (merge, count), several in self.matrices.items():
            matrices = np.stack(several)
            row: dict[str, Any] = {
                "inpainter": self.inpainter,
                "merge": merge,
                "iterations": count,
                "pictures": len(several),
                "instances": self.found[count],
                "miou": interval_row(interval_of_mean_iou(matrices)),
                "classes": {
                    name: known(value)
                    for name, value in zip(VOC_CLASSES, class_iou(matrices.sum(0)), strict=True)
                },
            }
            single = self.matrices.get((merge, 1))
            if single is not None and count != 1:
                difference = difference_of_mean_iou(matrices, np.stack(single))
                row["gain"] = difference_row(difference)
            rows.append(row)
        return rows


def evaluate_voc(
    records: Iterable[VocRecord],
    engines: Engines,
    merges: Sequence[Merge],
    iterations: Sequence[int],
    *,
    advance: Callable[[], object] = lambda: None,
) -> VocScores:
    """Run the loop on every photograph and score its label maps.

    Args:
        records: from `data.voc.read_voc`.
        engines: what is measured; its config says the most iterations.
        merges: rules of merging.
        iterations: numbers of iterations.
        advance: called after each photograph, for a progress bar.

    Raises:
        ImageError, DataError: a photograph or its map is not as needed.
    """
    scores = VocScores(engines.inpainter.name)
    for record in records:
        rgb = load_picture(record.photo).over()
        truth = read_classes(record, (rgb.shape[1], rgb.shape[0]))
        result = engines.run(rgb, record.name, scores.seconds)
        scores.add(truth, result, merges, iterations)
        advance()
    return scores


def class_of(found: Found, truth: ClassMap) -> int:
    """The class of an instance by the reader's rule, which stands at the head of this file."""
    if found.label in VOC_CLASSES:
        return VOC_CLASSES.index(found.label)
    mask = found.visible if found.visible.any() else found.amodal
    votes = truth[enlarged(mask, truth.shape)]
    return int(np.bincount(votes[votes != VOC_IGNORED], minlength=1).argmax())
