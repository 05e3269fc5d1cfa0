from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from compose.core.errors import UsageError
from compose.core.inputs import Source, expand_inputs


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("p/b.jpg", "p/a.PNG", "p/sub/c.webp", "p/notes.txt", "p/.hidden.jpg", "q/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pairs(sources: list[Source]) -> list[tuple[str, str]]:
    return [(os.fspath(s.path), os.fspath(s.relative)) for s in sources]


def problems(sources: list[Source]) -> dict[str, str]:
    return {os.fspath(s.path): s.problem for s in sources if s.problem}


def lines(*paths: str, end: str = "\n") -> io.BytesIO:
    return io.BytesIO(b"".join(os.fsencode(path + end) for path in paths))


@pytest.mark.usefixtures("here")
class TestArguments:
    def test_folder_is_searched_in_order(self) -> None:
        assert pairs(expand_inputs(["p"])) == [
            ("p/a.PNG", "a.PNG"),
            ("p/b.jpg", "b.jpg"),
            ("p/sub/c.webp", "sub/c.webp"),
        ]

    def test_file_goes_by_its_name_whatever_its_suffix(self) -> None:
        assert pairs(expand_inputs(["p/notes.txt", "p/.hidden.jpg"])) == [
            ("p/notes.txt", "notes.txt"),
            ("p/.hidden.jpg", ".hidden.jpg"),
        ]

    def test_doubles_count_once(self) -> None:
        found = expand_inputs(["p/b.jpg", "p", "./p/../p/b.jpg", os.path.abspath("p/b.jpg")])
        assert [s.path.name for s in found] == ["b.jpg", "a.PNG", "c.webp"]

    def test_pattern_mirrors_what_lies_below_its_fixed_part(self) -> None:
        assert pairs(expand_inputs(["p/**/*.[jw]*"])) == [
            ("p/b.jpg", "b.jpg"),
            ("p/sub/c.webp", "sub/c.webp"),
        ]
        assert ("p/sub/c.webp", "p/sub/c.webp") in pairs(expand_inputs(["?"]))

    def test_file_named_like_a_pattern_or_list_is_that_file(self, here: Path) -> None:
        for name in ("[x]*.jpg", "@list", "-"):
            (here / name).touch()
        found = expand_inputs(["[x]*.jpg", "@list", "./-"])
        assert [s.path.name for s in found] == ["[x]*.jpg", "@list", "-"]

    def test_missing_file_is_a_failure_of_its_own(self) -> None:
        found = expand_inputs(["gone.jpg", "p/b.jpg"])
        assert list(problems(found)) == ["gone.jpg"]
        assert problems(expand_inputs(["gone.jpg"]))["gone.jpg"].endswith("check its spelling.")

    def test_empty_folder_or_pattern_fails_beside_others_and_refuses_alone(
        self, here: Path
    ) -> None:
        (here / "empty").mkdir()
        found = expand_inputs(["empty", "*.nothing", "p/b.jpg"])
        assert list(problems(found)) == ["empty", "*.nothing"]
        for alone in (["empty"], ["*.nothing"], ["empty", "*.nothing"], [""]):
            with pytest.raises(UsageError):
                expand_inputs(alone)

    def test_folder_with_a_picture_name_is_searched(self, here: Path) -> None:
        (here / "p/dir.jpg").mkdir()
        (here / "p/dir.jpg/x.jpg").touch()
        assert ("p/dir.jpg/x.jpg", "dir.jpg/x.jpg") in pairs(expand_inputs(["p"]))

    @pytest.mark.parametrize("argument", ["p", "p/*.jpg", "p/empty.jpg"])
    def test_empty_folder_with_a_picture_name_is_a_failure(self, here: Path, argument: str) -> None:
        (here / "p/empty.jpg").mkdir()
        (here / "p/empty").mkdir()
        found = problems(expand_inputs([argument]))
        assert list(found) == ["p/empty.jpg"]
        assert "holds no input" in found["p/empty.jpg"]

    def test_loop_of_links_ends_and_links_are_followed(self, here: Path) -> None:
        (here / "p/sub/up").symlink_to(here / "p")
        (here / "p/link").symlink_to(here / "q")
        (here / "p/self.jpg").symlink_to("self.jpg")
        (here / "p/broken.jpg").symlink_to("nowhere.jpg")
        found = expand_inputs(["p"])
        assert sorted(problems(found)) == ["p/broken.jpg", "p/self.jpg"]
        good = [os.fspath(s.relative) for s in found if not s.problem]
        assert good == ["a.PNG", "b.jpg", "link/b.jpg", "sub/c.webp"]

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
    def test_pipe_with_a_name_is_a_failure(self, here: Path) -> None:
        os.mkfifo(here / "p/pipe.jpg")
        assert "no regular file" in problems(expand_inputs(["p"]))["p/pipe.jpg"]

    def test_unfinished_files_are_no_inputs(self, here: Path) -> None:
        part = "p/.b.jpg.00112233.compose-part"
        (here / part).touch()
        assert "unfinished" in problems(expand_inputs([part, "p"]))[part]
        assert expand_inputs(["-"], stdin=lines(part)) == []

    @pytest.mark.parametrize("name", ["-x.jpg", "new\nline.jpg", "n" * 251 + ".jpg", "b\udcff.jpg"])
    def test_hostile_names(self, here: Path, name: str) -> None:
        try:
            (here / name).touch()
        except OSError:
            pytest.skip("this file system takes no such name")
        assert pairs(expand_inputs([name])) == [(name, name)]
        assert (name, name) in pairs(expand_inputs(["."]))
        assert (name, name) in pairs(expand_inputs(["*.jpg"]))
        assert pairs(expand_inputs(["-"], stdin=lines(name, end="\0"), null=True)) == [(name, name)]


@pytest.mark.usefixtures("here")
class TestLists:
    def test_listed_files_keep_their_folders(self, here: Path) -> None:
        absolute = os.fspath(here / "q/b.jpg")
        found = expand_inputs(["-"], stdin=lines("./p/b.jpg", "", absolute, "p/../q/../p/a.PNG"))
        assert [os.fspath(s.relative) for s in found] == ["p/b.jpg", absolute[1:], "p/a.PNG"]

    def test_outputs_never_leave_their_folder(self, here: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        monkeypatch.chdir(here / "q")
        (source,) = expand_inputs(["-"], stdin=lines("../p/b.jpg"))
        assert not source.relative.is_absolute()
        assert ".." not in source.relative.parts
        assert source.relative.parts[-2:] == ("p", "b.jpg")

    def test_list_file_with_the_marks_of_other_systems(self, here: Path) -> None:
        (here / "list.txt").write_bytes(b"\xef\xbb\xbfp/b.jpg\r\nq/b.jpg\r\n")
        found = expand_inputs(["@list.txt"])
        assert [os.fspath(s.path) for s in found] == ["p/b.jpg", "q/b.jpg"]

    def test_lines_are_no_patterns(self) -> None:
        assert list(problems(expand_inputs(["-"], stdin=lines("p/*.jpg", "@p")))) == [
            "p/*.jpg",
            "@p",
        ]

    def test_folders_in_a_list_are_searched_as_find_prints_them(self, here: Path) -> None:
        (here / "p/none").mkdir()
        found = expand_inputs(["-"], stdin=lines("p", "p/none", "p/sub", "p/sub/c.webp"))
        assert ("p/sub/c.webp", "p/sub/c.webp") in pairs(found)
        assert len(found) == 3
        assert not problems(found)

    def test_listed_folder_with_a_picture_name_is_a_failure(self, here: Path) -> None:
        (here / "p/d.jpg").mkdir()
        assert "holds no input" in problems(expand_inputs(["-"], stdin=lines("p/d.jpg")))["p/d.jpg"]

    def test_list_that_names_nothing_is_empty(self) -> None:
        assert expand_inputs(["-"], stdin=lines("")) == []

    def test_unreadable_lists_are_refused(self) -> None:
        with pytest.raises(UsageError, match="cannot read the list"):
            expand_inputs(["@gone.txt"])
        with pytest.raises(UsageError, match="add --null"):
            expand_inputs(["-"], stdin=lines("p/b.jpg", end="\0"))


@pytest.mark.usefixtures("here")
class TestOutputs:
    def test_folders_of_outputs_are_no_inputs_unless_they_are_named(self) -> None:
        out = [Path("p/sub")]
        everything = [("p/a.PNG", "a.PNG"), ("p/b.jpg", "b.jpg")]
        assert pairs(expand_inputs(["p"], outputs=out)) == everything
        assert pairs(expand_inputs(["p/**/*.*"], outputs=out))[:2] == everything
        assert "p/sub/c.webp" not in dict(pairs(expand_inputs(["p/**/*.*"], outputs=out)))
        assert "p/sub/c.webp" not in dict(pairs(expand_inputs(["p/*"], outputs=out)))
        for named in ("p/sub", "p/sub/*", "p/sub/c.w?bp", "p/sub/c.webp"):
            assert "c.webp" in {s.path.name for s in expand_inputs([named], outputs=out)}
        listed = expand_inputs(["-"], stdin=lines("p/sub/c.webp"), outputs=out)
        assert pairs(listed) == [("p/sub/c.webp", "p/sub/c.webp")]

    def test_links_to_them_are_none_either(self, here: Path) -> None:
        (here / "p/link").symlink_to(here / "p/sub")
        found = expand_inputs(["p"], outputs=[here / "p/sub"])
        assert [s.path.name for s in found] == ["a.PNG", "b.jpg"]

    def test_patterns_never_lead_outside(self) -> None:
        found = pairs(expand_inputs(["p/su*/../../q/*.jpg"]))
        assert found == [("p/sub/../../q/b.jpg", "q/b.jpg")]
