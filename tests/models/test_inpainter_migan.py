"""Engine `migan`: how the published file is called, on a stand-in of the same form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from compose.core.errors import ModelError
from compose.models.cache import parse_user_paths
from compose.models.inpainter_migan import MiganInpainter, open_migan
from compose.models.inpainters import INPAINTER_NAMES, inpainter_name
from compose.models.inpainting import fill_hole


def stand_in(path: Path, *, kind: int = TensorProto.UINT8) -> Path:
    """Paints 7 into the hole and, outside of it, gives the picture back.

    Like the published file it takes uint8, and 255 in the mask for what is known.
    """
    sides = ["n", 3, "h", "w"]
    seven = helper.make_tensor("seven", kind, [1], [7])
    all_known = helper.make_tensor("all_known", kind, [1], [255])
    graph = helper.make_graph(
        [
            helper.make_node("Equal", ["mask", "all_known"], ["known"]),
            helper.make_node("Where", ["known", "image", "seven"], ["result"]),
        ],
        "stand-in",
        [
            helper.make_tensor_value_info("image", kind, sides),
            helper.make_tensor_value_info("mask", kind, ["n", 1, "h", "w"]),
        ],
        [helper.make_tensor_value_info("result", kind, sides)],
        [seven, all_known],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, str(path))
    return path


def picture() -> tuple[np.ndarray, np.ndarray]:
    rgb = np.random.default_rng(0).integers(50, 250, (40, 70, 3), np.uint8)
    hole = np.zeros((40, 70), bool)
    hole[10:25, 20:50] = True
    return rgb, hole


def test_the_hole_and_nothing_else_is_said_to_be_unknown(tmp_path: Path) -> None:
    engine = MiganInpainter(stand_in(tmp_path / "migan.onnx"))
    rgb, hole = picture()
    found = engine.fill(rgb, hole, 0)
    assert found.dtype == np.uint8
    assert (found[hole] == 7).all()
    np.testing.assert_array_equal(found[~hole], rgb[~hole])
    filled = fill_hole(engine, rgb, hole, seed=0)
    assert (filled[hole] == 7).all()
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])


def test_what_lies_in_the_hole_does_not_matter(tmp_path: Path) -> None:
    """The file blends at the hole's rim with what it is given there."""
    graph = onnx.load(str(stand_in(tmp_path / "migan.onnx")))
    graph.graph.node[1].input[2] = "image"  # gives back what it is given everywhere
    onnx.save(graph, str(tmp_path / "echo.onnx"))
    engine = MiganInpainter(tmp_path / "echo.onnx")
    rgb, hole = picture()
    other = np.where(hole[..., None], np.uint8(0), rgb)
    np.testing.assert_array_equal(engine.fill(rgb, hole, 0), engine.fill(other, hole, 0))


def test_another_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    floats = stand_in(tmp_path / "floats.onnx", kind=TensorProto.FLOAT)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(floats.read_bytes()[:60])
    for path in (floats, broken, tmp_path / "nothing.onnx"):
        with pytest.raises(ModelError, match=r"give the published migan_pipeline_v2\.onnx\.$"):
            MiganInpainter(path)


def test_it_is_the_default_where_its_weights_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    assert "migan" in INPAINTER_NAMES
    assert inpainter_name("auto") == "shiftmap"
    with pytest.raises(ModelError, match="compose models pull migan"):
        open_migan()
    path = stand_in(tmp_path / "migan.onnx")
    user = parse_user_paths([f"migan={path}"])
    assert inpainter_name("auto", user) == "plainest"
    assert inpainter_name("shiftmap", user) == "shiftmap"
