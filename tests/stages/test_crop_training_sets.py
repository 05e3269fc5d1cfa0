"""The data sets that croppers are trained on, from their own layouts to what a network learns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import UsageError
from compose.stages.crop_augment import CropAugmentConfig, still
from compose.stages.crop_feed import CropFeed
from compose.stages.crop_sources import CropExample, Mixture
from compose.stages.crop_training_sets import settings_for, training_sets

from ..data import crop_trees
from ..data.crop_pictures import HEIGHT, WIDTH, X1, X2, Y1, Y2
from .crop_scenes import TINY

TREES: dict[str, Callable[[Path], Path]] = {
    "gaicd": crop_trees.gaicd,
    "cpc": crop_trees.cpc,
    "sacd": crop_trees.sacd,
    "fcdb": crop_trees.fcdb_published,
    "cad": crop_trees.cad,
}


def only(name: str, root: Path) -> CropExample:
    found = training_sets([(name, TREES[name](root))])
    (example,) = found.weak if name == "cad" else found.drawn
    assert example.weak == (name == "cad")
    return example


@pytest.mark.parametrize("name", TREES)
def test_what_is_learned_is_what_was_marked(name: str, tmp_path: Path) -> None:
    example = only(name, tmp_path)
    settings = settings_for("paper", "procrop", {name})
    # black but for the rectangle, in pixels of which every order of edges but one is wrong
    feed = CropFeed(Mixture([[example]]), TINY, still(CropAugmentConfig(), HEIGHT),
                    settings.loss.targets)  # fmt: skip
    item = feed.view(example, 0)
    inputs, (target,) = feed.batch([item])
    sides = np.array([WIDTH, HEIGHT] * 2)
    x1, y1, x2, y2 = np.rint(target.good[0].double().numpy() * sides).astype(int)
    assert (x1, y1, x2, y2) == (X1, Y1, X2, Y2)
    assert inputs.pictures is not None
    white = inputs.pictures[0].mean(0) > 0.5
    assert bool(white[y1:y2, x1:x2].all())
    assert int(white.sum()) == (x2 - x1) * (y2 - y1)
    # rated ones below the set's own threshold are not good
    assert len(target.good) == (2 if name == "cad" else 1)
    assert (target.subject is not None) == (name == "sacd")


def test_scores_mean_the_same_in_every_set(tmp_path: Path) -> None:
    rated = {name: only(name, tmp_path / name) for name in ("gaicd", "cpc")}
    assert rated["gaicd"].scores.tolist() == [4.5, 2.5]
    assert rated["cpc"].scores.tolist() == pytest.approx([4.0, 2 + 2 / 3])  # 2 is good there
    # multi-in-one, whose own set has no scores, takes the good ones only too
    targets = settings_for("paper", "multi-in-one", {"gaicd"}).loss.targets
    assert rated["gaicd"].scores.min() < targets.good <= rated["gaicd"].scores.max()


def test_cpc_alone_has_the_published_queries() -> None:
    alone = settings_for("paper", "procrop", {"cpc"})
    assert (alone.net.queries, alone.loss.targets.apart, alone.loss.targets.soft) == (24, 0.8, 0)
    assert (alone.teach, alone.average) == (0.9, 0.5)
    assert settings_for("paper", "procrop", {"cpc", "gaicd"}).net.queries == 90
    assert settings_for("small", "procrop", {"cpc"}) == settings_for("small", "procrop", {"fcdb"})


def test_several_sets_are_one_and_test_sets_are_refused(tmp_path: Path) -> None:
    named = [(name, TREES[name](tmp_path / name)) for name in TREES]
    found = training_sets(named)
    assert [len(found.drawn), len(found.weak)] == [4, 1]
    with pytest.raises(UsageError, match="test set"):
        training_sets([("flms", tmp_path)])
