"""Figures of merit on maps worked out by hand, and against a plain loop over thresholds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compose.data.sod import read_subjects
from compose.stages.evaluate_saliency import (
    THRESHOLDS,
    SaliencyScores,
    compare_saliency,
    evaluate_saliency,
)


class LeftHalf:
    """An engine that believes in the left half of every picture."""

    name = "left"

    def read(self, rgb: np.ndarray) -> np.ndarray:
        found = np.zeros(rgb.shape[:2], np.float32)
        found[:, : rgb.shape[1] // 2] = 1
        return found


def test_figures_by_hand() -> None:
    truth = np.array([[True, True, False, False]])
    scores = SaliencyScores("x")
    scores.add(np.array([[0.5, 0.25, 0.75, 0]], np.float32), truth)
    # |.5| + |.75| + |.75| + 0 over four; at 1/2 one hit of two marked, one of two found
    assert scores.mae == [0.5]
    assert scores.f_half[0] == pytest.approx(0.5)
    assert scores.iou[0] == pytest.approx(1 / 3)
    # at 1/4 both are found among three marked
    best = 1.3 * (2 / 3) / (0.3 * (2 / 3) + 1)
    assert scores.summary()["max_f"] == pytest.approx(best)


def test_the_curve_equals_a_loop_over_thresholds() -> None:
    draw = np.random.default_rng(0)
    truth = draw.random((23, 31)) < 0.3
    counts = draw.random((23, 31)) < 0.9
    found = np.clip(truth * 0.3 + draw.random((23, 31)), 0, 1).astype(np.float32)
    found[0, :3] = 1
    scores = SaliencyScores("x")
    scores.add(found, truth, counts)
    for number in (0, 1, 17, 127, 128, 200, 254):
        marked = (found >= THRESHOLDS[number]) & counts
        hits = (marked & truth).sum()
        precision, recall = hits / max(marked.sum(), 1), hits / (truth & counts).sum()
        f = 1.3 * precision * recall / max(0.3 * precision + recall, 1e-12)
        assert scores.curves[0][number] == pytest.approx(f)
    half = (found >= 0.5) & counts
    inside = truth & counts
    assert scores.iou[0] == pytest.approx((half & inside).sum() / (half | inside).sum())
    assert scores.f_half[0] == pytest.approx(scores.curves[0][127])
    assert THRESHOLDS[127] == 0.5


def test_an_empty_map_scores_nothing_without_a_warning() -> None:
    scores = SaliencyScores("x")
    scores.add(np.zeros((3, 5), np.float32), np.eye(3, 5, dtype=bool))
    assert (scores.f_half, scores.iou) == ([0.0], [0.0])


def test_photographs_are_read_and_engines_compared(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for name, columns in (("a", slice(0, 20)), ("b", slice(20, 40))):
        Image.new("RGB", (40, 24), "grey").save(tmp_path / "images" / f"{name}.jpg")
        pixels = np.zeros((24, 40), np.uint8)
        pixels[:, columns] = 255
        Image.fromarray(pixels).save(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "val.txt").write_text("a\nb\n")
    steps: list[int] = []
    records = read_subjects(tmp_path, "val")
    scores = evaluate_saliency(LeftHalf(), records, advance=lambda: steps.append(1))
    assert len(steps) == 2
    assert (scores.mae, scores.iou, scores.f_half) == ([0.0, 1.0], [1.0, 0.0], [1.0, 0.0])
    assert scores.summary()["max_f"] == 0.5
    better = SaliencyScores("better", mae=[0, 0], f_half=[1, 1], iou=[1, 1], curves=scores.curves)
    (row,) = compare_saliency(better, [scores])
    assert (row["engine"], row["against"]) == ("better", "left")
    assert row["iou"]["difference"] == 0.5  # type: ignore[index]
    assert row["mae"]["difference"] == -0.5  # type: ignore[index]
