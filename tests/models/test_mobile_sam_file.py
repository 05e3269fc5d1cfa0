"""Whether MobileSAM's file is meant, by a name, a path or by what lies on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from compose.core.errors import ModelError
from compose.models import mobile_sam_file as module
from compose.models.cache import UserPaths
from compose.models.mobile_sam_file import mobile_sam_file


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)


def test_by_default_it_is_meant_where_meta_s_files_are_not(
    tmp_path: Path, mobile_sam_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mobile_sam_file(None) is None
    assert mobile_sam_file(None, UserPaths({"mobile-sam": mobile_sam_path})) == mobile_sam_path
    monkeypatch.setenv("COMPOSE_MODELS", f"mobile-sam={mobile_sam_path}")
    assert mobile_sam_file(None) == mobile_sam_path
    meta = tmp_path / "sam_vit_b_01ec64.pth"
    meta.write_bytes(b"")
    both = UserPaths({"mobile-sam": mobile_sam_path, "sam-vit-b": meta})
    assert mobile_sam_file(None, both) is None
    assert mobile_sam_file("mobile-sam", both) == mobile_sam_path


def test_its_name_means_it(
    tmp_path: Path, mobile_sam_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="compose models pull mobile-sam"):
        mobile_sam_file("mobile-sam")
    with pytest.raises(ModelError, match="is not a file; correct the path"):
        mobile_sam_file("mobile-sam", UserPaths({"mobile-sam": tmp_path / "none.pt"}))
    # a file that was only found, and not named, must be the published one
    monkeypatch.setenv("COMPOSE_MODELS", str(mobile_sam_path.parent))
    for name in ("mobile-sam", None):
        with pytest.raises(ModelError, match=r"is not the published mobile_sam\.pt"):
            mobile_sam_file(name)


def test_a_path_means_it_where_the_file_holds_it(
    tmp_path: Path, mobile_sam_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mobile_sam_file(str(mobile_sam_path)) == mobile_sam_path
    monkeypatch.setenv("HOME", str(mobile_sam_path.parent))
    assert mobile_sam_file("~/mobile_sam.pt") == mobile_sam_path
    monkeypatch.chdir(mobile_sam_path.parent)
    assert mobile_sam_file("mobile_sam.pt") == Path("mobile_sam.pt")
    torch.save({"image_encoder.pos_embed": torch.zeros(1, 4, 4, 8)}, tmp_path / "meta.pth")
    assert mobile_sam_file(str(tmp_path / "meta.pth")) is None


def test_what_else_may_be_named_is_not_it(
    tmp_path: Path, mobile_sam_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads Meta's files says what is wrong with these."""
    (tmp_path / "damaged.pt").write_bytes(mobile_sam_path.read_bytes()[:5000])
    (tmp_path / "folder").mkdir()
    for name in ("damaged.pt", "folder", "none.pth"):
        assert mobile_sam_file(str(tmp_path / name)) is None
    assert mobile_sam_file("facebook/sam-vit-base") is None
    monkeypatch.chdir(tmp_path)
    Path("sam-vit-b").write_bytes(mobile_sam_path.read_bytes())
    assert mobile_sam_file("sam-vit-b") is None  # the checkpoint is meant, not a file here


def test_large_files_are_not_read(mobile_sam_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", mobile_sam_path.stat().st_size - 1)
    monkeypatch.setattr(module, "load_torch_arrays", lambda path: pytest.fail("read"))
    assert mobile_sam_file(str(mobile_sam_path)) is None
