"""Confusion matrices of class maps, and intersection over union of a whole set of pictures.

PASCAL VOC's measure (Everingham et al., IJCV 2010, section 4.3): pixels are counted over all
pictures together, and a class has IoU = TP / (TP + FP + FN). To mean the IoU of single pictures
instead gives another and usually a greater figure. Matrices are kept picture by picture all the
same, so that the pictures can be drawn anew for a bootstrap of their sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Interval, difference, divided, interval
from .metrics import Difference

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def confusion_matrix(
    truth: NDArray[np.integer], found: NDArray[np.integer], classes: int, *, ignored: int = 255
) -> Counts:
    """How many pixels of every true class (row) were given every class (column).

    Args:
        truth: HxW indices in [0, classes), or `ignored` where no pixel counts.
        found: HxW indices in [0, classes).
        classes: their number, background included.
        ignored: the index in `truth` of what counts neither for nor against any class.

    Returns:
        (classes, classes).

    Raises:
        ValueError: the maps differ in shape, or hold an index that is no class.
    """
    if truth.shape != found.shape:
        raise ValueError(f"expected two maps of one shape, got {truth.shape} and {found.shape}")
    counts = truth != ignored
    rows, columns = truth[counts].astype(np.int64), found[counts].astype(np.int64)
    for indices in (rows, columns):
        if len(indices) and not 0 <= indices.min() <= indices.max() < classes:
            raise ValueError(f"indices must lie in [0, {classes})")
    cells = np.bincount(rows * classes + columns, minlength=classes * classes)
    return cells.reshape(classes, classes)


def class_iou(matrix: Counts) -> Floats:
    """IoU (C,) of every class; NaN for one that is neither there nor found anywhere."""
    return divided(_shared(matrix[None])[0], _union(matrix[None])[0])


def mean_iou(matrix: Counts) -> float:
    """The mean of `class_iou` over the classes that have one; NaN where none has."""
    return float(_mean(class_iou(matrix)[None])[0])


def interval_of_mean_iou(matrices: Counts, *, seed: int = 0) -> Interval:
    """Mean IoU of a set, with the interval of a bootstrap over its pictures.

    Args:
        matrices: (N, C, C), one of every picture.
        seed: of the resampling.
    """
    return interval(lambda w: _resampled(matrices, w), len(matrices), seed=seed)


def difference_of_mean_iou(first: Counts, second: Counts, *, seed: int = 0) -> Difference:
    """Mean IoU of `first` minus that of `second`, paired by picture: both see the same draws.

    Args:
        first, second: (N, C, C) of the same N pictures in the same order.
        seed: of the resampling.

    Raises:
        ValueError: the two differ in shape.
    """
    if first.shape != second.shape:
        raise ValueError(f"expected two of one shape, got {first.shape} and {second.shape}")
    return difference(
        lambda w: _resampled(first, w), lambda w: _resampled(second, w), len(first), seed=seed
    )


def _resampled(matrices: Counts, weights: Floats) -> Floats:
    """Mean IoU (D,) where picture n counts `weights[d, n]` times."""
    return _mean(divided(weights @ _shared(matrices), weights @ _union(matrices)))


def _mean(iou: Floats) -> Floats:
    """Means of the rows (D, C) without their NaN; NaN for a row of nothing else."""
    known = ~np.isnan(iou)
    return divided(np.where(known, iou, 0).sum(1), known.sum(1).astype(np.float64))


def _shared(matrices: Counts) -> Floats:
    return np.diagonal(matrices, axis1=1, axis2=2).astype(np.float64)


def _union(matrices: Counts) -> Floats:
    return np.asarray(matrices.sum(1) + matrices.sum(2) - _shared(matrices))
