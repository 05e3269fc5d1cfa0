"""Figures of found objects, on cases whose answer is worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compose.stages.object_figures import ObjectFigures, object_figures

Array = np.ndarray[Any, Any]


def strip(*columns: int) -> Array:
    """A mask of 10x20 with these columns."""
    mask = np.zeros((10, 20), bool)
    mask[:, list(columns)] = True
    return mask


def stack(*masks: Array) -> Array:
    return np.array(masks, bool).reshape(-1, 10, 20)


SALIENT = np.where(strip(*range(12)), 0.9, 0.1).astype(np.float32)


def test_two_objects_of_which_one_is_found_and_one_wrong_mask() -> None:
    objects = stack(strip(0, 1, 2, 3), strip(6, 7, 8, 9))
    # the first has an IoU of 3/4 with the first object; the second lies on 15 to 17, no object
    masks = stack(strip(0, 1, 2), strip(15, 16, 17))
    figures = object_figures([(masks, objects, SALIENT)])
    assert figures == ObjectFigures(
        objects=2, iou=pytest.approx(0.375), close=0.0, recall=0.5, precision=0.5
    )
    assert figures.f1 == 0.5


def test_an_object_that_does_not_stand_out_is_not_missed_but_right_where_found() -> None:
    objects = stack(strip(0, 1), strip(16, 17))  # the second's mean is 0.1
    figures = object_figures([(stack(strip(16, 17)), objects, SALIENT)])
    assert figures == ObjectFigures(objects=1, iou=0.0, close=0.0, recall=0.0, precision=1.0)


def test_each_object_has_one_mask_and_each_mask_one_object() -> None:
    # two masks of one object: one of them is wrong
    twice = object_figures([(stack(strip(0, 1), strip(0, 1)), stack(strip(0, 1)), SALIENT)])
    assert (twice.recall, twice.precision, twice.close) == (1.0, 0.5, 1.0)
    # one mask over two objects of the same size has an IoU of 1/2 with both, which is no match
    one = object_figures([(stack(strip(0, 1)), stack(strip(0), strip(1)), SALIENT)])
    assert (one.recall, one.precision, one.iou) == (0.0, 0.0, 0.5)


def test_what_is_tiny_counts_neither_here_nor_there() -> None:
    speck = np.zeros((10, 20), bool)
    speck[0, 0] = True  # a two-hundredth
    figures = object_figures([(stack(speck), stack(speck), SALIENT)])
    assert figures == ObjectFigures(objects=0, iou=0.0, close=0.0, recall=0.0, precision=0.0)
    assert object_figures([]).f1 == 0.0


def test_photographs_are_pooled() -> None:
    good = (stack(strip(0, 1)), stack(strip(0, 1)), SALIENT)
    none = (stack(), stack(strip(4, 5), strip(8, 9)), SALIENT)
    figures = object_figures([good, none])
    assert figures.objects == 3
    assert figures.recall == pytest.approx(1 / 3)
    assert figures.precision == 1.0
    assert figures.iou == pytest.approx(1 / 3)
