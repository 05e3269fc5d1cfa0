"""Masks taken apart by looks, with cells that are alike where their colours are."""

from __future__ import annotations

import cv2
import numpy as np

from compose.models.grouping import CELLS
from compose.models.looks_split import covered_cells, split_by_looks

HEIGHT, WIDTH = 200, 300
RED, BLUE = (210, 40, 30), (30, 60, 200)


class ByColour:
    """Cells whose middles have one colour are of one object."""

    asked = 0

    def affinity(self, rgb: np.ndarray, cells: np.ndarray) -> np.ndarray:
        self.asked += 1
        rows, columns = np.divmod(cells, CELLS)
        y = ((rows + 0.5) * rgb.shape[0] / CELLS).astype(int)
        x = ((columns + 0.5) * rgb.shape[1] / CELLS).astype(int)
        middles = rgb[y, x].astype(float)
        apart = np.linalg.norm(middles[:, None] - middles, axis=2)
        return np.clip(np.exp(-apart / 60), 0.02, 1).astype(np.float32)


class Blind:
    def affinity(self, rgb: np.ndarray, cells: np.ndarray) -> None:
        return None


def box(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    return mask


def paint(*objects: tuple[np.ndarray, tuple[int, int, int]]) -> np.ndarray:
    rgb = np.full((HEIGHT, WIDTH, 3), (120, 150, 110), np.uint8)
    for mask, colour in objects:
        rgb[mask] = colour
    return rgb


def test_two_colours_that_touch_are_two_to_the_pixel() -> None:
    red, blue = box(40, 50, 157, 150), box(157, 70, 260, 170)
    numbers = split_by_looks(paint((red, RED), (blue, BLUE)), red | blue, ByColour(), 0.45)
    np.testing.assert_array_equal(numbers > 0, red | blue)
    assert set(np.unique(numbers)) == {0, 1, 2}
    for truth in (red, blue):
        own = numbers == np.bincount(numbers[truth]).argmax()
        assert (own & truth).sum() / (own | truth).sum() > 0.97


def test_what_an_object_in_front_divides_stays_one() -> None:
    bar, post = box(40, 80, 260, 130), box(130, 40, 170, 170)
    numbers = split_by_looks(paint((bar, RED), (post, BLUE)), bar | post, ByColour(), 0.45)
    assert numbers.max() == 2
    assert numbers[100, 60] == numbers[100, 240] != numbers[60, 150]


def test_one_colour_stays_whole_and_parts_keep_apart() -> None:
    left, right = box(20, 50, 120, 150), box(180, 50, 280, 150)
    numbers = split_by_looks(paint((left | right, RED)), left | right, ByColour(), 0.45)
    assert numbers.max() == 2
    assert len(np.unique(numbers[left])) == len(np.unique(numbers[right])) == 1


def test_what_covers_few_cells_is_not_asked_about() -> None:
    thin = box(20, 100, 280, 103)
    small = box(10, 10, 40, 30)
    grouping = ByColour()
    numbers = split_by_looks(paint((small, RED)), thin | small, grouping, 0.99)
    assert numbers.max() == 2
    assert grouping.asked == 0
    assert split_by_looks(paint(), np.zeros((HEIGHT, WIDTH), bool), grouping, 0.5).max() == 0
    mask = box(20, 50, 280, 150)
    np.testing.assert_array_equal(split_by_looks(paint(), mask, Blind(), 0.9), mask.astype(int))


def test_the_mask_may_be_smaller_than_the_picture() -> None:
    red, blue = box(40, 50, 157, 150), box(157, 70, 260, 170)
    rgb = cv2.resize(paint((red, RED), (blue, BLUE)), (777, 518))
    numbers = split_by_looks(rgb, red | blue, ByColour(), 0.45)
    assert numbers.shape == (HEIGHT, WIDTH)
    assert numbers.max() == 2


def test_cells_count_that_are_covered_by_more_than_half() -> None:
    mask = np.zeros((64, 96), bool)  # cells of 2 x 3 pixels
    mask[0:2, 0:3] = True  # all of cell 0
    mask[0:2, 3:4] = True  # a third of cell 1
    mask[2:4, 0:2] = True  # two thirds of cell 32
    assert covered_cells(mask).tolist() == [0, CELLS]
