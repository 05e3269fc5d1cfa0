"""The file of a reference index: round trip, order, and files that are none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from compose.core.errors import DataError
from compose.data.reference_index import MAGIC, open_index
from compose.data.reference_journal import ReferenceJournal, journal_folder
from compose.data.reference_write import write_index

from .references import header, make_index, reference, vectors


def test_what_is_written_is_read(tmp_path):
    names = ["a.jpg", "b/ü→.jpg", "new\nline.png", "raw\udcff.jpg"]
    rows = vectors(4)
    given = [reference(i, name=name) for i, name in enumerate(names)]
    write_index(tmp_path / "a.idx", header(), given, rows, [3, 0, 1, 2])
    index = open_index(tmp_path / "a.idx")
    assert index.header == header()
    assert len(index) == 4
    assert index.names == names
    np.testing.assert_array_equal(index.vectors, rows[[3, 0, 1, 2]])
    back = index.reference(2)
    assert (back.name, back.source, back.hash, back.size) == (
        given[2].name, given[2].source, given[2].hash, given[2].size,
    )  # fmt: skip
    np.testing.assert_allclose(back.layout, given[2].layout, atol=1e-3)
    assert not index.vectors.flags.writeable


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in "ab":
        make_index(tmp_path / f"{name}.idx")
    assert (tmp_path / "a.idx").read_bytes() == (tmp_path / "b.idx").read_bytes()


def test_an_index_may_be_empty(tmp_path):
    assert len(make_index(tmp_path / "a.idx", 0)) == 0


@pytest.mark.parametrize("length", [0, 5, 15, 40, 600, -70, -1])
def test_half_an_index_is_refused(tmp_path, length):
    make_index(tmp_path / "a.idx")
    whole = (tmp_path / "a.idx").read_bytes()
    (tmp_path / "b.idx").write_bytes(whole[:length])
    with pytest.raises(DataError, match=r"is damaged|is no reference index") as error:
        open_index(tmp_path / "b.idx")
    assert "\n" not in str(error.value)


def changed(tmp_path, change):
    """An index whose header says something else, of the same length."""
    make_index(tmp_path / "a.idx")
    data = (tmp_path / "a.idx").read_bytes()
    length = int.from_bytes(data[8:16], "little")
    fields = json.loads(data[16 : 16 + length])
    change(fields)
    text = json.dumps(fields).encode()
    room = len(data[16:]) - len(text)
    path = tmp_path / "b.idx"
    path.write_bytes(MAGIC + len(text).to_bytes(8, "little") + text + data[-room:])
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f["arrays"]["vectors"].__setitem__(0, 1 << 40),
        lambda f: f["arrays"]["vectors"].__setitem__(0, -64),
        lambda f: f["arrays"]["vectors"].__setitem__(1, "O"),
        lambda f: f["arrays"]["vectors"].__setitem__(2, [1 << 62, 8]),
        lambda f: f["arrays"]["hashes"].__setitem__(2, [3]),
        lambda f: f["arrays"].pop("names"),
        lambda f: f.update(count=7),
        lambda f: f.update(count="many"),
        lambda f: f.update(tokens=[0, 8]),
        lambda f: f.update(metric="pickle"),
        lambda f: f.update(encoder=["x"]),
        lambda f: f.update(arrays=None),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, change):
    with pytest.raises(DataError, match="is damaged; build it again"):
        open_index(changed(tmp_path, change))


def test_other_files_and_versions_are_said(tmp_path):
    (tmp_path / "a").write_bytes(b"no index at all, but long enough for one")
    with pytest.raises(DataError, match="is no reference index"):
        open_index(tmp_path / "a")
    with pytest.raises(DataError, match="cannot read"):
        open_index(tmp_path / "gone")
    with pytest.raises(DataError, match="of version 9, this program reads 1"):
        open_index(changed(tmp_path, lambda f: f.update(version=9)))
    (tmp_path / "b").write_bytes(MAGIC + (1 << 60).to_bytes(8, "little") + b"{}")
    with pytest.raises(DataError, match="is damaged"):
        open_index(tmp_path / "b")


def test_a_journal_goes_on_where_it_was_cut(tmp_path):
    path, rows = tmp_path / "a.idx", vectors(5)
    with ReferenceJournal(path, header()) as journal:
        for i in range(4):
            assert journal.add(reference(i), rows[i], (i, 7)) == i
    folder = journal_folder(path)
    # killed in the middle of a line, with a vector too many
    lines = (folder / "rows.jsonl").read_bytes()
    (folder / "rows.jsonl").write_bytes(lines[:-10])
    with (folder / "vectors").open("ab") as file:
        file.write(b"half")
    with ReferenceJournal(path, header()) as journal:
        assert [journal.done(f"sub/{i}.jpg", (i, 7)) for i in range(5)] == [0, 1, 2, None, None]
        assert journal.done("sub/1.jpg", (1, 8)) is None  # the file has changed
        assert journal.add(reference(3), rows[3], (3, 7)) == 3
        np.testing.assert_array_equal(journal.vectors(), rows[:4])
        np.testing.assert_allclose(journal.references[1].layout, reference(1).layout)
        journal.remove()
    assert not folder.exists()


def test_a_journal_of_another_encoder_is_begun_anew(tmp_path):
    path = tmp_path / "a.idx"
    with ReferenceJournal(path, header()) as journal:
        journal.add(reference(0), vectors(1)[0], (1, 1))
    with ReferenceJournal(path, header(pattern="(x)")) as journal:
        assert journal.done("sub/0.jpg", (1, 1)) is None
        assert not journal.references
