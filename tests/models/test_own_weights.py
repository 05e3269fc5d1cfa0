"""Networks of the user's own in place of those that ship."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import ModelError, UsageError
from compose.models import hub
from compose.models.cache import parse_user_paths
from compose.models.contours import open_contours
from compose.models.crop_builtin import network_file, weights_folder
from compose.models.grouping import GROUPING
from compose.models.own_weights import REPLACEABLE, VARIABLE, own_digests, own_file
from compose.models.registry_embedded import EMBEDDED
from compose.models.saliency import open_saliency


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    shutil.copy(weights_folder() / GROUPING, folder)
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


def test_all_that_can_be_replaced_ships() -> None:
    assert {row.file for row in EMBEDDED} >= REPLACEABLE


def test_the_first_folder_that_has_it_counts(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert network_file(GROUPING) == own / GROUPING
    assert network_file("outlines.onnx") == weights_folder() / "outlines.onnx"
    second = tmp_path / "second"
    second.mkdir()
    for name in (GROUPING, "outlines.onnx"):
        shutil.copy(weights_folder() / name, second)
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(own), str(second)]))
    assert network_file(GROUPING) == own / GROUPING
    assert network_file("outlines.onnx") == second / "outlines.onnx"
    assert network_file(GROUPING, second) == second / GROUPING  # who names a folder means it
    assert set(own_digests()) == {GROUPING, "outlines.onnx"}


def test_trunks_and_crop_stay_what_ships(own: Path) -> None:
    for name in ("crop_trunk_lite.onnx", "crop_builtin.onnx"):
        shutil.copy(weights_folder() / name, own)
        assert own_file(name) is None
        assert network_file(name) == weights_folder() / name


def test_a_folder_that_would_be_passed_over_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "typo"))
    with pytest.raises(UsageError, match="typo, which is no folder"):
        own_file(GROUPING)
    (tmp_path / "crop").mkdir()
    (tmp_path / "crop" / "crop_builtin.onnx").write_bytes(b"")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "crop"))
    with pytest.raises(UsageError, match="--weights"):
        own_file(GROUPING)
    monkeypatch.setenv(VARIABLE, "")
    assert own_file(GROUPING) is None


def test_it_is_listed_as_one_s_own(own: Path) -> None:
    (own / GROUPING).write_bytes((own / GROUPING).read_bytes() + b"\0")
    verdict = hub.verify("grouping", parse_user_paths())
    assert (verdict.path, verdict.place, verdict.status) == (own / GROUPING, "trained", "own")
    assert hub.resolve("grouping") == own / GROUPING
    assert own_digests() == {GROUPING: hashlib.sha256((own / GROUPING).read_bytes()).hexdigest()}


def test_engines_run_it(own: Path) -> None:
    from safetensors.torch import load_file, save_file

    rgb = np.random.default_rng(0).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    before = open_contours().read(rgb)
    file = weights_folder() / "contours.safetensors"
    shutil.copy(file, own)
    assert np.array_equal(open_contours().read(rgb), before)
    tensors = load_file(file)
    changed = {name: value * 0 if value.is_floating_point() else value
               for name, value in tensors.items()}  # fmt: skip
    save_file(changed, own / "contours.safetensors", metadata=_metadata(file))
    assert not np.array_equal(open_contours().read(rgb), before)


def test_a_damaged_one_is_named(own: Path) -> None:
    (own / "saliency.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"saliency\.onnx is damaged or no such network"):
        open_saliency("builtin")


def _metadata(file: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        return dict(opened.metadata())
