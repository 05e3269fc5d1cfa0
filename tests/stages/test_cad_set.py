"""Sets: the same bytes in parts as in one go, versions that stay, counts held against files."""

from __future__ import annotations

import csv
import dataclasses
import functools
import pickle
from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import DataError, UsageError
from compose.core.inputs import Source, expand_inputs
from compose.core.share import parse_share
from compose.data import cad_files as cad
from compose.models.crop_engine import ConstantCrop
from compose.stages.cad_filter import FilterConfig
from compose.stages.cad_labels import LabelConfig
from compose.stages.cad_place import PlaceConfig
from compose.stages.cad_relabel import begin_version, end_version, relabel
from compose.stages.cad_report import write_report
from compose.stages.cad_set import CadConfig, CadSet, photo_name, source_of
from compose.stages.cad_settings import CadRequest, open_set, open_writer
from compose.stages.cad_shard import chosen_inputs
from compose.stages.cad_state import begin_set
from compose.stages.cad_tables import finish_set

from .cad_scenes import contents, save_photos

REQUEST = CadRequest(
    place=PlaceConfig(side=(200, 240)),
    config=CadConfig(variants=2, filter=FilterConfig(bad=1.0)),
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    folder = save_photos(tmp_path_factory.mktemp("given") / "photos" / "images", 3)
    return expand_inputs([str(folder)])


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> CadSet:
    return open_set(tmp_path_factory.mktemp("nowhere"), REQUEST)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, photos: list[Source], opened: CadSet) -> Path:
    root = tmp_path_factory.mktemp("made")
    begin_set(root, REQUEST.settings())
    wanted = dataclasses.replace(opened, root=root)
    for source in photos:
        wanted.write(source)
    finish_set(root)
    return root


def test_files_are_as_the_layout_says(made: Path) -> None:
    records = list(cad.read_records(made))
    assert [record["name"] for record in records] == ["0", "1", "2"]
    kept = [p for r in records for p in r["pictures"] if p["dropped"] is None]
    assert kept
    for entry in kept:
        first = cad.read_labels(cad.label_file(made, 1, entry["picture"]))
        assert first == [(tuple(entry["region"]), 10.0)]
        second = cad.read_labels(cad.label_file(made, 2, entry["picture"]))
        assert second[0] == first[0]
        assert len(second) == entry["labels"] <= 5
        assert cad.read_labels(cad.beside_file(made, entry["picture"])) == second
    dropped = [p for r in records for p in r["pictures"] if p["dropped"] is not None]
    assert all(cad.dropped_file(made, entry["picture"]).is_file() for entry in dropped)
    assert not any(cad.image_file(made, entry["picture"]).exists() for entry in dropped)


def test_parts_in_any_order_give_the_same_bytes(
    made: Path, opened: CadSet, photos: list[Source], tmp_path: Path
) -> None:
    for source in reversed(photos):
        begin_set(tmp_path, REQUEST.settings())
        dataclasses.replace(opened, root=tmp_path).write(source)
        finish_set(tmp_path)
    assert contents(tmp_path) == contents(made)


def test_other_seeds_give_other_pictures(made: Path, photos: list[Source], tmp_path: Path) -> None:
    other = dataclasses.replace(REQUEST, seed=1)
    record = open_set(tmp_path, other).write(photos[0])
    before = next(cad.read_records(made))
    assert [p["region"] for p in record["pictures"]] != [p["region"] for p in before["pictures"]]


def test_a_set_is_gone_on_with_by_the_same_settings_only(made: Path) -> None:
    begin_set(made, REQUEST.settings())
    for other in (
        dataclasses.replace(REQUEST, seed=1),
        dataclasses.replace(REQUEST, config=CadConfig(variants=3)),
    ):
        with pytest.raises(UsageError, match="made otherwise"):
            begin_set(made, other.settings())


