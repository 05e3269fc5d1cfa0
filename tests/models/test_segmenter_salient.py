"""Engine `salient` on drawn pictures, with a drawn saliency map and with its own network."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from compose.core.boxes import Box
from compose.core.errors import MaskError
from compose.models.grab_cut import grab_cut
from compose.models.grouping import CELLS
from compose.models.outlines import Window, window_around
from compose.models.saliency import open_saliency
from compose.models.segmenter import Prompt
from compose.models.segmenter_salient import SalientConfig, SalientSegmenter

WIDTH, HEIGHT = 300, 200
RED, BLUE = (210, 40, 30), (30, 60, 200)


def disc(x: int, y: int, radius: int) -> np.ndarray:
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (x, y), radius, 1, -1) > 0


def scene(*objects: tuple[np.ndarray, tuple[int, int, int]]) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 4, (HEIGHT, WIDTH, 1))
    rgb = np.full((HEIGHT, WIDTH, 3), (120, 150, 110), float)
    for mask, colour in objects:
        rgb[mask] = colour
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


class Drawn:
    """A reader whose map is given: coarse, as a network's is, but right in the middle."""

    name = "drawn"

    def __init__(self, mask: np.ndarray, level: float = 1.0) -> None:
        blurred = cv2.blur(mask.astype(np.float32), (25, 25))
        self.map = level * np.clip(2 * (blurred - 0.5) + 0.5, 0, 1)

    def read(self, rgb: np.ndarray) -> np.ndarray:
        assert rgb.shape[:2] == self.map.shape
        return self.map


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_parts_become_instances_whose_edges_are_the_picture_s() -> None:
    red, blue = disc(80, 100, 50), disc(220, 110, 35)
    rgb = scene((red, RED), (blue, BLUE))
    reader = Drawn(red | blue)
    found = SalientSegmenter(reader).segment(rgb)
    assert len(found) == 2
    assert found[0].score >= found[1].score > 0.8
    assert {i.label for i in found} == {None}
    masks = sorted((i.mask for i in found), key=lambda mask: -mask.sum())
    for mask, truth in zip(masks, (red, blue), strict=True):
        assert mask.shape == (HEIGHT, WIDTH)
        assert mask.dtype == bool
        assert iou(mask, truth) > 0.97
    assert iou(masks[0] | masks[1], red | blue) > iou(reader.map > 0.5, red | blue) + 0.01
    assert not (masks[0] & masks[1]).any()


def test_touching_discs_are_two() -> None:
    left, right = disc(90, 100, 50), disc(200, 100, 50)
    bar = np.zeros_like(left)
    bar[94:106, 90:200] = True
    found = SalientSegmenter(Drawn(left | right | bar)).segment(scene((left | right | bar, RED)))
    assert len(found) == 2
    assert max(iou(i.mask, left) for i in found) > 0.9
    assert max(iou(i.mask, right) for i in found) > 0.9


@pytest.mark.parametrize(
    ("mask", "level"),
    [
        (np.zeros((HEIGHT, WIDTH), bool), 1.0),
        (disc(80, 100, 50), 0.8),  # too faint
        (disc(80, 100, 2), 1.0),  # too small
        (np.ones((HEIGHT, WIDTH), bool), 1.0),  # leaves nothing to stand in front of
    ],
)
def test_nothing_salient_is_no_instance(mask: np.ndarray, level: float) -> None:
    assert SalientSegmenter(Drawn(mask, level)).segment(scene((disc(80, 100, 50), RED))) == []


def test_the_next_object_is_found_once_the_first_is_gone() -> None:
    engine = SalientSegmenter(open_saliency("builtin"))
    red, blue = disc(110, 100, 60), disc(240, 120, 28)
    both, one, none = scene((red, RED), (blue, BLUE)), scene((blue, BLUE)), scene()
    first = engine.segment(both)
    assert max(iou(i.mask, red) for i in first) > 0.9
    (second,) = engine.segment(one)
    assert iou(second.mask, blue) > 0.6
    assert engine.segment(none) == []
    again = engine.segment(both)
    assert [i.score for i in again] == [i.score for i in first]
    for a, b in zip(again, first, strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (7, 3), (30, 400)])
