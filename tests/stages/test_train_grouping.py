"""Training of the grouping network: it learns, leaks nothing, and measures what it says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from compose.core.errors import DataError, ModelError
from compose.data.occlusion import SETTINGS, UNKNOWN, VERSION, scene_name, write_json, write_scene
from compose.models.crop_builtin import weights_folder
from compose.models.grouping import CELLS, ObjectGrouping
from compose.models.grouping_net import CHANNELS, GroupingConfig
from compose.models.saliency_features import SaliencyTrunks
from compose.stages.grouping_examples import (
    FRONT,
    GroupingExample,
    cell_owners,
    held_out,
    held_out_parts,
)
from compose.stages.grouping_figures import mean_auc, pair_auc, splitting
from compose.stages.train_grouping import TrainGroupingConfig, fit, pair_loss, train_grouping

from .occlusion_scenes import box, make_scene

SMALL = TrainGroupingConfig(
    epochs=8, rate=0.01, net=GroupingConfig(width=16, length=8, dropout=0.1)
)
NAMES = [f"p{number}" for number in range(40)]
KEPT = [name for name in NAMES if not held_out(name)]
OUT = [name for name in NAMES if held_out(name)]


def silent(what: str, total: int) -> Any:
    return lambda: None


def drawn(source: str, occluder: str, seed: int, count: int = 30) -> GroupingExample:
    """Cells of three owners, told apart by which of two features is high, amid noise."""
    random = np.random.default_rng(seed)
    owners = np.repeat(np.array([0, 1, FRONT], np.int32), count)
    features = random.normal(0, 0.3, (len(owners), CHANNELS))
    own, front = random.permutation(8)[:2]  # among eight kinds of objects
    features[owners == 1, own * 20 : own * 20 + 20] += 2
    features[owners == FRONT, front * 20 : front * 20 + 20] += 2
    return GroupingExample(torch.from_numpy(features).half(), owners, source, occluder)


def test_it_learns_what_parts_objects_on_photographs_it_never_saw() -> None:
    examples = [drawn(name, KEPT[0], seed) for seed, name in enumerate(NAMES)]
    learned, measured = held_out_parts(examples)
    rows: list[dict[str, Any]] = []
    net = fit(learned, measured, SMALL, rows.append, silent)
    assert [row["epoch"] for row in rows] == list(range(1, 9))
    assert rows[-1]["loss"] < rows[0]["loss"] / 2
    assert rows[-1]["auc"] == mean_auc(net, measured) > 0.97
    assert not net.training
    figures = splitting(net, measured, 0.5)
    assert figures["found"] > 0.8
    assert figures["whole"] > 0.8
    # where nothing is ever cut, two equal halves are one blob with an IoU of 1/2 to each
    assert splitting(net, measured, 0) == {"most_alike": 0, "found": 0, "whole": 1}


def test_nothing_that_measures_is_learned_from() -> None:
    assert KEPT
    assert OUT
    examples = [
        drawn(KEPT[0], KEPT[1], 0),
        drawn(KEPT[0], OUT[0], 1),
        drawn(OUT[0], KEPT[0], 2),
        drawn(OUT[0], OUT[1], 3),
    ]
    learned, measured = held_out_parts(examples)
    assert learned == examples[:1]
    assert measured == examples[2:]
    with pytest.raises(DataError, match="larger sets"):
        held_out_parts(examples[:2])


def test_cells_are_their_majority_s() -> None:
    scene = make_scene()  # 64 x 96: cells of 2 x 3 pixels; dog 20,20,50,40; front 40,16,60,52
    objects = scene.objects.copy()
    objects[box(0, 0, 12, 10)] = UNKNOWN
    owners = cell_owners(dataclasses.replace(scene, objects=objects)).reshape(CELLS, CELLS)
    assert owners[12, 8] == 1
    assert owners[12, 15] == FRONT  # where the dog is hidden
    assert owners[24, 15] == FRONT
    assert owners[12, 6] == UNKNOWN  # 18 to 21: two thirds ground
    assert owners[5, 27] == 2
    assert owners[30, 2] == 0
    assert owners[2, 2] == UNKNOWN


def test_the_loss_by_hand() -> None:
    owners = torch.tensor([1, 1, 2, 0, 0])
    logits = torch.zeros(5, 5)
    assert pair_loss(logits, owners).item() == pytest.approx(np.log(2))
    logits[3, 4] = logits[4, 3] = 50  # two of nobody's do not count
    logits.fill_diagonal_(-50)  # nor does a cell against itself
    assert pair_loss(logits, owners).item() == pytest.approx(np.log(2))
    logits[0, 1] = logits[1, 0] = 50  # right, the only pair of one object
    assert pair_loss(logits, owners).item() == pytest.approx(np.log(2) / 2)


def test_the_auc_counts_pairs_of_pairs() -> None:
    random = np.random.default_rng(0)
    logits, same = random.integers(0, 6, 60).astype(float), random.random(60) < 0.4
    above = logits[same][:, None] - logits[~same]
    assert pair_auc(logits, same) == pytest.approx(((above > 0) + (above == 0) / 2).mean())


def test_a_loss_that_is_no_number_stops_it() -> None:
    example = drawn("a", "b", 0)
    example.features[:] = float("nan")
    with pytest.raises(ModelError, match="lower the rate"):
        fit([example], [example], SMALL, lambda row: None, silent)


@pytest.fixture(scope="module")
def occlusion_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("set")
    sources = [*KEPT[1:4], OUT[0]]
    for number, source in enumerate(sources):
        scene = make_scene(scene_name(number), source, shift=number)
        notes = dataclasses.replace(scene.notes, occluder_source=KEPT[0])
        write_scene(root, dataclasses.replace(scene, notes=notes))
    write_json(root / SETTINGS, {"version": VERSION, "count": len(sources)})
    return root


def test_it_writes_what_runs_and_the_same_bytes_again(
    occlusion_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, Any]] = []
    config = dataclasses.replace(SMALL, epochs=2)
    cache = tmp_path / "cache"
    files = train_grouping([occlusion_set], tmp_path / "out", config, cache=cache, log=rows.append)
    assert [path.name for path in files] == [
        "grouping.onnx", "grouping.safetensors", "grouping_metrics.jsonl",
    ]  # fmt: skip
    assert [json.loads(line) for line in files[2].read_text().splitlines()] == rows
    assert [row["scenes"] for row in rows[2:]] == [1] * 5
    engine = ObjectGrouping(SaliencyTrunks(1, weights_folder()), folder=tmp_path / "out")
    affinity = engine.affinity(make_scene().image, np.arange(100))
    assert affinity is not None
    assert np.isfinite(affinity).all()
    monkeypatch.setattr(SaliencyTrunks, "maps", None)  # what was kept is enough
    again = train_grouping([occlusion_set], tmp_path / "again", config, cache=cache)
    for one, other in zip(files, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_what_is_no_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="build-dataset occlusion"):
        train_grouping([tmp_path], tmp_path / "out", SMALL)
