"""Which network finds a sketch's lines."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from compose.core.errors import ModelError
from compose.models.cache import UserPaths
from compose.stages.sketch_config import Edges
from compose.stages.sketch_contours import LineFinders, edges_named, open_lines

from ..models.discs_network import DiscsNetwork


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)


def test_segments_are_taken_where_their_weights_are(tmp_path: Path) -> None:
    assert edges_named("auto") == "contours"
    weights = tmp_path / "mobile_sam.pt"
    with pytest.raises(ModelError, match="is not a file"):
        edges_named("auto", UserPaths({"mobile-sam": weights}))
    weights.touch()
    user = UserPaths({"mobile-sam": weights})
    assert edges_named("auto", user) == "segments"
    assert [edges_named(name, user) for name in get_args(Edges)] == list(get_args(Edges))


def test_lines_are_opened_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_lines("canny") == LineFinders()
    contours = open_lines("contours")
    assert contours.contours is not None
    assert contours.contours.name == "builtin"
    assert contours.objects is contours.parts is None
    with pytest.raises(ModelError, match="compose models pull mobile-sam"):
        open_lines("segments")
    weights = tmp_path / "mobile_sam.pt"
    weights.touch()
    monkeypatch.setattr("compose.models.mobile_sam.MobileSamNetwork", lambda *_: DiscsNetwork())
    segments = open_lines("segments", UserPaths({"mobile-sam": weights}))
    assert segments.contours is not None
    assert segments.contours.name == "segments"
    assert segments.objects is not None
    assert segments.objects.name == "objects"
    assert segments.parts is not None
