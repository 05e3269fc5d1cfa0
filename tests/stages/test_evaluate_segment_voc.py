"""Mean IoU of label maps worked out by hand, the reader's rule, and the rules of merging."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.instances import Instance
from compose.core.voc import VOC_CLASSES
from compose.data.voc import read_voc
from compose.stages.evaluate_segment import Engines, Seconds
from compose.stages.evaluate_segment_voc import VocScores, class_of, evaluate_voc
from compose.stages.segment_config import SegmentConfig
from compose.stages.segment_found import Found
from compose.stages.segment_loop import run_loop

SHAPE = (40, 60)
DOG, PERSON = VOC_CLASSES.index("dog"), VOC_CLASSES.index("person")
GROUND, FUR, SKIN = (90, 160, 90), (200, 120, 40), (220, 180, 160)
MERGES = ("first-wins", "last-wins", "strict-and")


def box(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[y1:y2, x1:x2] = True
    return mask


PERSON_BOX, DOG_BOX = box(20, 5, 40, 35), box(30, 10, 50, 30)  # the dog goes on behind the person


class Skin:
    """Finds a person; once that is gone, the dog that it says is a cow."""

    name = "skin"

    def __init__(self, label: str | None = None) -> None:
        self._label = label

    def segment(self, rgb: np.ndarray) -> list[Instance]:
        person, dog = (rgb == SKIN).all(-1), (rgb == FUR).all(-1)
        if person.any():
            return [Instance(person, 0.9)]
        return [Instance(dog, 0.9, self._label)] if dog.any() else []


class Fur:
    """Fills holes with the whole dog before the ground."""

    name, multiple, limit = "fur", 1, None

    def fill(self, rgb: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
        return np.where(DOG_BOX[..., None], np.array(FUR, np.uint8), np.array(GROUND, np.uint8))


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """A picture, and its classes with an ignored column beside the person."""
    rgb = np.full((*SHAPE, 3), GROUND, np.uint8)
    classes = np.zeros(SHAPE, np.uint8)
    for mask, colour, number in ((DOG_BOX, FUR, DOG), (PERSON_BOX, SKIN, PERSON)):
        rgb[mask], classes[mask] = colour, number
    classes[:, 19] = 255
    return rgb, classes


CONFIG = SegmentConfig(iterations=2, stability="off", dilate=0, dilate_least=1, feather=0)


def found(visible: np.ndarray, amodal: np.ndarray, label: str | None = None) -> Found:
    return Found(0, 0, label, 1.0, visible, amodal, 0.0, False, 0)


def test_the_reader_s_rule() -> None:
    _, truth = drawn()
    nothing = np.zeros(SHAPE, bool)
    assert class_of(found(PERSON_BOX, PERSON_BOX), truth) == PERSON
    # 300 pixels of the person, 200 of the dog; then 200 of the dog, 100 of the ground
    assert class_of(found(box(30, 5, 40, 35) | DOG_BOX, nothing), truth) == PERSON
    assert class_of(found(box(40, 10, 55, 30), nothing), truth) == DOG
    # mostly background
    assert class_of(found(box(0, 0, 60, 9), nothing), truth) == 0
    # the whole extent lies mostly on the person, what is visible of it is the dog
    assert class_of(found(DOG_BOX & ~PERSON_BOX, box(22, 10, 50, 30)), truth) == DOG
    # nothing visible: the whole extent decides
    assert class_of(found(nothing, PERSON_BOX), truth) == PERSON
    # ignored pixels have no vote, and none at all is background
    assert class_of(found(box(19, 5, 21, 35), nothing), truth) == PERSON
    assert class_of(found(box(19, 0, 20, 40), nothing), truth) == 0
    # a class of its own goes before the truth; a label that is none of VOC's does not
    assert class_of(found(PERSON_BOX, PERSON_BOX, "cow"), truth) == VOC_CLASSES.index("cow")
    assert class_of(found(PERSON_BOX, PERSON_BOX, "zebra"), truth) == PERSON


def test_rules_of_merging_by_hand() -> None:
    rgb, truth = drawn()
    result = run_loop(rgb, Skin(), lambda p, h, s: Fur().fill(p, h, s), CONFIG)
    scores = VocScores("x")
    scores.add(truth, result, MERGES, [1, 2])
    rows = {(row["merge"], row["iterations"]): row for row in scores.rows()}

    def ious(merge: str, count: int) -> tuple[float | None, ...]:
        classes = rows[merge, count]["classes"]
        return tuple(classes[name] for name in ("background", "dog", "person"))

    # 2400 pixels: 40 ignored, 600 person, 200 dog, 1560 background
    alone = (pytest.approx(1560 / 1760), 0, 1)
    for merge in MERGES:
        assert ious(merge, 1) == alone  # one pass is one pass
    assert ious("first-wins", 2) == (1, 1, 1)
    # the dog is painted over 200 of the person's 600 pixels
    assert ious("last-wins", 2) == (1, pytest.approx(200 / 400), pytest.approx(400 / 600))
    # what both rounds found: of person and dog the 200 pixels where they overlap, for the person
    assert ious("strict-and", 2) == (
        pytest.approx(1560 / (1560 + 200 + 400)),
        0,
        pytest.approx(200 / 600),
    )
    gain = rows["first-wins", 2]["gain"]
    assert gain["difference"] == pytest.approx(1 - (1560 / 1760 + 0 + 1) / 3)
    assert rows["last-wins", 2]["gain"]["difference"] < gain["difference"]
    assert "gain" not in rows["first-wins", 1]
    assert (rows["first-wins", 1]["instances"], rows["first-wins", 2]["instances"]) == (1, 2)


def test_classes_of_the_segmenter_count_for_and_against_it() -> None:
    rgb, truth = drawn()
    result = run_loop(rgb, Skin("cow"), lambda p, h, s: Fur().fill(p, h, s), CONFIG)
    scores = VocScores("x")
    scores.add(truth, result, ["first-wins"], [2])
    (row,) = scores.rows()
    assert row["classes"]["dog"] == row["classes"]["cow"] == 0
    assert row["miou"]["value"] == pytest.approx((1 + 0 + 0 + 1) / 4)


def test_photographs_are_read_at_their_own_size(tmp_path: Path) -> None:
    rgb, truth = drawn()
    for folder in ("JPEGImages", "SegmentationClass"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b"):
        Image.fromarray(rgb).save(tmp_path / "JPEGImages" / f"{name}.png")
        (tmp_path / "JPEGImages" / f"{name}.png").rename(tmp_path / "JPEGImages" / f"{name}.jpg")
        Image.fromarray(truth).save(tmp_path / "SegmentationClass" / f"{name}.png")
    (tmp_path / "val.txt").write_text("a b")
    steps: list[int] = []
    scores = evaluate_voc(
        read_voc(tmp_path, "val"),
        Engines(Skin(), Fur(), CONFIG),
        ["first-wins"],
        [1, 2],
        advance=lambda: steps.append(1),
    )
    assert len(steps) == 2
    row = scores.rows()[1]
    assert row["pictures"] == 2
    assert row["miou"] == {"value": 1, "low": 1, "high": 1}
    assert scores.inpainter == "fur"
    # both iterations of both pictures were timed, and nothing else
    assert [len(taken) for _, taken in sorted(scores.seconds.of.items())] == [2, 2]


def test_seconds_are_those_of_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 1.0, 4.0, 10.0, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    seconds = Seconds()
    seconds.step(0, 2, "segmenting")  # begins at 0
    seconds.step(0, 2, "filling")
    seconds.step(1, 2, "segmenting")  # ends the first at 1 and begins at 1
    seconds.stop()  # at 4
    seconds.stop()
    seconds.step(0, 2, "segmenting")  # another picture, from 10 to 12
    seconds.stop()
    assert seconds.of == {0: [1, 2], 1: [3]}
    assert seconds.means() == [1.5, 3]
    assert seconds.total() == 6
