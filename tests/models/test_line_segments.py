"""Straight lines: how M-LSD's file is called and its answers read, on a stand-in of the form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import ModelError
from compose.models.cache import parse_user_paths
from compose.models.hub import is_here
from compose.models.line_segments import LINE_SEGMENTS, LineSegments, open_line_segments

from .line_file import line_file

PAPER = np.full((60, 90, 3), 255, np.uint8)


def test_lines_are_in_the_pictures_pixels_and_the_surest_comes_first(tmp_path: Path) -> None:
    file = line_file(tmp_path / "m.onnx", [(0.1, 0.2, 0.5, 0.2, 0.4), (0.7, 0.1, 0.6, 0.9, 0.75)])
    found = LineSegments(file).read(PAPER)
    assert found.dtype == np.float64
    expected = [[63, 6, 54, 54, 0.75], [9, 12, 45, 12, 0.4]]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    larger = LineSegments(file).read(np.repeat(np.repeat(PAPER, 20, 0), 20, 1))
    np.testing.assert_allclose(larger[:, :4], np.array(expected)[:, :4] * 20, atol=2e-3)


def test_middles_beside_a_surer_one_and_unsure_ones_do_not_count(tmp_path: Path) -> None:
    lines = [
        (0.1, 0.5, 0.9, 0.5, 0.6),
        (0.1, 0.505, 0.9, 0.505, 0.5),  # a cell below
        (0.1, 0.55, 0.9, 0.55, 0.5),  # a dozen
        (0.1, 0.8, 0.9, 0.8, 0.15),
    ]
    found = LineSegments(line_file(tmp_path / "m.onnx", lines)).read(PAPER)
    np.testing.assert_allclose(found[:, 4], [0.6, 0.5], atol=1e-6)
    np.testing.assert_allclose(found[:, 1], [30, 33], atol=1e-4)


def test_a_picture_without_lines_has_none(tmp_path: Path) -> None:
    assert LineSegments(line_file(tmp_path / "m.onnx", [])).read(PAPER).shape == (0, 5)


def test_another_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    smaller = line_file(tmp_path / "small.onnx", [], side=320)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(smaller.read_bytes()[:60])
    for path in (smaller, broken, tmp_path / "nothing.onnx"):
        with pytest.raises(ModelError, match=r"give the published mlsd_512x512_large\.onnx\.$"):
            LineSegments(path)


def test_whether_it_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    assert not is_here(LINE_SEGMENTS)
    with pytest.raises(ModelError, match="compose models pull mlsd"):
        open_line_segments()
    user = parse_user_paths([f"mlsd={line_file(tmp_path / 'm.onnx', [])}"])
    assert is_here(LINE_SEGMENTS, user)
    assert open_line_segments(user=user).name == "mlsd"
