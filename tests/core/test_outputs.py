from __future__ import annotations

from pathlib import Path

import pytest

from compose.core import outputs
from compose.core.errors import UsageError
from compose.core.inputs import Source
from compose.core.outputs import refuse_collisions, refuse_existing


def source(name: str) -> Source:
    return Source(Path(name), Path(name))


A, B = source("in/a.jpg"), source("in/b.jpg")


def test_plan_without_clashes_passes() -> None:
    refuse_collisions([(A, Path("out/a.jpg")), (A, Path("out/a.svg")), (B, Path("out/b.jpg"))])
    refuse_collisions([(A, Path("out/x.jpg")), (B, Path("out/X.jpg")), (None, Path("r.html"))])


def test_two_inputs_with_one_output() -> None:
    with pytest.raises(UsageError, match=r"in/a.jpg and in/b.jpg would both write out/.*x\.png"):
        refuse_collisions([(A, Path("out/x.png")), (B, Path("out/../out/x.png"))])
    with pytest.raises(UsageError, match="the run itself"):
        refuse_collisions([(A, Path("out/x.html")), (None, Path("out/x.html"))])


def test_case_counts_only_where_the_file_system_minds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "_ignores_case", lambda folder: True)
    with pytest.raises(UsageError):
        refuse_collisions([(A, Path("out/Ä.jpg")), (B, Path("out/a\u0308.JPG"))])


def test_output_that_would_need_an_output_as_folder() -> None:
    with pytest.raises(UsageError, match="needs a folder"):
        refuse_collisions([(A, Path("out/a/1.jpg")), (B, Path("out/a"))])


def test_output_that_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "real.jpg").touch()
    (tmp_path / "link.jpg").symlink_to("real.jpg")
    real, link = tmp_path / "real.jpg", tmp_path / "link.jpg"
    for given, written in ((real, real), (link, real), (real, link)):
        with pytest.raises(UsageError, match="is an input"):
            refuse_collisions([(source(str(given)), written)])


def test_existing_outputs(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    refuse_existing(paths)
    paths[1].symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"b exists already; add --skip-existing or --overwrite"):
        refuse_existing(paths)
    with pytest.raises(UsageError, match=r"b exists already; add --resume auto or --overwrite\.$"):
        refuse_existing(paths, ["--resume auto", "--overwrite"])
    paths[2].mkdir()
    with pytest.raises(UsageError, match=r"2 outputs exist already \(the first is .*b\)"):
        refuse_existing(paths)


def test_what_is_read_besides_is_not_replaced(tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    (masks / "a.png").touch()
    like = tmp_path / "like.jpg"
    like.touch()
    for path in (like, masks / "a.png", masks / "../masks/a.png"):
        with pytest.raises(UsageError, match="would be replaced"):
            refuse_collisions([(A, path)], [like, masks])
    # beside them there is room
    refuse_collisions([(A, masks / "new.png"), (None, tmp_path / "r.html")], [like, masks])