def test_any_shape_is_taken(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    for instance in SalientSegmenter(open_saliency("builtin")).segment(rgb):
        assert instance.mask.shape == shape


def test_prompts_find_what_they_mean() -> None:
    engine = SalientSegmenter(open_saliency("builtin"))
    red, blue = disc(80, 100, 45), disc(220, 110, 35)
    rgb = scene((red, RED), (blue, BLUE))
    prompts = [
        Prompt(box=Box(180, 70, 260, 150)),
        Prompt(points=((80.0, 100.0, True), (220.0, 110.0, False))),
        Prompt(mask=red),
        Prompt(box=Box(30, 50, 130, 150), points=((80.0, 100.0, True),)),
    ]
    found = engine.prompt(rgb, prompts)
    for instance, truth in zip(found, (blue, red, red, red), strict=True):
        assert iou(instance.mask, truth) > 0.9
        assert 0 <= instance.score <= 1
    np.testing.assert_array_equal(found[2].mask, red)


class Corrected:
    """A network that knows the one true outline."""

    def __init__(self, truth: np.ndarray) -> None:
        self.truth = truth

    def refine(self, rgb: np.ndarray, mask: np.ndarray) -> tuple[Window, np.ndarray]:
        window = window_around(mask)
        return window, self.truth[window].astype(np.float32)


def test_what_prompts_find_is_corrected_as_far_as_they_allow() -> None:
    red, blue = disc(80, 100, 45), disc(220, 110, 35)
    rgb = scene((red, RED), (blue, BLUE))
    tail = cv2.rectangle(np.zeros((HEIGHT, WIDTH), np.uint8), (80, 95), (140, 105), 1, -1) > 0
    engine = SalientSegmenter(open_saliency("builtin"), outlines=Corrected(red | tail))
    narrow, wide = Prompt(box=Box(30, 50, 130, 150)), Prompt(box=Box(30, 50, 145, 150))
    one, other = engine.prompt(rgb, [narrow, wide])
    assert iou(one.mask, (red | tail) & ~disc(220, 100, 90)) > 0.95
    assert not one.mask[:, 130:].any()
    assert iou(other.mask, red | tail) > 0.95
    mask, point = Prompt(mask=red), ((80.0, 100.0, True),)
    given, pointed = engine.prompt(rgb, [mask, Prompt(points=point)])
    np.testing.assert_array_equal(given.mask, red)
    assert pointed.mask[100, 135]
    # what is said not to be meant does not come back
    (kept,) = engine.prompt(rgb, [Prompt(points=(*point, (138.0, 100.0, False)))])
    assert not kept.mask[100, 138]
    # a network that sees nothing there has no say
    nothing = SalientSegmenter(open_saliency("builtin"), outlines=Corrected(np.zeros_like(red)))
    assert iou(nothing.prompt(rgb, [narrow])[0].mask, red) > 0.9


@pytest.mark.parametrize(
    "prompt",
    [Prompt(), Prompt(points=((5.0, 5.0, False),)), Prompt(mask=np.zeros((200, 300), bool))],
)
def test_a_prompt_that_means_nothing_gets_one_sentence(prompt: Prompt) -> None:
    engine = SalientSegmenter(open_saliency("builtin"))
    with pytest.raises(MaskError, match="finds nothing at prompt 2"):
        engine.prompt(scene(), [Prompt(mask=disc(80, 100, 50)), prompt])


def test_a_box_at_the_border_stays_in_the_picture() -> None:
    engine = SalientSegmenter(open_saliency("builtin"))
    corner = disc(290, 190, 45)
    (found,) = engine.prompt(scene((corner, RED)), [Prompt(box=Box(245, 145, 340, 260))])
    assert iou(found.mask, corner) > 0.8


def test_edges_move_to_the_colours_and_certain_pixels_stay() -> None:
    truth = disc(150, 100, 60)
    soft = np.clip(
        0.5 + 0.02 * (66 - np.hypot(*(np.mgrid[0:HEIGHT, 0:WIDTH] - [[[100]], [[150]]]))), 0, 1
    )
    rgb, soft = scene((truth, RED)), soft.astype(np.float32)
    cut = grab_cut(rgb, soft)
    assert iou(cut > 0.5, truth) > 0.98 > iou(soft > 0.5, truth)
    inside, outside = disc(20, 20, 6), disc(150, 100, 6)
    forced = grab_cut(rgb, soft, inside=inside, outside=outside)
    assert (forced[inside] == 1).all()
    assert (forced[outside] == 0).all()


def test_segmenting_imports_no_torch() -> None:
    code = (
        "import sys, numpy\n"
        "from compose.models.segmenters import open_segmenter, segmenters_here\n"
        "open_segmenter().segment(numpy.zeros((40, 60, 3), 'uint8'))\n"
        "segmenters_here()\n"
        "sys.exit(' '.join({'torch', 'transformers'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Sides:
    """Cells left and right of the middle are of two objects."""

    def affinity(self, rgb: np.ndarray, cells: np.ndarray) -> np.ndarray:
        right = cells % CELLS >= CELLS // 2
        return np.where(right[:, None] == right, 0.9, 0.05).astype(np.float32)


def test_what_looks_part_is_parted_and_necks_only_elsewhere() -> None:
    block = np.zeros((HEIGHT, WIDTH), bool)
    block[50:150, 60:240] = True
    rgb = scene((block, RED))
    rgb[:, 150:][block[:, 150:]] = BLUE
    assert len(SalientSegmenter(Drawn(block)).segment(rgb)) == 1
    found = SalientSegmenter(Drawn(block), grouping=Sides()).segment(rgb)
    assert len(found) == 2
    for half in (np.s_[:, :150], np.s_[:, 150:]):
        truth = np.zeros_like(block)
        truth[half] = block[half]
        assert max(iou(i.mask, truth) for i in found) > 0.95
    # a neck in what looks leave whole, and none in what they part
    left, right, across = disc(40, 60, 30), disc(110, 60, 30), block & False
    across[56:64, 40:110] = True
    necked = left | right | across
    rgb = scene((necked, RED))
    assert len(SalientSegmenter(Drawn(necked), grouping=Sides()).segment(rgb)) == 2
    config = SalientConfig(most_alike=0)
    assert len(SalientSegmenter(Drawn(block), config, Sides()).segment(scene((block, RED)))) == 1


def test_what_fills_the_picture_is_not_taken_apart() -> None:
    everything = np.ones((HEIGHT, WIDTH), bool)
    engine = SalientSegmenter(Drawn(everything), grouping=Sides())
    assert engine.segment(scene((disc(80, 100, 50), RED))) == []
