"""Figures of a set: means, shares, levels of hiding, and what is one piece of evidence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import DataError
from compose.data.occlusion import SETTINGS, write_json, write_scene
from compose.stages.evaluate_occlusion import OcclusionScores, evaluate_occlusion
from compose.stages.evaluate_segment import Engines
from compose.stages.occlusion_figures import FIGURES, SceneFigures
from compose.stages.segment_config import SegmentConfig

from .occlusion_scenes import Colours, Knowing, make_scene

NOTHING = dict.fromkeys(FIGURES, (0.0, 0.0))


def figures(source: str, hidden: float, **fractions: tuple[float, float]) -> SceneFigures:
    return SceneFigures(source, hidden, NOTHING | fractions)


def test_figures_over_a_set_by_hand() -> None:
    scores = OcclusionScores("x")
    scores.scenes[1] = [
        figures("a", 0.3, recall=(0, 1), false=(1, 2)),
        figures("b", 0.3, recall=(1, 1), false=(0, 6)),
    ]
    scores.scenes[3] = [
        figures("a", 0.3, recall=(1, 1), false=(2, 4), order=(1, 1)),
        figures("b", 0.3, recall=(1, 1), false=(0, 6)),
    ]
    first, second, *levels = scores.rows((0.2, 0.8))
    assert (first["iterations"], first["scenes"], first["hidden"]) == (1, 2, [0, 1])
    assert first["recall"]["value"] == 0.5
    assert first["false"]["value"] == 1 / 8
    assert first["order"] == {"value": None, "low": None, "high": None}
    assert "gain" not in first
    assert second["recall"] == {"value": 1, "low": 1, "high": 1}
    assert second["false"]["value"] == 0.2
    # one scene of two has an order: a mean over one
    assert second["order"] == {"value": 1, "low": 1, "high": 1}
    gain = second["gain"]["recall"]
    # a draw of the two photographs holds the one that gains 0, 1 or 2 times
    assert (gain["difference"], gain["low"], gain["high"]) == (0.5, 0, 1)
    assert second["gain"]["order"]["difference"] is None
    assert [row["hidden"] for row in levels] == [[0.2, 0.4]] * 2  # others have no scenes


def test_scenes_go_to_thirds_of_the_range() -> None:
    scores = OcclusionScores("x")
    shares = [0.2, 0.39, 0.41, 0.59, 0.61, 0.8]
    scores.scenes[2] = [figures("a", share, recall=(1, 1)) for share in shares]
    every, *levels = scores.rows((0.2, 0.8))
    assert every["scenes"] == 6
    assert [row["hidden"] for row in levels] == [[0.2, 0.4], [0.4, 0.6], [0.6, 0.8]]
    assert [row["scenes"] for row in levels] == [2, 2, 2]


def test_scenes_of_one_photograph_are_one_piece_of_evidence() -> None:
    def spread(sources: str) -> float:
        scores = OcclusionScores("x")
        scores.scenes[1] = [
            figures(source, 0.3, recall=(float(number % 2), 1))
            for number, source in enumerate(sources)
        ]
        recall = scores.rows((0.2, 0.8))[0]["recall"]
        assert recall["value"] == 0.5
        return recall["high"] - recall["low"]

    apart = "".join(chr(65 + number) for number in range(32))
    # 16 photographs of two scenes that agree say less than 32 photographs
    together = "".join(chr(65 + number // 4 * 2 + number % 2) for number in range(32))
    assert len(set(together)) == 16
    assert spread(together) > 1.2 * spread(apart)
    assert spread("A" * 32) == 0  # one photograph says nothing about others


@pytest.fixture
def occlusions(tmp_path: Path) -> Path:
    for number, shift in enumerate((0, -10)):  # 1/3 and 2/3 hidden
        write_scene(tmp_path, make_scene(f"{number:05d}", f"photo{number}", shift))
    write_json(tmp_path / SETTINGS, {"version": 1, "count": 2, "least": 0.2, "most": 0.8})
    return tmp_path


def engines(right: bool) -> Engines:
    config = SegmentConfig(
        iterations=3, stability="off", dilate=0, dilate_least=1, feather=0, erase="front-most"
    )
    return Engines(Colours(), Knowing(make_scene(), right=right), config)


def test_scenes_are_read_run_and_scored(occlusions: Path) -> None:
    steps: list[int] = []
    names = ["00000", "00001"]
    scores = evaluate_occlusion(
        occlusions, names, engines(True), [1, 2, 3], advance=lambda: steps.append(1)
    )
    assert len(steps) == 2
    rows = scores.rows((0.2, 0.8))
    one, two = rows[0], rows[1]
    # of the first dog 2/3 are seen at once, of the second 1/3: too little to be found
    assert one["amodal"]["value"] == pytest.approx(0.5)
    assert one["recall"]["value"] == 0.5
    assert two["amodal"]["value"] == two["recall"]["value"] == two["order"]["value"] == 1
    assert two["false"]["value"] == 0
    assert two["gain"]["amodal"]["difference"] == pytest.approx(0.5)
    means = scores.seconds.means()
    assert len(means) >= 2
    assert all(mean > 0 for mean in means)
    wrong = evaluate_occlusion(occlusions, names, engines(False), [2]).rows((0.2, 0.8))
    assert wrong[0]["amodal"]["value"] == pytest.approx(0.5)
    assert wrong[0]["invisible"]["value"] == 0


def test_the_occluder_can_be_given(occlusions: Path) -> None:
    scores = evaluate_occlusion(occlusions, ["00001"], engines(True), [1, 2], given=True)
    one, two = (scores.scenes[count][0].fractions for count in (1, 2))
    assert one["amodal"] == (0, 1)  # nothing is known but the occluder
    assert one["false"] == (0, 1)
    assert two["amodal"] == two["recall"] == (1, 1)


def test_a_damaged_scene_ends_it(occlusions: Path) -> None:
    (occlusions / "scenes" / "00001.json").write_text("{}")
    with pytest.raises(DataError, match="does not describe a scene"):
        evaluate_occlusion(occlusions, ["00001"], engines(True), [1])


def test_the_same_seed_gives_the_same_figures(occlusions: Path) -> None:
    first, second = (
        evaluate_occlusion(occlusions, ["00000"], engines(True), [3]).scenes for _ in range(2)
    )
    assert first == second
    assert np.isfinite(first[3][0].fractions["amodal"]).all()
