"""Automatic masks by a drawn model, whose answers and their order are known."""

from __future__ import annotations

import numpy as np
import pytest

from compose.core.errors import UsageError
from compose.models.amg import (
    AutomaticMasks,
    automatic_masks,
    crop_boxes,
    point_grid,
    stability_score,
)

WIDTH, HEIGHT = 240, 160
# x, y, radius of discs, and what the model expects of its answer
DISCS = [(60, 50, 35, 0.95), (170, 90, 45, 0.99), (62, 50, 33, 0.93), (120, 136, 16, 0.9)]


def picture() -> np.ndarray:
    """Colours that tell where a pixel lies, so that the drawn model knows a crop's place."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x, y, 0 * x], -1).astype(np.uint8)


class Discs:
    """Answers at a point: every disc that holds it, at half resolution; else nothing."""

    def __init__(self, slope: float = 1.0, speckled: bool = False) -> None:
        self.slope, self.speckled = slope, speckled
        self.asked: list[int] = []

    def look(self, rgb: np.ndarray) -> None:
        self.left, self.top = (int(v) for v in rgb[0, 0, :2])
        self.height, self.width = rgb.shape[:2]

    def at_points(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(len(points))
        rows, columns = -(-self.height // 2), -(-self.width // 2)
        y, x = np.mgrid[0:rows, 0:columns] * 2 + 0.5
        logits = np.full((len(points), len(DISCS), rows, columns), -9.0, np.float32)
        expected = np.zeros((len(points), len(DISCS)), np.float32)
        for i, (px, py) in enumerate(points + np.array([self.left, self.top])):
            for j, (cx, cy, radius, sure) in enumerate(DISCS):
                if np.hypot(px - cx, py - cy) < radius:
                    away = np.hypot(x + self.left - cx, y + self.top - cy)
                    logits[i, j] = self.slope * (radius - away)
                    expected[i, j] = sure
                    if self.speckled:
                        logits[i, j, 0, 0] = 50
        return logits, expected

    def enlarged(self, logits: np.ndarray) -> np.ndarray:
        return logits.repeat(2, 0).repeat(2, 1)[: self.height, : self.width]


def disc(number: int) -> np.ndarray:
    cx, cy, radius, _ = DISCS[number]
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.hypot(x - cx, y - cy) < radius


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


SETTINGS = AutomaticMasks(points_per_side=10, points_per_batch=7, stability_score_thresh=0.5)


def test_each_object_comes_once_and_the_surest_first() -> None:
    model = Discs()
    found = automatic_masks(model, picture(), SETTINGS)
    # disc 2 is disc 0 once more, of which the model expects less
    assert [i.score for i in found] == pytest.approx([0.99, 0.95, 0.9])
    for instance, number in zip(found, (1, 0, 3), strict=True):
        assert iou(instance.mask, disc(number)) > 0.9
        assert instance.predicted_iou == instance.score
        assert instance.stability is not None
        assert 0.5 <= instance.stability <= 1
    assert model.asked == [7] * 14 + [2]


def test_what_the_model_is_unsure_of_is_left_out() -> None:
    settings = AutomaticMasks(points_per_side=10, pred_iou_thresh=0.96, stability_score_thresh=0)
    (found,) = automatic_masks(Discs(), picture(), settings)
    assert iou(found.mask, disc(1)) > 0.9
    unstable = AutomaticMasks(points_per_side=10, stability_score_thresh=0.95)
    # with slope .1 a shift of 1 moves the edge by 10 pixels, which changes every disc
    assert automatic_masks(Discs(slope=0.1), picture(), unstable) == []
    assert len(automatic_masks(Discs(slope=20), picture(), unstable)) == 3


def test_looser_suppression_keeps_the_double() -> None:
    settings = AutomaticMasks(points_per_side=10, stability_score_thresh=0.5, box_nms_thresh=0.95)
    assert len(automatic_masks(Discs(), picture(), settings)) == 4


def test_crops_give_whole_masks_and_drop_what_they_cut() -> None:
    settings = AutomaticMasks(points_per_side=10, stability_score_thresh=0.5, crop_n_layers=1)
    found = automatic_masks(Discs(), picture(), settings)
    assert len(found) == 3
    for instance in found:
        assert max(iou(instance.mask, disc(number)) for number in range(len(DISCS))) > 0.9


def test_layers_of_crops_overlap_and_cover_the_picture() -> None:
    settings = AutomaticMasks(crop_n_layers=2, crop_overlap_ratio=0.25)
    boxes = crop_boxes(WIDTH, HEIGHT, settings)
    assert [layer for _, layer in boxes] == [0] + [1] * 4 + [2] * 16
    # 40 pixels overlap, sides (240 + 40) / 2 and (160 + 40) / 2
    assert [box for box, layer in boxes if layer == 1] == [
        (0, 0, 140, 100),
        (0, 60, 140, 160),
        (100, 0, 240, 100),
        (100, 60, 240, 160),
    ]
    for layer in (1, 2):
        covered = np.zeros((HEIGHT, WIDTH), bool)
        for (x1, y1, x2, y2), number in boxes:
            if number == layer:
                covered[y1:y2, x1:x2] = True
        assert covered.all()


def test_small_regions_are_removed() -> None:
    plain = automatic_masks(Discs(), picture(), SETTINGS)
    speckled = automatic_masks(Discs(speckled=True), picture(), SETTINGS)
    assert speckled[0].mask[0, 0]
    cleaning = AutomaticMasks(
        points_per_side=10, stability_score_thresh=0.5, min_mask_region_area=20
    )
    clean = automatic_masks(Discs(speckled=True), picture(), cleaning)
    assert len(clean) == len(plain)
    for a, b in zip(clean, plain, strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)


def test_points_lie_in_the_middle_of_their_cells() -> None:
    assert point_grid(2).tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]


def test_stability_is_the_iou_of_two_cut_offs() -> None:
    logits = np.array([[-3, -0.5, 0.5, 3, 3]], np.float32)
    assert stability_score(logits, 1.0) == 2 / 4
    assert stability_score(np.full((2, 2), -9, np.float32), 1.0) == 0


@pytest.mark.parametrize(
    "setting",
    [
        {"points_per_side": 0},
        {"points_per_batch": 0},
        {"crop_n_layers": -1},
        {"crop_overlap_ratio": 1.0},
        {"min_mask_region_area": -1},
    ],
)
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        AutomaticMasks(**setting)


def test_pictures_smaller_than_their_crops_have_fewer() -> None:
    settings = AutomaticMasks(crop_n_layers=2)
    for width, height in [(1, 1), (3, 2), (5, 9)]:
        for (x1, y1, x2, y2), _ in crop_boxes(width, height, settings):
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
