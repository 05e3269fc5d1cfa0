"""Subjects that MobileSAM's objects and the network that ships agree upon, or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import ModelError, UsageError
from compose.core.images import load_picture, load_reduced
from compose.core.instances import Instance
from compose.models.subjects import Found
from compose.stages.crop_finders import (
    MOST_SUBJECTS,
    FoundSubjects,
    ObjectSubjects,
    finder_name,
    open_finder,
)

from ..models.discs_network import DiscsNetwork

WIDTH, HEIGHT = 200, 100


class Told:
    """Stands in for the network: boxes in shares, each with its score."""

    def __init__(self, *rows: tuple[tuple[float, float, float, float], float]) -> None:
        self.boxes = np.array([box for box, _ in rows], np.float64).reshape(-1, 4)
        self.scores = np.array([score for _, score in rows], np.float64)

    def read(self, rgb: np.ndarray, most: int) -> Found:
        return Found(self.boxes[:most], self.boxes[:most], self.scores[:most])


class Seen:
    """Stands in for segmenter `objects`: boxes in pixels, each with its score."""

    name = "objects"

    def __init__(self, *rows: tuple[tuple[int, int, int, int], float]) -> None:
        self.rows = rows

    def segment(self, rgb: np.ndarray) -> list[Instance]:
        found = []
        for (x1, y1, x2, y2), score in self.rows:
            mask = np.zeros(rgb.shape[:2], bool)
            mask[y1:y2, x1:x2] = True
            found.append(Instance(mask, score))
        return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    Image.new("RGB", (WIDTH, HEIGHT), (120, 130, 140)).save(file)
    return file


def boxes(path: Path, told: Told, seen: Seen) -> list[tuple[float, ...]]:
    finder = ObjectSubjects(told, seen)  # type: ignore[arg-type]
    found = finder.find(path, load_picture(path), 10**6)
    assert [subject.number for subject in found] == list(range(1, len(found) + 1))
    return [tuple(round(edge, 3) for edge in subject.box) for subject in found]


def test_objects_come_first_and_of_them_what_is_sure_and_large(path: Path) -> None:
    told = Told(((0.5, 0, 1, 1), 0.9), ((0, 0, 0.2, 0.2), 0.8))
    seen = Seen(((70, 0, 90, 20), 0.95), ((10, 40, 60, 90), 0.9))
    assert boxes(path, told, seen) == [
        (10, 40, 60, 90), (70, 0, 90, 20), (100, 0, 200, 100), (0, 0, 40, 20)
    ]  # fmt: skip


def test_one_that_both_find_is_one(path: Path) -> None:
    told = Told(((0.05, 0.4, 0.3, 0.9), 0.5), ((0.5, 0, 1, 1), 0.2))
    seen = Seen(((10, 42, 60, 90), 0.9))
    assert boxes(path, told, seen) == [(10, 42, 60, 90), (100, 0, 200, 100)]


def test_specks_are_no_subjects_and_six_are_all(path: Path) -> None:
    many = [((k / 10, 0.0, (k + 1) / 10, 1.0), 0.9 - k / 100) for k in range(9)]
    assert len(boxes(path, Told(*many), Seen(((3, 3, 13, 13), 1.0)))) == MOST_SUBJECTS
    assert boxes(path, Told(), Seen(((3, 3, 13, 13), 1.0))) == []


def test_boxes_are_in_the_file_s_pixels_and_sure_ones_hold_them(tmp_path: Path) -> None:
    file = tmp_path / "large.jpg"
    Image.new("RGB", (1600, 800)).save(file)
    finder = ObjectSubjects(Told(), Seen(((50, 20, 150, 95), 0.9)))  # type: ignore[arg-type]
    small = load_reduced(file, 200)
    assert small.rgb.shape[1] < 1600
    (subject,) = finder.find(file, small, 10**7)
    scale = 1600 / small.rgb.shape[1]
    assert subject.box.x1 == pytest.approx(50 * scale)
    assert subject.sure is not None
    assert subject.sure.x1 < subject.box.x1
    assert subject.sure.y2 > subject.box.y2


def test_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    assert finder_name("auto") == "builtin"
    assert isinstance(open_finder(), FoundSubjects)
    with pytest.raises(ModelError, match="compose models pull mobile-sam"):
        open_finder(name="objects")
    with pytest.raises(UsageError, match="auto, builtin, objects"):
        finder_name("others")
    weights = tmp_path / "mobile_sam.pt"
    weights.write_bytes(b"weights")
    monkeypatch.setattr("compose.models.mobile_sam.MobileSamNetwork", lambda *_: DiscsNetwork())
    monkeypatch.setenv("COMPOSE_MODELS", f"mobile-sam={weights}")
    assert finder_name("auto") == "objects"
    assert finder_name("builtin") == "builtin"
    assert isinstance(open_finder(), ObjectSubjects)