def test_tables_tell_every_picture_and_label(made: Path) -> None:
    counts = finish_set(made)
    with (made / "pictures.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == counts.made == 6
    assert sum(row["dropped"] == "" for row in rows) == counts.total
    with (made / "labels.csv").open() as file:
        labels = list(csv.DictReader(file))
    assert {row["origin"] for row in labels if row["rank"] == "0"} == {"original"}
    assert {row["origin"] for row in labels if row["rank"] != "0"} <= {"builtin"}
    assert counts.labels == {
        number: sum(row["version"] == f"v00{number}" for row in labels) for number in (1, 2)
    }
    columns, table = counts.table()
    assert columns == ["layout", "photos", "total"]
    assert table[-1] == ["total", counts.total, counts.total]


def test_missing_files_and_wild_labels_are_found(
    opened: CadSet, photos: list[Source], tmp_path: Path
) -> None:
    record = dataclasses.replace(opened, root=tmp_path).write(photos[0])
    (picture, *_) = [p["picture"] for p in record["pictures"] if p["dropped"] is None]
    finish_set(tmp_path)
    beside = cad.beside_file(tmp_path, picture)
    text = beside.read_text()
    beside.unlink()
    with pytest.raises(DataError, match="is missing"):
        finish_set(tmp_path)
    beside.write_text(text)
    cad.write_json(cad.origins_file(tmp_path, 2, "0"), {picture: [[0, 0, 999, 9, 5.0, "x"]]})
    with pytest.raises(DataError, match="leaves its picture"):
        finish_set(tmp_path)
    cad.image_file(tmp_path, picture).unlink()
    with pytest.raises(DataError, match="lacks 1 pictures"):
        finish_set(tmp_path)


def test_further_versions_are_added_and_earlier_ones_stay(
    opened: CadSet, photos: list[Source], tmp_path: Path
) -> None:
    begin_set(tmp_path, REQUEST.settings())
    record = dataclasses.replace(opened, root=tmp_path).write(photos[0])
    before = contents(tmp_path)
    engine = ConstantCrop("centre", (0.05, 0.05, 0.95, 0.95))
    number = begin_version(tmp_path, {"engine": "centre"})
    assert number == 3
    # begun and unfinished: the same one goes on, for the same settings
    assert begin_version(tmp_path, {"engine": "centre"}) == 3
    with pytest.raises(UsageError, match="unfinished"):
        begin_version(tmp_path, {"engine": "rank"})
    relabel(tmp_path, record, number, engine, LabelConfig())
    end_version(tmp_path, number, {"engine": "centre"})
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before
    found = cad.read_json(cad.origins_file(tmp_path, 3, "0"))
    kept = [p["picture"] for p in record["pictures"] if p["dropped"] is None]
    assert sorted(found) == sorted(kept)
    assert all(rows[0][5] == "original" for rows in found.values())
    assert begin_version(tmp_path, {"engine": "rank"}) == 4
    with pytest.raises(UsageError, match="holds no set"):
        begin_version(tmp_path / "none", {})


def test_parts_of_the_work_are_told_by_names() -> None:
    sources = [Source(Path(f"{n}.jpg"), Path(f"{n}.jpg")) for n in range(40)]
    parts = [chosen_inputs(sources, (part, 3), None) for part in range(3)]
    assert sorted(s.path for part in parts for s in part) == sorted(s.path for s in sources)
    assert all(len(part) > 4 for part in parts)
    # what else there is does not matter
    assert chosen_inputs(sources[10:], (1, 3), None) == [s for s in parts[1] if s in sources[10:]]
    assert chosen_inputs(sources, (0, 1), 5) == sources[:5]
    assert parse_share("0/8") == (0, 8)
    assert parse_share("7/8") == (7, 8)
    for wrong in ("8/8", "9/8", "2", "a/b", "0/0", "-1/3"):
        with pytest.raises(UsageError, match="from 0 to N-1"):
            parse_share(wrong)


def test_what_makes_a_set_can_be_sent_to_another_process(tmp_path: Path) -> None:
    """What `--cluster` sends; the benchmark of kills runs it."""
    sent = pickle.loads(pickle.dumps(functools.partial(open_writer, tmp_path, REQUEST)))
    assert sent.func is open_writer
    assert sent.args == (tmp_path, REQUEST)


def test_sources_are_named_by_the_folder_that_says_something() -> None:
    def source(path: str) -> str:
        return source_of(Source(Path(path), Path("x")))

    assert source("/data/fcdb/images/1.jpg") == "fcdb"
    assert source("/data/photos/1.jpg") == "photos"
    assert photo_name(Source(Path("x"), Path("a/b.c.jpg"))) == "a/b.c"


def test_the_page_shows_kept_and_dropped(made: Path, tmp_path: Path) -> None:
    counts = finish_set(made)
    write_report(tmp_path / "page.html", made, counts, 2)
    page = (tmp_path / "page.html").read_text()
    assert f"{counts.total} of 6 pictures of 3 photographs kept" in page
    assert page.count("<article>") == 3  # the table, and two photographs
    assert f"<td>total</td><td>{counts.total}</td>" in page
    assert "original" in page


def test_a_filter_that_drops_all_leaves_small_copies(photos: list[Source], tmp_path: Path) -> None:
    strict = dataclasses.replace(
        REQUEST, config=CadConfig(variants=1, filter=FilterConfig(bad=0.0))
    )
    begin_set(tmp_path, strict.settings())
    record = open_set(tmp_path, strict).write(photos[0])
    assert [p["dropped"] for p in record["pictures"]] == ["bad"]
    assert cad.dropped_file(tmp_path, "0_0").is_file()
    counts = finish_set(tmp_path)
    assert counts.dropped == {"bad": 1}
    assert counts.total == 0
    write_report(tmp_path / "page.html", tmp_path, counts, 5)
    assert "dropped: bad" in (tmp_path / "page.html").read_text()


def test_real_pictures_invent_nothing(photos: list[Source], tmp_path: Path) -> None:
    real = dataclasses.replace(REQUEST, engine="real")
    begin_set(tmp_path, real.settings())
    record = open_set(tmp_path, real).write(photos[0])
    assert all(entry.get("bad") is None for entry in record["pictures"])
    assert finish_set(tmp_path).made == 2
    with pytest.raises(UsageError, match="--engine real"):
        dataclasses.replace(REQUEST, crops=tmp_path / "x.json").settings()


def test_settings_without_a_filter_keep_everything(
    opened: CadSet, photos: list[Source], tmp_path: Path
) -> None:
    every = CadConfig(variants=3, filter=None, stage=1)
    record = dataclasses.replace(opened, root=tmp_path, config=every).write(photos[1])
    assert [p["dropped"] for p in record["pictures"]] == [None] * 3
    assert cad.versions(tmp_path) == [1]
    assert all(p["labels"] == 1 for p in record["pictures"])
    assert np.all(
        [len(cad.read_labels(cad.beside_file(tmp_path, f"1_{k}"))) == 1 for k in range(3)]
    )
