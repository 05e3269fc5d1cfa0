"""Which files are finished sketches, and which photographs belong to them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from compose.core.errors import DataError, InputError, UsageError
from compose.core.inputs import expand_inputs
from compose.stages.sketch_originals import Originals
from compose.stages.sketch_runs import SKETCH_SUFFIXES, choose_sketches, read_run


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}" if name.endswith("run.json") else "")


def chosen(root: Path, *arguments: str, named: Iterable[str] = ()) -> list[str]:
    paths = [os.fspath(root / argument) for argument in arguments]
    sources = expand_inputs(paths, suffixes=SKETCH_SUFFIXES)
    found = choose_sketches(sources, {os.fspath(root / name) for name in named})
    return [source.path.relative_to(root).as_posix() for source in found if not source.problem]


def test_of_a_run_only_the_final_drawing_counts(tmp_path: Path) -> None:
    touch(tmp_path, "dogs/run.json", "dogs/final.svg", "dogs/final.png", "dogs/edges.png",
          "dogs/rounds/1/round-1.svg", "room/run.json", "room/final.png")  # fmt: skip
    assert chosen(tmp_path, "") == ["dogs/final.svg", "room/final.png"]
    assert chosen(tmp_path, "dogs") == ["dogs/final.svg"]


def test_runs_may_lie_in_runs(tmp_path: Path) -> None:
    touch(tmp_path, "dogs/run.json", "dogs/final.svg", "dogs/seed-0/run.json",
          "dogs/seed-0/final.svg", "dogs/seed-1/final.svg")  # fmt: skip
    assert chosen(tmp_path, "dogs") == ["dogs/final.svg", "dogs/seed-0/final.svg"]


def test_a_file_of_a_run_that_is_named_counts(tmp_path: Path) -> None:
    touch(tmp_path, "dogs/run.json", "dogs/final.svg", "dogs/rounds/round-1.svg")
    one = "dogs/rounds/round-1.svg"
    assert chosen(tmp_path, one, named=[one]) == [one]
    assert chosen(tmp_path, one, "dogs", named=[one]) == [one, "dogs/final.svg"]


def test_a_picture_of_a_drawing_beside_it_is_no_second_sketch(tmp_path: Path) -> None:
    touch(tmp_path, "a.svg", "a.png", "b.png", "c/a.png")
    assert chosen(tmp_path, "") == ["a.svg", "b.png", "c/a.png"]
    assert chosen(tmp_path, "a.svg", "a.png", named=["a.svg", "a.png"]) == ["a.svg", "a.png"]


def test_an_unfinished_run_is_one_failure(tmp_path: Path) -> None:
    touch(tmp_path, "dogs/run.json", "dogs/edges.png", "dogs/seeds.png", "room.svg")
    sources = choose_sketches(expand_inputs([os.fspath(tmp_path)], suffixes=SKETCH_SUFFIXES))
    problems = [source.problem for source in sources if source.problem]
    assert len(problems) == 1
    assert "no final drawing" in problems[0]
    assert chosen(tmp_path, "") == ["room.svg"]


def test_a_run_says_what_it_drew(tmp_path: Path) -> None:
    record = {"target": "in/dogs.jpg", "seconds": 12, "arguments": {"fix_scale": True}}
    touch(tmp_path, "dogs/final.svg")
    assert read_run(tmp_path / "dogs/final.svg") is None
    (tmp_path / "dogs/run.json").write_text(json.dumps(record))
    run = read_run(tmp_path / "dogs/final.svg")
    assert run is not None
    assert (run.target, run.seconds, run.fix_scale) == (Path("in/dogs.jpg"), 12.0, True)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"target": 3}', '{"seconds": "x"}', "[" * 100_000, "\xff"]
)
def test_a_damaged_record_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"run\.json is not what a run writes"):
        read_run(tmp_path / "final.svg")


def test_photographs_are_found_by_name(tmp_path: Path) -> None:
    touch(tmp_path, "in/dogs.jpg", "in/sub/room.webp", "in/final.png")
    originals = Originals(tmp_path / "in")
    assert originals.of(tmp_path / "out/dogs.svg", None).name == "dogs.jpg"
    assert (
        originals.of(tmp_path / "out/room/room_48_strokes_seed0/end.svg", None).name == "room.webp"
    )
    touch(tmp_path, "runs/1/final.svg")
    (tmp_path / "runs/1/run.json").write_text('{"target": "elsewhere/room.jpg"}')
    sketch = tmp_path / "runs/1/final.svg"
    assert originals.of(sketch, read_run(sketch)).name == "room.webp"  # not final.png


def test_one_photograph_serves_all(tmp_path: Path) -> None:
    touch(tmp_path, "dogs.jpg")
    assert Originals(tmp_path / "dogs.jpg").of(tmp_path / "x.svg", None) == tmp_path / "dogs.jpg"


def test_a_run_is_believed_where_no_folder_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "in/dogs.jpg", "out/final.svg", "out/dogs.png")
    sketch = tmp_path / "out/final.svg"
    for said, wanted in (
        (os.fspath(tmp_path / "in/dogs.jpg"), "in/dogs.jpg"),
        ("dogs.png", "out/dogs.png"),
    ):
        (tmp_path / "out/run.json").write_text(json.dumps({"target": said}))
        assert Originals().of(sketch, read_run(sketch)) == tmp_path / wanted


def test_doubt_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "in/dogs.jpg", "in/dogs.png", "out/final.svg")
    with pytest.raises(InputError, match="leave one of them out"):
        Originals(tmp_path / "in").of(tmp_path / "dogs.svg", None)
    with pytest.raises(InputError, match="holds no picture called cats"):
        Originals(tmp_path / "in").of(tmp_path / "cats.svg", None)
    with pytest.raises(InputError, match="--targets"):
        Originals().of(tmp_path / "cats.svg", None)
    (tmp_path / "out/run.json").write_text('{"target": "gone.jpg"}')
    with pytest.raises(InputError, match=r"gone\.jpg"):
        Originals().of(tmp_path / "out/final.svg", read_run(tmp_path / "out/final.svg"))
    with pytest.raises(UsageError):
        Originals(tmp_path / "nowhere")
