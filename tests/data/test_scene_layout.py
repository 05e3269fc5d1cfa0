"""Layout files: what they say, and the sentence for each way of saying it wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.core.boxes import Box
from compose.core.errors import DataError, UsageError
from compose.data.scene_layout import ObjectSpec, parse_order, read_layouts

FOLDER = Path("layouts")
CUP = {"image": "cup.png", "at": [1, 2, 30.5, 40]}
GOOD = {"background": "room.jpg", "objects": [CUP]}


def read(text):
    return read_layouts(text, "l.json", FOLDER)


def only(row):
    (entry,) = read(json.dumps(row))
    return entry


def test_everything_a_composite_can_say():
    saucer = {"image": "saucer.jpg", "mask": "m.png", "at": "where.png"}
    entry = only(GOOD | {"objects": [CUP, saucer], "order": [1, 0], "out": "a/b.png", "seed": 3})
    assert entry.problem is None
    scene = entry.scene
    assert scene.background == FOLDER / "room.jpg"
    assert scene.objects == (
        ObjectSpec(FOLDER / "cup.png", Box(1, 2, 30.5, 40)),
        ObjectSpec(FOLDER / "saucer.jpg", FOLDER / "where.png", FOLDER / "m.png"),
    )
    assert (scene.order, scene.out, scene.seed) == ((1, 0), "a/b.png", 3)


def test_one_a_list_and_lines_are_the_same():
    one = json.dumps(GOOD)
    assert read(f"[{one}, {one}]") == read(f"{one}\n\n{one}\n")
    assert read(one)[0].scene == read(f"\ufeff[{one}]")[0].scene
    assert read(one)[0].scene.order is None


def test_a_bad_line_does_not_cost_the_others():
    good = json.dumps(GOOD)
    first, second, third = read(f"{good}\n{{nonsense\n{good}")
    assert first.scene == third.scene
    assert second.problem == "composite 2 of l.json is no valid JSON; correct the line."


def test_what_ends_lines_elsewhere_does_not_in_json():
    good = json.dumps(GOOD | {"background": "a\u2028b.jpg"}, ensure_ascii=False)
    found = read(f"{good}\n{good}")
    assert [entry.scene.background.name for entry in found] == 2 * ["a\u2028b.jpg"]


def test_a_number_beyond_all_others_costs_its_composite_alone():
    far = GOOD | {"objects": [CUP | {"at": [1, 2, 3, int("9" * 400)]}]}
    first, second = read(f"{json.dumps(GOOD)}\n{json.dumps(far)}")
    assert first.problem is None
    assert "has no place" in second.problem


@pytest.mark.parametrize("text", ["", "  \n", "[]", "{", "no"])
def test_a_file_without_composites_is_refused(text):
    with pytest.raises(UsageError, match=r"l\.json"):
        read(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"background": None}, "names no file under background"),
        ({"background": 3}, "names no file under background"),
        ({"objects": []}, "has no objects"),
        ({"objects": "cup"}, "has no objects"),
        ({"objects": [3]}, "object 0 of composite 1 of l.json is no JSON object"),
        ({"objects": [{"image": "a.png"}]}, "has no place"),
        ({"objects": [CUP | {"at": [1, 2, 3]}]}, "has no place"),
        ({"objects": [CUP | {"at": [1, 2, True, 4]}]}, "has no place"),
        ({"objects": [CUP | {"where": 1}]}, "unknown key 'where'"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"order": [1]}, "has to hold each of 0 once"),
        ({"order": "first"}, "has to hold each of 0 once"),
        ({"seed": -1}, "no whole number"),
        ({"seed": 1.5}, "no whole number"),
        ({"out": "/etc/a.png"}, "path below --out"),
        ({"out": "../a.png"}, "path below --out"),
        ({"out": "a\\b.png"}, "path below --out"),
        ({"out": ""}, "path below --out"),
        ({"out": 3}, "path below --out"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(change, sentence):
    entry = only(GOOD | change)
    assert entry.scene is None
    assert sentence in entry.problem
    assert entry.problem.endswith(".")
    assert "\n" not in entry.problem


def test_what_is_no_object_is_refused():
    assert "no JSON object" in only([GOOD, 3][1:]).problem


def test_orders():
    assert parse_order(None, 2, "x") is None
    assert parse_order("auto", 2, "x") is None
    assert parse_order([1, 0], 2, "x") == (1, 0)
    for bad in ([0], [0, 0], [1, 2], [True, False], 3):
        with pytest.raises(DataError):
            parse_order(bad, 2, "x")
