"""Figures of composites, with answers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from compose.stages.composite_engine import Composed, Scene
from compose.stages.composite_pairs import Case
from compose.stages.composite_peers import PasteEngine
from compose.stages.evaluate_composite import (
    FIGURES,
    CompositeScores,
    case_figures,
    compare_composites,
    regions,
    score_case,
    swapped,
)

from .composite_scenes import BLUE, HEIGHT, RED, WIDTH, placed, scene

FRONT, BACK = (60, 60, 100, 100), (80, 50, 140, 90)


class Judge:
    """A stand-in for an encoder: pixels as they are, and their mean colour."""

    name, source = "judge", ""

    def features(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        return [pictures]

    def distance(self, sketch: list[torch.Tensor], target: list[torch.Tensor]) -> torch.Tensor:
        return (sketch[0] - target[0]).square().flatten(1).sum(1)

    def embedding(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(pictures.mean((2, 3)), dim=1)


class Favourite(PasteEngine):
    """Pastes, but the object listed first is always in front, and it touches a corner."""

    def __init__(self) -> None:
        self.name = "favourite"

    def compose(self, scene: Scene) -> Composed:
        made = super().compose(Scene(scene.background, scene.objects, (0, 1)))
        made.rgb[0, 0] ^= 4
        return made


@pytest.fixture
def case() -> Case:
    one = scene(placed(BLUE, BACK), placed(RED, FRONT), order=(1, 0))
    return Case("drawn", PasteEngine().compose(one).rgb, one, one)


def test_plain_pastes_are_given_what_masks_say_and_others_what_was_cut_out(case):
    rough = scene(placed(RED, BACK), placed(BLUE, FRONT), order=(1, 0))
    both = replace(case, plain=rough)
    engines = [PasteEngine(), PasteEngine(cut=True)]
    scores = [CompositeScores("recomposite", engine.name) for engine in engines]
    score_case(engines, both, Judge(), scores)
    paste, cut = (score.figures["psnr_union"][0] for score in scores)
    assert paste < 20 < 60 <= cut


def test_regions_are_of_the_boxes(case):
    found = regions(case.scene)
    assert found["front"].sum() == 40 * 40 - 20 * 30
    assert found["back"].sum() == 60 * 40 - 20 * 30
    assert found["overlap"].sum() == 20 * 30
    assert found["union"].sum() == 40 * 40 + 60 * 40 - 20 * 30


def test_the_truth_scores_best(case):
    found = case_figures(case, PasteEngine().compose(case.scene), Judge())
    assert all(found[f"psnr_{region}"] == pytest.approx(60) for region in regions(case.scene))
    assert all(found[f"ssim_{region}"] == pytest.approx(1) for region in regions(case.scene))
    assert all(found[f"distance_{region}"] == 0 for region in regions(case.scene))
    assert found["identity"] == pytest.approx(1)
    assert found["spill"] == 0


def test_a_fault_counts_in_its_own_region_alone(case):
    rgb = case.truth.copy()
    rgb[95, 65] = 255 - rgb[95, 65]  # in the box in front, not in the other
    rgb[10:20, 10:20] = 0  # beyond both
    found = case_figures(case, Composed(rgb, np.ones((HEIGHT, WIDTH), bool)), Judge())
    for name in ("union", "front"):
        assert found[f"psnr_{name}"] < 45
        assert found[f"ssim_{name}"] < 1
        assert found[f"distance_{name}"] > 0
    for name in ("back", "overlap"):
        assert found[f"psnr_{name}"] == pytest.approx(60)
        assert found[f"ssim_{name}"] == pytest.approx(1)
        assert found[f"distance_{name}"] == 0
    beyond = case.scene.background[10:20, 10:20].mean() * 100
    assert found["spill"] == pytest.approx(
        beyond / (HEIGHT * WIDTH - regions(case.scene)["union"].sum())
    )


def test_psnr_of_a_level_shift(case):
    rgb = case.truth.copy()
    rgb[60:100, 60:80] += 10
    found = case_figures(case, Composed(rgb, np.ones((HEIGHT, WIDTH), bool)), Judge())
    share = 20 * 40 / (40 * 40 - 20 * 30)
    assert found["psnr_front"] == pytest.approx(10 * np.log10(255**2 / (100 * share)))


def test_order_of_listing_and_stray_pixels_are_noticed(case):
    engines = [PasteEngine(), Favourite()]
    scores = [CompositeScores("recomposite", engine.name) for engine in engines]
    score_case(engines, case, Judge(), scores)
    paste, favourite = (score.summary() for score in scores)
    assert (paste["stable"], paste["outside"]) == (1, 0)
    assert (favourite["stable"], favourite["outside"]) == (0, 4)
    assert favourite["psnr_overlap"]["value"] < paste["psnr_overlap"]["value"]
    (row,) = compare_composites(scores[0], scores[1:])
    assert (row["engine"], row["against"]) == ("paste", "favourite")
    gain = paste["identity"]["value"] - favourite["identity"]["value"]
    assert row["identity"]["difference"] == pytest.approx(gain)


def test_swapping_lists_objects_the_other_way_round_in_the_same_depth(case):
    other = swapped(case.scene)
    assert other.order == (0, 1)
    for one, two in zip(case.scene.from_behind, other.from_behind, strict=True):
        assert one is two


def test_pairs_without_an_overlap_are_left_out_of_its_mean():
    apart = scene(placed(BLUE, (20, 60, 60, 100)), placed(RED, (60, 60, 100, 100)), order=(1, 0))
    touching = Case("touching", PasteEngine().compose(apart).rgb, apart, apart)
    score = CompositeScores("recomposite", "paste")
    score_case([PasteEngine()], touching, Judge(), [score])
    assert not any(name in score.summary() for name in FIGURES if name.endswith("overlap"))
    score.figures["psnr_overlap"].append(30.0)
    for name in FIGURES:
        if name != "psnr_overlap":
            score.figures[name].append(0.0)
    score.seconds.append(1.0)
    score.stable.append(True)
    assert score.summary()["psnr_overlap"]["value"] == 30
