"""A stand-in for M-LSD's file: it answers with given lines, whatever it sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Line = tuple[float, float, float, float, float]  # x1, y1, x2, y2 in [0,1] of the sides, a score
_SIDE, _CELLS = 512, 256


def line_file(path: Path, lines: Sequence[Line], *, side: int = _SIDE) -> Path:
    """Write the file.

    As the published one does, it takes 1xSxSx4 and gives 1x256x256x4 offsets of a line's ends from
    its middle, in cells, and 1x256x256x1 scores. Scores are times the mean of the picture's
    opacity, which has to be 1.
    """
    offsets = np.zeros((1, _CELLS, _CELLS, 4), np.float32)
    scores = np.zeros((1, _CELLS, _CELLS, 1), np.float32)
    for x1, y1, x2, y2, score in lines:
        ends = np.array([x1, y1, x2, y2]) * _CELLS - 0.25  # a cell's place is its first pixel's
        column, row = (round(float(value)) for value in (ends[:2] + ends[2:]) / 2)
        offsets[0, row, column] = ends - (column, row, column, row)
        scores[0, row, column] = score
    name = "input_image_with_alpha:0"
    graph = helper.make_graph(
        [
            helper.make_node("Slice", [name, "three", "four", "three"], ["alpha"]),
            helper.make_node("ReduceMean", ["alpha"], ["opaque"], keepdims=1),
            helper.make_node("Mul", ["known_scores", "opaque"], ["scores"]),
            helper.make_node("Identity", ["known_offsets"], ["offsets"]),
        ],
        "stand-in",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, side, side, 4])],
        [
            helper.make_tensor_value_info("offsets", TensorProto.FLOAT, offsets.shape),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, scores.shape),
        ],
        [
            numpy_helper.from_array(np.array([3], np.int64), "three"),
            numpy_helper.from_array(np.array([4], np.int64), "four"),
            numpy_helper.from_array(offsets, "known_offsets"),
            numpy_helper.from_array(scores, "known_scores"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, str(path))
    return path
