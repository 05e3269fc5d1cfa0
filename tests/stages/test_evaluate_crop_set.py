"""Figures on data sets of drawn and of rated crops, on cases worked out in comments."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import DataError, OutputError, UsageError
from compose.data.crop_example import CropExample
from compose.data.crop_sets import CROP_SETS
from compose.models.crop_belief import CropBelief
from compose.stages.crop_published import PUBLISHED
from compose.stages.crop_tables import as_csv, as_markdown, require_table, write_table
from compose.stages.evaluate_crop_set import (
    CropSetConfig,
    SetScores,
    compare_sets,
    evaluate_on,
)


class Knowing:
    """An engine that believes in the left half of every picture."""

    name, side = "knowing", 64

    def read(self, rgb: np.ndarray) -> CropBelief:
        return CropBelief.certain((0, 0, 0.5, 1))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Of 80 x 40 pixels."""
    path = tmp_path / "a.png"
    Image.new("RGB", (80, 40), "grey").save(path)
    return path


def test_drawn_crops_are_compared_with_the_best_annotator(picture: Path) -> None:
    truth = np.array([[0, 0, 60, 40], [0, 0, 32, 40], [0, 0, 40, 90.0]])
    example = CropExample(picture, truth, None, None, "a")
    steps: list[int] = []
    scores = evaluate_on(Knowing(), [example], CROP_SETS["flms"], advance=lambda: steps.append(1))
    means = scores.means(CropSetConfig())
    # the crop is (0,0,40,40); the third annotation leaves the picture. IoUs 40/60 and 32/40;
    # at the latter the right edge is 8 of 80 off: .1 / 4
    assert means["iou_1"] == pytest.approx(0.8)
    assert means["disp_1"] == means["disp_1_independent"] == pytest.approx(0.025)
    assert means["recall@0.75"] == 1
    assert (scores.photographs, len(steps)) == (1, 1)


def test_rated_candidates_are_ranked_and_found(picture: Path) -> None:
    # the left half, all of it, the left quarter, and the right half
    crops = np.array([[0, 0, 40, 40], [0, 0, 80, 40], [0, 0, 20, 40], [40, 0, 80, 40.0]])
    example = CropExample(picture, crops, np.array([3.0, 5, 2, 1]), None, "a")
    scores = evaluate_on(Knowing(), [example], CROP_SETS["gaicd"])
    means = scores.means(CropSetConfig())
    # expected overlaps with the left half: 1, 1/2, 1/2, 0, against 3 5 2 1. Of four candidates
    # every one is among the five best
    assert means["acc_1_of_5"] == means["bar_acc_10"] == 1
    # ranks of the predictions 3 1.5 1.5 0, of the ratings 2 3 1 0: deviations 1.5 0 0 -1.5 and
    # .5 1.5 -.5 -1.5: (.75 + 2.25) / sqrt(4.5 * 5)
    assert means["srcc"] == pytest.approx(3 / np.sqrt(22.5))
    # the only crop found is the left half; the best rated one is all of it, overlapping by 1/2
    assert means["hit_best@5@0.90"] == 0
    assert means["iou_best"] == pytest.approx(0.5)
    # one of four predictions hits, and the rest are not there
    assert (means["acc_1_of_5@0.90"], means["acc_4_of_5@0.90"]) == (1, 0.25)
    # the only crop of 4 or better is all of the picture, which is not found
    assert means["ap_5@0.90"] == 0


def test_comparison_leaves_out_photographs_without_a_figure() -> None:
    first = SetScores("a", {"srcc": [0.5, float("nan"), 0.7]}, pairs=[True, False])
    other = SetScores("b", {"srcc": [0.4, 0.1, 0.6]}, pairs=[True, True])
    (row,) = compare_sets(first, [other])
    assert row["srcc"]["difference"] == pytest.approx(0.1)  # type: ignore[index]
    assert row["pair_accuracy"]["difference"] == -0.5  # type: ignore[index]
    assert first.means(CropSetConfig())["srcc"] == pytest.approx(0.6)


