"""`compose index` and the guiding options of `compose crop`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from compose.cli.main import COMMANDS, run
from compose.data.reference_index import open_index

from .processes import compose_here, files


def picture(path: Path, seed: int, width: int = 330, height: int = 220) -> Path:
    small = np.random.default_rng(seed).integers(60, 200, (5, 7, 3), np.uint8)
    rgb = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    place = (width * (1 + seed % 3) // 4, height * (1 + seed % 2) // 3)
    cv2.circle(rgb, place, height // 5, (230, 40, 30), -1, cv2.LINE_AA)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five good pictures, one of them in a folder, and one that is none."""
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(4):
        picture(folder / f"{seed}.png", seed)
    picture(folder / "sub" / "4.jpg", 4, 200, 300)
    (folder / "bad.jpg").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="module")
def index(photos: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "refs.idx"
    done = compose_here("index", "build", photos, "--out", path, "--json", home=home)
    assert done.returncode == 1, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["status"] for record in records].count("error") == 1
    assert "Traceback" not in done.stderr
    assert records[0]["name"] == "0.png"
    assert len(records[0]["hash"]) == 16
    return path


def test_bad_files_are_left_out_and_the_rest_is_indexed(index: Path) -> None:
    opened = open_index(index)
    assert opened.names == ["0.png", "1.png", "2.png", "3.png", "sub/4.jpg"]
    assert opened.sizes.tolist()[-1] == [200, 300]
    assert list(index.parent.iterdir()) == [index]  # no journal is left


def test_info_tells_what_an_index_is_of(index: Path, home: Path) -> None:
    done = compose_here("index", "info", index, "--json", home=home)
    assert done.returncode == 0
    record = json.loads(done.stdout)
    assert (record["photographs"], record["encoder"], record["dims"]) == (5, "builtin", 256)
    assert sum(record["layouts"].values()) == 5
    people = compose_here("index", "info", index, home=home)
    assert "16 tokens of 16, float16, cosine" in people.stdout


def test_query_gives_the_nearest_without_the_picture(
    index: Path, photos: Path, home: Path, tmp_path: Path
) -> None:
    smaller = Image.open(photos / "0.png").resize((165, 110))
    smaller.save(tmp_path / "copy.jpg")
    done = compose_here("index", "query", index, photos / "0.png", tmp_path / "copy.jpg", "-k", "3",
                        "--json", home=home)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        matches = json.loads(line)["matches"]
        assert len(matches) == 3
        assert "0.png" not in {match["name"] for match in matches}
        assert matches == sorted(matches, key=lambda match: match["distance"])
    kept = compose_here("index", "query", index, tmp_path / "copy.jpg", "-k", "1", "--near", "-1",
                        "--quiet", home=home)  # fmt: skip
    assert kept.stdout == "0.png\n"
    people = compose_here("index", "query", index, photos / "1.png", home=home)
    assert people.stdout.splitlines()[1].split() == ["rank", "distance", "layout", "reference"]


def test_what_stands_is_refused_skipped_or_replaced(
    index: Path, photos: Path, home: Path, tmp_path: Path
) -> None:
    before = index.read_bytes()
    done = compose_here("index", "build", photos, "--out", index, home=home)
    assert done.returncode == 2
    assert done.stderr.endswith("add --skip-existing or --overwrite.\n")
    skipped = compose_here("index", "build", photos, "--out", index, "--skip-existing", home=home)
    assert skipped.returncode == 0
    assert index.read_bytes() == before
    assert run(COMMANDS, ["index", "build", str(photos), "--out", str(tmp_path / "n.idx"),
                          "--dry-run"]) == 0  # fmt: skip
    assert not list(tmp_path.iterdir())
    again = compose_here("index", "build", photos, "--out", index, "--overwrite", home=home)
    assert again.returncode == 1  # of the bad file
    assert index.read_bytes() == before


