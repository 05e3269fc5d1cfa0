"""What a user points at, from options and from files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from compose.core.boxes import Box
from compose.core.errors import DataError, InputError, UsageError
from compose.stages.segment_prompts import (
    Request,
    make_prompts,
    make_requests,
    parse_point,
    read_requests,
)

BOX = Box(10, 20, 60, 50)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3,4", (3, 4, True)), ("3.5, 4,1", (3.5, 4, True)), ("3,4,0", (3, 4, False))],
)
def test_points_are_read(text, expected):
    assert parse_point(text) == expected


@pytest.mark.parametrize("text", ["", "3", "3,4,2", "a,b", "nan,1", "1,2,3,4", "inf,2"])
def test_what_is_no_point_is_refused(text):
    with pytest.raises(UsageError, match=r"x,y,0"):
        parse_point(text)


def test_options_make_objects(tmp_path):
    points = [(1, 2, True), (3, 4, False)]
    assert make_requests(points, [], []) == (Request(tuple(points)),)
    assert make_requests(points, [BOX], []) == (Request(tuple(points), BOX),)
    other, mask = Box(0, 0, 5, 5), tmp_path / "m.png"
    assert make_requests([], [BOX, other], [mask]) == (
        Request(box=BOX), Request(box=other), Request(mask=mask),
    )  # fmt: skip
    assert make_requests([], [], []) == ()
    with pytest.raises(UsageError, match="--prompts"):
        make_requests(points, [BOX, other], [])


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_a_file_of_prompts_is_read(tmp_path):
    entry = {"points": [[1, 2], [3, 4, 0]], "box": [10, 20, 60, 50], "mask": "m.png"}
    expected = Request(((1, 2, True), (3, 4, False)), BOX, tmp_path / "m.png")
    path = write(tmp_path / "p.json", [entry, {"points": [[5, 6, 1]]}])
    assert read_requests(path, "a.jpg") == (expected, Request(((5, 6, True),)))
    by_name = write(tmp_path / "q.json", {"a.jpg": [entry], "b.jpg": []})
    assert read_requests(by_name, "a.jpg") == (expected,)
    with pytest.raises(DataError, match=r"no prompts for c\.jpg"):
        read_requests(by_name, "c.jpg")


@pytest.mark.parametrize(
    "value",
    [
        "{", "null", "3", "[]", "[3]", "[{}]", '[{"point": [1, 2]}]', '[{"points": [[1]]}]',
        '[{"points": [["a", 2]]}]', '[{"points": 3}]', '[{"box": [1, 2, 3]}]', '[{"mask": 3}]',
        '[{"box": [5, 5, 1, 9]}]', '[{"box": [1, 2, NaN, 9]}]', '[{"points": []}]', "[" * 100_000,
        '{"a.jpg": 3}', '[{"box": null}]',
    ],
)  # fmt: skip
def test_a_file_of_anything_else_is_refused_in_one_sentence(tmp_path, value):
    path = write(tmp_path / "p.json", value)
    with pytest.raises(DataError) as failure:
        read_requests(path, "a.jpg")
    assert "\n" not in str(failure.value)
    assert str(failure.value).endswith(".")


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="check its name"):
        read_requests(tmp_path / "p.json", "a.jpg")


def test_prompts_are_in_pixels_of_the_search(tmp_path):
    mask = np.zeros((100, 200), np.uint8)
    mask[40:80, 20:60] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    request = Request(((50, 30, True),), Box(-5, 20, 60, 500), tmp_path / "m.png")
    (prompt,) = make_prompts([request], (200, 100), (100, 50))
    assert prompt.points == ((25, 15, True),)
    assert prompt.box == Box(0, 10, 30, 50)
    assert prompt.mask.shape == (50, 100)
    assert np.array_equal(np.argwhere(prompt.mask)[[0, -1]], [[20, 10], [39, 29]])


def test_a_thin_mask_does_not_vanish(tmp_path):
    mask = np.zeros((100, 200), np.uint8)
    mask[40, 20] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    (prompt,) = make_prompts([Request(mask=tmp_path / "m.png")], (200, 100), (40, 20))
    assert prompt.mask.sum() == 1


@pytest.mark.parametrize(
    "wanted",
    [
        Request(((200, 5, True),)),
        Request(((3, -1, True),)),
        Request(box=Box(300, 0, 400, 9)),
    ],
)
def test_what_lies_outside_is_refused(wanted):
    with pytest.raises(InputError, match="outside of the picture of 200x100"):
        make_prompts([wanted], (200, 100), (200, 100))