def test_missing_photographs_and_empty_sets_are_refused(picture: Path) -> None:
    boxes = np.array([[0, 0, 400, 400.0]])
    leaves = CropExample(picture, boxes, None, None, "a")
    with pytest.raises(DataError, match="no crop within"):
        evaluate_on(Knowing(), [leaves], CROP_SETS["flms"])
    gone = CropExample(picture.with_name("b.png"), boxes, None, None, "b")
    with pytest.raises(DataError, match=r"b\.png is missing"):
        evaluate_on(Knowing(), [gone], CROP_SETS["flms"])


def test_published_figures_never_stand_under_the_name_of_another() -> None:
    for row in PUBLISHED:
        assert row.dataset in CROP_SETS
        for name, value in row.figures.items():
            assert 0 < value < 1
            # an accuracy of unknown definition is nobody's column
            assert name.startswith(("iou_", "disp_")) or name.endswith("as printed")


def test_tables(tmp_path: Path) -> None:
    rows = [{"a": "x|y", "b": 0.5}, {"a": "z", "c": None}]
    assert as_csv(rows) == "a,b,c\nx|y,0.5,\nz,,\n"
    expected = "| a | b | c |\n| --- | ---: | ---: |\n| x\\|y | 0.5000 | - |\n| z | - | - |\n"
    assert as_markdown(rows) == expected
    write_table(tmp_path / "deep/t.md", rows)
    assert (tmp_path / "deep/t.md").read_text() == expected
    with pytest.raises(UsageError, match=r"\.csv or \.md"):
        write_table(tmp_path / "t.txt", rows)


def test_a_table_that_cannot_be_written_is_refused_before_it_is_made(tmp_path: Path) -> None:
    require_table(tmp_path / "deep/er/t.csv")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*t\.csv .*to another folder"):
        require_table(tmp_path / "file/t.csv")
    (tmp_path / "t.md").mkdir()
    with pytest.raises(OutputError, match=r"t\.md is a folder; give the table another name"):
        require_table(tmp_path / "t.md")
    if sys.platform == "linux":
        with pytest.raises(OutputError, match=r"cannot write /proc/foo\.csv"):
            require_table(Path("/proc/foo.csv"))
    assert {path.name for path in tmp_path.iterdir()} == {"file", "t.md"}


class Unsure(Knowing):
    """Believes in either half."""

    def read(self, rgb: np.ndarray) -> CropBelief:
        boxes = np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1]], np.float32)
        return CropBelief(boxes, np.array([0.6, 0.4], np.float32))


def test_the_first_three_are_three_however_many_are_asked_for(picture: Path) -> None:
    drawn = CropExample(picture, np.array([[40, 0, 80, 40.0]]), None, None, "a")
    one, five = (
        evaluate_on(Unsure(), [drawn], CROP_SETS["flms"], CropSetConfig(topk=k)).means(
            CropSetConfig()
        )
        for k in (1, 5)
    )
    assert one["iou_1"] == 0
    assert one["best_iou"] == 0  # of the first alone
    assert five["best_iou"] == 1
    for name in ("iou_1", "iou_2", "iou_3", "disp_2", "disp_3"):
        assert one[name] == five[name]


def test_thresholds_that_look_alike_have_names_of_their_own(picture: Path) -> None:
    crops = np.array([[0, 0, 40, 40.0]])
    example = CropExample(picture, crops, np.array([5.0]), None, "a")
    config = CropSetConfig(eps=(0.9, 0.901, 0.904))
    means = evaluate_on(Knowing(), [example], CROP_SETS["gaicd"], config).means(config)
    assert {name for name in means if name.startswith("acc_1_of_5@")} == {
        "acc_1_of_5@0.90", "acc_1_of_5@0.901", "acc_1_of_5@0.904",
    }  # fmt: skip
