"""The network that finds subjects, and how its cells vote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compose.models.grouping import GROUPING_MAPS
from compose.models.saliency_features import SHAPES
from compose.models.subjects import GRID, unmirrored, vote


def cells_of(*objects: tuple[tuple[float, float, float, float], float]) -> np.ndarray:
    """Cells (10,n,n) that know these boxes: all within one say its edges, and 0.1 more as sure."""
    cells = np.zeros((10, GRID, GRID), np.float32)
    middles = (np.arange(GRID) + 0.5) / GRID
    cells[4:6] = cells[8:10] = 0.01
    for (x1, y1, x2, y2), likely in objects:
        inside = np.outer((middles > y1) & (middles < y2), (middles > x1) & (middles < x2))
        cells[0][inside], cells[1][inside] = likely, 1
        for place, edge in enumerate((x1, y1, x2, y2)):
            cells[2 + place][inside] = edge
            cells[6 + place][inside] = edge + (0.1 if place > 1 else -0.1)
    return cells


def test_cells_that_agree_are_one_subject() -> None:
    left, right = (0.0, 0.2, 0.3, 0.8), (0.5, 0.1, 0.9, 0.9)
    found = vote(cells_of((left, 0.9), (right, 0.6)), 5)
    assert np.allclose(found.boxes, [right, left], atol=1e-6) or np.allclose(
        found.boxes, [left, right], atol=1e-6
    )
    k = int(np.argmin(found.boxes[:, 0]))
    # the sure box is kept within the picture
    assert np.allclose(found.sure[k], [0, 0.1, 0.4, 0.9], atol=1e-6)
    assert found.scores[k] == pytest.approx(0.9)


def test_what_is_unlikely_is_none_and_most_is_most() -> None:
    boxes = [((0.1 * k, 0.0, 0.1 * k + 0.09, 1.0), 0.9) for k in range(8)]
    assert len(vote(cells_of(*boxes), 3).boxes) == 3
    assert len(vote(cells_of(((0, 0, 1, 1), 0.1)), 3).boxes) == 0
    assert vote(np.zeros((10, GRID, GRID), np.float32), 3).boxes.shape == (0, 4)


def test_a_mirrored_picture_says_the_same() -> None:
    cells = cells_of(((0.0, 0.2, 0.3, 0.8), 0.9))
    mirrored = cells_of(((0.7, 0.2, 1.0, 0.8), 0.9))
    found = unmirrored(mirrored)
    inside = cells[0] > 0
    assert np.allclose(found[:, inside], cells[:, inside], atol=1e-6)


def test_the_exported_network_is_the_trained_one(tmp_path: Path) -> None:
    import torch

    from compose.models.crop_builtin import OnnxNetwork
    from compose.models.packing import round_int8
    from compose.models.small_net import small_net_bytes
    from compose.models.subjects_export import export_subjects
    from compose.models.subjects_net import (
        SubjectsConfig,
        SubjectsNet,
        load_subjects_net,
        map_features,
    )

    torch.manual_seed(0)
    net = SubjectsNet(SubjectsConfig(width=16, dilations=(1, 2))).eval()
    round_int8(net)
    export_subjects(net, tmp_path / "subjects.onnx")
    (tmp_path / "net.safetensors").write_bytes(small_net_bytes(net, net.config))
    loaded = load_subjects_net(tmp_path / "net.safetensors")
    assert loaded.config == net.config
    maps = {n: torch.randn(1, SHAPES[n][0], SHAPES[n][1], SHAPES[n][1]) for n in GROUPING_MAPS}
    inputs = {name: values.numpy() for name, values in maps.items()}
    (cells,) = OnnxNetwork(tmp_path / "subjects.onnx", 1).run(**inputs)
    with torch.inference_mode():
        found = loaded(map_features(maps))
    expected = torch.cat(
        [torch.stack([found.present, found.overlap], 1).sigmoid(), found.boxes, found.sure], 1
    )
    np.testing.assert_allclose(cells, expected.numpy(), atol=2e-4)
    # a sure box lies around the likeliest one
    assert (found.sure[:, :2] <= found.boxes[:, :2]).all()
    assert (found.sure[:, 2:] >= found.boxes[:, 2:]).all()
