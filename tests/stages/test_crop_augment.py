"""Views of photographs: crops move with what they show, and what is good stays whole."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.core.boxes import Box
from compose.core.errors import DataError
from compose.stages.crop_augment import CropAugmentConfig, augment, mirrored, relight, still
from compose.stages.crop_sources import CropExample, adapted, fcdb_examples, painted_examples

from .crop_scenes import fcdb, painted, scene

GOOD, BAD = [30.0, 20.0, 70.0, 60.0], [0.0, 0.0, 40.0, 30.0]


def example(boxes: list[list[float]], scores: list[float], **more: object) -> CropExample:
    return CropExample(Path("a.png"), np.array(boxes), np.array(scores), "a", **more)


def marked() -> np.ndarray:
    """120x80 with a white good crop."""
    rgb = np.zeros((80, 120, 3), np.uint8)
    rgb[20:60, 30:70] = 255
    return rgb


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_the_good_crop_is_where_the_white_is(seed: int, weak: bool, mirror: bool) -> None:
    config = CropAugmentConfig(light=False, mirror=float(mirror), square=120, weak_shift=0.9)
    found = augment(
        marked(), example([GOOD, BAD], [5, 2], weak=weak), config, np.random.default_rng(seed)
    )
    height, width = found.picture.shape[:2]
    assert max(height, width) == 120
    x1, y1, x2, y2 = found.boxes[0] * [width, height, width, height]
    white = found.picture[..., 0] > 0.5
    rows, columns = np.flatnonzero(white.any(1)), np.flatnonzero(white.any(0))
    assert np.allclose([x1, y1], [columns[0], rows[0]], atol=1.6)
    assert np.allclose([x2, y2], [columns[-1] + 1, rows[-1] + 1], atol=1.6)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= 1 + 1e-9).all()
    # the bad crop begins at the corner, which a view may have lost
    assert len(found.boxes) in (1, 2)
    share = 0.9 if weak else 0.2
    lost_x = 120 - width * (40 / (x2 - x1)) if height else 0
    assert lost_x <= share * (30 + 50) + 2


def test_a_subject_stays_and_moves_along() -> None:
    subject = Box(5, 5, 15, 15)
    config = CropAugmentConfig(light=False, square=120, shift=1.0)
    found = augment(
        marked(), example([GOOD], [5], subject=subject), config, np.random.default_rng(3)
    )
    assert found.subject is not None
    assert (found.subject >= 0).all()
    ratio = (found.subject[2] - found.subject[0]) / (found.boxes[0, 2] - found.boxes[0, 0])
    assert ratio == pytest.approx(10 / 40)
    turned = mirrored(found)
    assert turned.subject is not None
    assert turned.subject[0] == pytest.approx(1 - found.subject[2])
    assert np.allclose(mirrored(turned).boxes, found.boxes)
    assert np.array_equal(turned.picture[:, ::-1], found.picture)


def test_sides_and_longest() -> None:
    config = dataclasses.replace(CropAugmentConfig(), light=False, shift=0.0)
    short = augment(marked(), example([GOOD], [5]), dataclasses.replace(config, sides=(40,)),
                    np.random.default_rng(0))  # fmt: skip
    assert short.picture.shape[:2] == (40, 60)
    bound = dataclasses.replace(config, sides=(400,), longest=300)
    long = augment(marked(), example([GOOD], [5]), bound, np.random.default_rng(0))
    assert long.picture.shape[:2] == (200, 300)
    sides = {
        min(augment(marked(), example([GOOD], [5]), config, np.random.default_rng(n))
            .picture.shape[:2])
        for n in range(12)
    }  # fmt: skip
    assert len(sides) > 3
    assert sides <= {*config.sides, 683}  # 683 where the long side is bound
    test = augment(marked(), example([GOOD], [5]), still(config), np.random.default_rng(0))
    assert test.picture.shape[0] == 640


def test_light_changes_colours_within_bounds() -> None:
    rgb, _ = scene(0)
    plain = relight(rgb, None)
    assert np.array_equal(np.rint(plain * 255), rgb)
    changed = [relight(rgb, np.random.default_rng(n)) for n in range(30)]
    assert all(c.min() >= 0 and c.max() <= 1 and c.dtype == np.float32 for c in changed)
    same = [np.allclose(c, plain, atol=2 / 255) for c in changed]
    assert 0 < sum(same) < 8  # in a sixteenth of the cases nothing is drawn
    gray = np.full((4, 4, 3), 100, np.uint8)
    levels = np.array([relight(gray, np.random.default_rng(n)).mean() * 255 for n in range(400)])
    assert levels.min() >= (100 - 32) * 0.5 - 1
    assert levels.max() <= (100 + 32) * 1.5 + 1
    assert levels.min() < 60
    assert levels.max() > 150


def test_fcdb_with_its_votes(tmp_path: Path) -> None:
    root = fcdb(tmp_path, 3)
    found = fcdb_examples(root)
    assert [e.source for e in found] == ["0.png", "1.png", "2.png"]
    first = found[0]
    assert first.scores.tolist() == pytest.approx([5, 1 + 2.9 * 0.8, 1 + 2.9 * 0.2])
    assert np.allclose(first.boxes[0], first.boxes[1])  # the drawn one was voted on here too
    assert len(fcdb_examples(root, voted=False)[0].boxes) == 1


def test_pictures_that_were_painted_on(tmp_path: Path) -> None:
    found = painted_examples(painted(tmp_path / "cad"))
    assert [e.source for e in found] == ["100", "101", "102", "103"]
    assert all(e.weak for e in found)
    (tmp_path / "cad" / "100_0.txt").write_text("5 5 3 9 1\n")
    with pytest.raises(DataError, match="the original first"):
        painted_examples(tmp_path / "cad")
    with pytest.raises(DataError, match="no pictures"):
        painted_examples(tmp_path / "none")


def test_a_reader_s_record_is_adapted() -> None:
    @dataclasses.dataclass(frozen=True)
    class Record:
        picture: Path
        boxes: np.ndarray
        scores: np.ndarray | None
        subject: Box | None
        source: str

    drawn = Record(Path("a"), np.array([GOOD, BAD]), None, Box(1, 2, 3, 4), "a")
    assert adapted(drawn).scores.tolist() == [5, 5]
    assert adapted(drawn).subject == Box(1, 2, 3, 4)
    rated = dataclasses.replace(drawn, scores=np.array([3.5, 1.0]))
    assert adapted(rated).scores.tolist() == [3.5, 1.0]
    assert adapted(rated, weak=True).scores.tolist() == [5, 4.5]
    with pytest.raises(DataError, match="no crop"):
        adapted(dataclasses.replace(drawn, boxes=np.empty((0, 4))))
