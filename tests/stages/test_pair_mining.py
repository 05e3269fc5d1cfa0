"""Which objects make a pair, against a plain search, and what their masks tell."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import DataError, ImageError
from compose.data.raw import ListedPicture, RawObject, Region, Segmentation
from compose.data.raw_sets import RawSet
from compose.stages.pair_masks import contact_length, seen_parts
from compose.stages.pair_mining import (
    MiningConfig,
    best_pair,
    best_three,
    candidates,
    find_group,
    group_of,
    overlaps,
)

from ..data.raw_trees import SPECK, TALL, TREES, WIDE, polygon, rect_mask, xywh

coordinates = st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2)
some_boxes = st.lists(coordinates, min_size=1, max_size=6)


def plain_overlaps(boxes: list[Box], inside: float) -> list[list[float]]:
    """As METHODS says it, box by box."""

    def within(a: Box, b: Box) -> bool:
        low = a.x1 >= b.x1 - inside and a.y1 >= b.y1 - inside
        return low and a.x2 <= b.x2 + inside and a.y2 <= b.y2 + inside

    rows = [[0.0] * len(boxes) for _ in boxes]
    for (i, a), (j, b) in combinations(enumerate(boxes), 2):
        width = min(a.x2, b.x2) - max(a.x1, b.x1)
        height = min(a.y2, b.y2) - max(a.y1, b.y1)
        if width > 0 and height > 0 and not within(a, b) and not within(b, a):
            common = width * height
            rows[i][j] = rows[j][i] = common / (a.area + b.area - common)
    return rows


@given(some_boxes, st.sampled_from([0.0, 2.0]))
def test_choices_are_those_of_a_plain_search(
    given_boxes: list[tuple[int, int, int, int]], inside: float
) -> None:
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in given_boxes]
    truth = plain_overlaps(boxes, inside)
    overlap = overlaps(np.array(boxes, np.float64), inside)
    assert np.allclose(overlap, truth)
    pair = best_pair(overlap)
    best = max((truth[i][j] for i, j in combinations(range(len(boxes)), 2)), default=0.0)
    if best == 0:
        assert pair is None
    else:
        assert pair is not None
        assert pair[0] < pair[1]
        assert truth[pair[0]][pair[1]] == pytest.approx(best)
    three = best_three(overlap)
    anchors = [row for row in truth if sum(value > 0 for value in row) >= 2]
    if not anchors:
        assert three is None
    else:
        assert three is not None
        top = max(map(sum, anchors))
        fits = []
        for k in three:
            partners = sorted((truth[k][j] for j in three if j != k), reverse=True)
            wanted = sorted(truth[k], reverse=True)[:2]
            fits.append(np.allclose(partners, wanted) and np.isclose(sum(truth[k]), top))
        assert any(fits)


def picture(tmp_path: Path, objects: list[RawObject]) -> ListedPicture:
    path = tmp_path / "a.png"
    Image.new("RGB", (120, 80)).save(path)
    return ListedPicture("a", path, tuple(objects))


def rectangle(rect: tuple[int, int, int, int], crowd: bool = False) -> RawObject:
    x, y, w, h = xywh(rect)
    return RawObject("x", crowd, Box(x, y, x + w, y + h), Segmentation([polygon(rect)]))


def test_boxes_within_others_make_no_pair(tmp_path: Path) -> None:
    """The published test takes corners for sizes: of these it keeps the first and drops none."""
    outer, inner, apart = (10, 10, 70, 70), (30, 30, 71, 72), (80, 10, 110, 60)
    assert find_group(picture(tmp_path, [rectangle(outer), rectangle(inner), rectangle(apart)]),
                      "overlap", MiningConfig()) is None  # fmt: skip
    out = (30, 30, 73, 70)
    found = find_group(picture(tmp_path, [rectangle(outer), rectangle(out)]), "overlap",
                       MiningConfig())  # fmt: skip
    assert found == (0, 1)


def test_crowds_and_specks_are_left_out(tmp_path: Path) -> None:
    objects = [rectangle(SPECK), rectangle(WIDE, crowd=True), rectangle(TALL)]
    assert find_group(picture(tmp_path, objects), "overlap", MiningConfig()) is None
    objects.append(rectangle(WIDE))
    assert find_group(picture(tmp_path, objects), "overlap", MiningConfig()) == (2, 3)
    assert [each.place for each in candidates(picture(tmp_path, objects), MiningConfig())] == [2, 3]
    # exactly the ratio is not more than it
    exact = rect_mask(WIDE).mean()
    assert find_group(picture(tmp_path, objects), "overlap", MiningConfig(exact)) is None
    assert find_group(picture(tmp_path, []), "overlap", MiningConfig()) is None


def test_boxes_only_save_work(tmp_path: Path) -> None:
    """A mask whose box is too small is never decoded."""
    broken = RawObject("x", False, Box(0, 0, 5, 5), Segmentation("no mask"))
    group = picture(tmp_path, [broken, rectangle(TALL), rectangle(WIDE)])
    assert find_group(group, "overlap", MiningConfig()) == (1, 2)


@pytest.mark.parametrize("name", sorted(TREES))
@pytest.mark.parametrize("count", [2, 3])
def test_every_set_gives_its_groups(name: str, count: int, tmp_path: Path) -> None:
    raw = RawSet(name, TREES[name](tmp_path))
    found = [
        find_group(each, raw.rule, MiningConfig(objects=count)) for each in raw.pictures("train")
    ]
    first = raw.pictures("train")[0].objects()
    labels = None if found[0] is None else [first[k].label for k in found[0]]
    assert sorted(found, key=str) == sorted([found[0], found[0], None], key=str)  # one is empty
    if count == 2:
        assert labels == {
            "coco": ["box", "box"], "lvis": ["box", "box"], "objects365": [None, None],
            "cityscapes": ["car", "truck"], "mapillary": ["bus", "car"], "bdd100k": ["car", "bus"],
            "vitonhd": ["upper clothes", "face"],  # the largest first
        }[name]  # fmt: skip
    else:
        assert labels == (["upper clothes", "face", "pants"] if name == "vitonhd" else None)


def test_three_that_meet(tmp_path: Path) -> None:
    rects = [(0, 0, 30, 30), (20, 20, 60, 60), (70, 0, 110, 40), (50, 30, 90, 70)]
    group = picture(tmp_path, [rectangle(rect) for rect in rects])
    assert find_group(group, "overlap", MiningConfig(objects=3)) == (1, 2, 3)


def test_damage_is_an_input_error(tmp_path: Path) -> None:
    group = picture(tmp_path, [rectangle(TALL), rectangle(WIDE)])
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ImageError):
        find_group(group, "overlap", MiningConfig())
    with pytest.raises(DataError, match="changed"):
        group_of(group, [0, 2])


def test_regions_of_another_size_are_refused(tmp_path: Path) -> None:
    numbers = np.ones((40, 60), np.uint16)
    two = [RawObject("x", False, None, Region(numbers, value)) for value in (1, 2)]
    with pytest.raises(DataError, match="60x40"):
        find_group(picture(tmp_path, two), "largest", MiningConfig())


def test_whoever_is_in_front_has_what_both_claim() -> None:
    large, small = rect_mask((0, 0, 60, 60)), rect_mask((40, 40, 80, 70))
    a, b = seen_parts([large, small])
    assert (b == small).all()
    assert (a == (large & ~small)).all()
    a, b = seen_parts([large, small], [0, 1])
    assert (a == large).all()
    assert (b == (small & ~large)).all()
    a, b = seen_parts([large, large], [1, 0])
    assert (a == large).all()  # or nothing would be left


def test_the_length_of_a_seam() -> None:
    left, right = rect_mask((0, 20, 40, 60)), rect_mask((40, 20, 80, 60))
    # 40 pixels on either side, and those at the ends that are two away
    assert contact_length(left, right) == 42
    assert contact_length(left, rect_mask((41, 20, 80, 60))) == 40  # a gap of a pixel
    assert contact_length(left, rect_mask((42, 20, 80, 60))) == 0
    assert contact_length(left, rect_mask((40, 40, 80, 79))) == contact_length(
        rect_mask((40, 40, 80, 79)), left
    )