def test_a_folder_is_no_index(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "refs").mkdir()
    for option in ([], ["--skip-existing"], ["--overwrite"]):
        given = ["index", "build", str(photos), "--out", str(tmp_path / "refs"), *option]
        assert run(COMMANDS, given) == 2
        stdout, stderr = capfd.readouterr()
        assert (stdout, len(stderr.splitlines())) == ("", 1)
        assert "refs is a folder; give a file, such as --out" in stderr
    assert list(tmp_path.rglob("*")) == [tmp_path / "refs"]


def test_of_nothing_that_could_be_read_no_journal_is_left(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "refs.idx"
    given = ["index", "build", str(photos / "bad.jpg"), "--out", str(out)]
    for option in ([], ["--fail-fast"]):
        assert run(COMMANDS, [*given, *option]) == 1
        assert "bad.jpg" in capfd.readouterr().err
        assert not list(out.parent.iterdir())


def test_what_stopped_early_is_no_index_yet(photos: Path, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "refs.idx"
    names = [photos / "0.png", photos / "bad.jpg", photos / "1.png", photos / "2.png"]
    given = ("index", "build", *names, "--out", path, "--jobs", 1)
    done = compose_here(*given, "--fail-fast", home=home)
    assert done.returncode == 1
    assert "run the same command again to go on" in done.stderr
    assert not path.exists()
    done = compose_here(*given, "--json", home=home)
    assert path.exists()
    assert json.loads(done.stdout.splitlines()[0])["before"] is True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["index", "build", "PHOTOS", "--out", "x.idx", "--encoder", "clip"], "is no encoder"),
        (["index", "build", "PHOTOS", "--out", "x.idx", "--source", "("], "is wrong"),
        (["index", "build", "PHOTOS", "--out", "x.idx", "--source", "a+"], "has no group"),
        (["index", "query", "INDEX", "PHOTOS", "--backend", "annoy"], "is no backend"),
        (["index", "query", "INDEX", "PHOTOS", "--metric", "l1"], "is no distance"),
        (["crop", "PHOTOS", "--prefer", "golden"], "is no layout; use thirds"),
        (["crop", "PHOTOS", "--like", "gone.jpg"], "the photograph to crop like cannot be used"),
    ],
)
def test_wrong_usage_is_one_sentence(
    index: Path,
    photos: Path,
    arguments: list[str],
    sentence: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    given = [{"PHOTOS": str(photos), "INDEX": str(index)}.get(a, a) for a in arguments]
    code = run(COMMANDS, given)
    stdout, stderr = capfd.readouterr()
    assert (code, stdout) == (2, "")
    assert sentence in stderr
    assert stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in stderr


def test_many_references_are_better_searched_otherwise(
    index: Path,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked = ["index", "query", str(index), str(photos / "1.png")]
    assert run(COMMANDS, asked) == 0
    assert "--backend" not in capfd.readouterr().err
    monkeypatch.setattr("compose.data.reference_backends.MANY", 2)
    assert run(COMMANDS, asked) == 0
    assert "references are compared; --backend usearch is faster" in capfd.readouterr().err


def test_an_index_that_does_not_fit_is_refused(
    index: Path, photos: Path, home: Path, tmp_path: Path
) -> None:
    data = index.read_bytes()
    digest = open_index(index).header.sha256.encode()
    (tmp_path / "other.idx").write_bytes(data.replace(digest, b"0" * 64))
    done = compose_here("index", "query", tmp_path / "other.idx", photos, home=home)
    assert done.returncode == 2
    assert "other weights of encoder builtin" in done.stderr
    (tmp_path / "half.idx").write_bytes(data[:999])
    done = compose_here("crop", photos / "0.png", "--refs", tmp_path / "half.idx", home=home)
    assert done.returncode == 1
    assert "is damaged; build it again" in done.stderr


def test_sources_by_a_pattern_of_names(photos: Path, home: Path, tmp_path: Path) -> None:
    for name, seed in (("7_0", 0), ("7_1", 1), ("8_0", 2)):
        picture(tmp_path / "in" / f"{name}.png", seed)
    built = compose_here("index", "build", tmp_path / "in", "--out", tmp_path / "a.idx",
                         "--source", r"(.+)_\d+$", home=home)  # fmt: skip
    assert built.returncode == 0
    asked = tmp_path / "in" / "7_0.png"
    done = compose_here("index", "query", tmp_path / "a.idx", asked, "--quiet", home=home)
    assert done.stdout == "8_0.png\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_build_goes_on_and_ends_with_the_same_bytes(
    photos: Path, home: Path, tmp_path: Path
) -> None:
    many = tmp_path / "in"
    for seed in range(12):
        picture(many / f"{seed:02}.png", seed, 200, 150)
    whole = compose_here("index", "build", many, "--out", tmp_path / "whole.idx", home=home)
    assert whole.returncode == 0
    target = tmp_path / "cut" / "a.idx"
    command = [sys.executable, "-m", "compose.cli", "index", "build", str(many), "--jobs", "1"]
    command += ["--out", str(target), "--json"]
    environment = {**os.environ, "COMPOSE_HOME": str(home)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not target.exists()
    time.sleep(0.05)
    rest = compose_here("index", "build", many, "--out", target, "--json", home=home)
    assert rest.returncode == 0
    before = [json.loads(line) for line in rest.stdout.splitlines()]
    assert sum("before" in record for record in before) >= 2
    assert target.read_bytes() == (tmp_path / "whole.idx").read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["a.idx"]


def test_qdrant_s_local_mode_serves_an_index(
    index: Path, photos: Path, home: Path, tmp_path: Path
) -> None:
    pytest.importorskip("qdrant_client")
    server = tmp_path / "server"
    pushed = compose_here("index", "push", index, "--server", server, "--json", home=home)
    assert pushed.returncode == 0, pushed.stderr
    assert json.loads(pushed.stdout) == {"collection": "compose", "photographs": 5}
    asked = ["index", "query", index, photos / "0.png", "-k", "2", "--quiet"]
    served = compose_here(*asked, "--backend", "qdrant", "--server", server, home=home)
    assert served.returncode == 0, served.stderr
    assert served.stdout == compose_here(*asked, home=home).stdout


def test_a_server_that_does_not_answer_is_no_wrong_usage(
    index: Path, photos: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("qdrant_client")
    asked = ["index", "query", str(index), str(photos / "0.png"), "--backend", "qdrant"]
    assert run(COMMANDS, [*asked, "--server", "http://127.0.0.1:9"]) == 1
    stdout, stderr = capfd.readouterr()
    assert not stdout
    assert "the Qdrant server does not serve this" in stderr
    assert "Traceback" not in stderr


def test_crops_like_others_are_explained(
    index: Path, photos: Path, home: Path, tmp_path: Path
) -> None:
    plain = compose_here("crop", photos / "1.png", "--json", home=home)
    wish = ["--like", photos / "2.png", "--refs", index, "--explain", "--overlay", tmp_path / "o"]
    done = compose_here("crop", photos / "1.png", "--json", *wish, home=home)
    assert done.returncode == 0, done.stderr
    before, record = json.loads(plain.stdout), json.loads(done.stdout)
    assert "references" not in before
    assert "layout" not in before["crops"][0]
    assert [match["name"] for match in record["like"]] == [str(photos / "2.png")]
    names = [match["name"] for match in record["references"]]
    assert len(names) == 4
    assert "1.png" not in names
    for crop in record["crops"]:
        assert 0 <= crop["agreement"] <= 1
        assert set(crop["layout"]) == {"class", "scores", "geometry"}
    assert list(files(tmp_path / "o")) == ["1_overlay.png"]
    people = compose_here("crop", photos / "1.png", "--prefer", "thirds", "--explain", home=home)
    heads = people.stdout.splitlines()[1].split()
    assert heads == ["rank", "box", "score", "aspect", "agreement", "layout"]


def test_the_references_that_ship_are_there(photos: Path, home: Path) -> None:
    info = json.loads(compose_here("index", "info", "builtin", "--json", home=home).stdout)
    assert info["encoder"] == "builtin"
    assert info["photographs"] >= 16
    done = compose_here(
        "crop", photos / "0.png", "--refs", "builtin", "--explain", "--json", home=home
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["references"]) == 10
