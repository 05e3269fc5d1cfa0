"""What counts as a good crop, and what an example refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import UsageError
from compose.data.crop_example import CropExample, good_crops
from compose.data.crop_sets import CROP_SETS, crop_set

BOXES = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 40], [0, 0, 30, 40]], float)


def example(scores: list[float] | None) -> CropExample:
    values = None if scores is None else np.array(scores)
    return CropExample(Path("a.jpg"), BOXES, values, None, "a")


def test_positives_by_threshold_best_first() -> None:
    assert good_crops(example([4, 4.5, 3, 1]), 4).tolist() == BOXES[[1, 0]].tolist()
    assert good_crops(example([4, 4.5, 3, 1]), 4, most=1).tolist() == BOXES[[1]].tolist()


def test_where_none_is_good_enough_the_ties_at_the_best_are() -> None:
    assert good_crops(example([2, 3, 3, 1]), 4).tolist() == BOXES[[1, 2]].tolist()
    assert good_crops(example([2, 3, 3, 1])).tolist() == BOXES[[1, 2]].tolist()


def test_twins_of_better_ones_do_not_count() -> None:
    # the first two overlap by 90 / 100
    assert good_crops(example([4, 4.5, 4.2, 1]), 4, apart=0.8).tolist() == BOXES[[1, 2]].tolist()


def test_drawn_crops_are_all_good() -> None:
    assert len(good_crops(example(None), 4)) == 4


@pytest.mark.parametrize("boxes", [[[0, 0, 0, 5]], [[0, 0, 5, np.nan]], [[5, 0, 4, 5]]])
def test_boxes_need_extent(boxes: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="x1 < x2"):
        CropExample(Path("a"), np.array(boxes), None, None, "a")


def test_scores_need_to_fit() -> None:
    with pytest.raises(ValueError, match="scores"):
        example([1, 2])


def test_sets_by_name() -> None:
    assert crop_set("gaicd") is CROP_SETS["gaicd"]
    with pytest.raises(UsageError, match="fcdb, flms"):
        crop_set("coco")
