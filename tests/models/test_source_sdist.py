"""Source archives made here, on an index on this machine that speaks both of its forms."""

import base64
import hashlib
import json
import random
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.core.errors import ModelError, OutputError
from compose.models import pip_settings
from compose.models.checkpoint import Checkpoint, SdistSource
from compose.models.index_http import parse_index
from compose.models.pip_settings import index_url
from compose.models.source_archive import LARGEST_ARCHIVE
from compose.models.source_sdist import fetch_sdist

from . import archive_site
from .archive_site import Entry, made, serving, special

CONTENT = random.Random(5).randbytes(300_000)
FILE = "compose-test-weights-1.2.tar.gz"
SOURCE = SdistSource(
    "Compose_Test.weights", "1.2", FILE, "compose-test-weights-1.2/models/tiny.bin"
)
ROW = Checkpoint(
    name="tiny",
    purpose="tests",
    file="tiny.bin",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    licence="MIT",
    sources=(SOURCE,),
)
JSON = "application/vnd.pypi.simple.v1+json"


class Site(archive_site.Site):
    """A package index with one project."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple"

    def list_file(
        self, link: str = f"../../files/{FILE}", digest: str | None = None, html: bool = False
    ) -> None:
        """The project's page: an older archive, then the one."""
        if html:
            mark = f"#sha256={digest}" if digest else ""
            text = f'<!DOCTYPE html><a href="old-1.0.tar.gz">old</a><a href="{link}{mark}">it</a>'
            page = ("text/html; charset=utf-8", text.encode())
        else:
            hashes = {"sha256": digest} if digest else {}
            files = [
                {"filename": "old-1.0.tar.gz", "url": "old-1.0.tar.gz", "hashes": {}},
                {"filename": FILE, "url": link, "hashes": hashes},
            ]
            page = (JSON, json.dumps({"meta": {"api-version": "1.0"}, "files": files}).encode())
        self.pages["/simple/compose-test-weights/"] = page

    def serve(self, archive: bytes) -> None:
        self.pages[f"/files/{FILE}"] = ("application/octet-stream", archive)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    served = Site()
    with serving(served):
        served.list_file()
        served.serve(made([(SOURCE.member, CONTENT)]))
        monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        monkeypatch.setattr(pip_settings, "_files", lambda _: {})
        yield served


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models" / ROW.file


def fetch(target: Path, largest: int = LARGEST_ARCHIVE) -> None:
    fetch_sdist(SOURCE, ROW, target, loopback=True, largest=largest)


def refused(target: Path, match: str) -> str:
    """The one sentence of a failed fetch, after which nothing is left."""
    with pytest.raises(ModelError, match=match) as caught:
        fetch(target)
    home = target.parent.parent
    assert [path for path in home.rglob("*") if not path.is_dir()] == []
    assert not (home / "partial" / "sdist-tiny").exists()
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("hashed", [False, True])
def test_the_member_comes_out_and_nothing_else(
    site: Site, target: Path, html: bool, whole: bool, hashed: bool
) -> None:
    archive = made([("compose-test-weights-1.2/setup.py", b"1/0"), (SOURCE.member, CONTENT)])
    site.serve(archive)
    link = f"http://127.0.0.1:{site.port}/files/{FILE}" if whole else f"../../files/{FILE}"
    site.list_file(link, hashlib.sha256(archive).hexdigest() if hashed else None, html)
    killed = target.parent.parent / "partial" / "sdist-tiny" / "archive.tar.gz"
    killed.parent.mkdir(parents=True)
    killed.write_bytes(b"what a killed process left")
    seen: list[tuple[int, int | None]] = []
    fetch_sdist(
        SOURCE, ROW, target, loopback=True, progress=lambda done, whole: seen.append((done, whole))
    )
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(archive), len(archive))
    left = sorted(path.name for path in target.parent.parent.rglob("*"))
    assert left == ["models", "partial", "tiny.bin"]
    assert [path for path, _ in site.asked] == ["/simple/compose-test-weights/", f"/files/{FILE}"]
    assert site.asked[0][1]["Accept"] == f"{JSON}, text/html;q=0.1"
    assert all("Authorization" not in headers for _, headers in site.asked)


def test_nothing_of_the_archive_is_run(
    site: Site, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n".encode()
    project = b'[build-system]\nrequires = []\nbuild-backend = "pip"\nbackend-path = ["."]\n'
    folder = "compose-test-weights-1.2"
    names = [f"{folder}/setup.py", f"{folder}/pip.py", "pip.py", "../pip.py", "../../pip.py"]
    entries: list[Entry] = [(name, script) for name in names]
    entries += [(f"{folder}/pyproject.toml", project), (SOURCE.member, CONTENT)]
    site.serve(made(entries))
    started: list[list[str]] = []
    real = subprocess.Popen.__init__

    def watch(self: subprocess.Popen[bytes], command: list[str], **named: object) -> None:
        started.append(command[1:5])
        real(self, command, **named)  # type: ignore[call-overload]

    monkeypatch.undo()
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_INDEX_URL", site.url)
    monkeypatch.setattr(subprocess.Popen, "__init__", watch)
    fetch(target)
    assert target.read_bytes() == CONTENT
    assert started == [["-m", "pip", "config", "list"]]  # before anything was downloaded
    assert not (tmp_path / "ran").exists()
    assert list(tmp_path.rglob("*.py")) == []


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", CONTENT + b"?", CONTENT[:-1], b""])
def test_another_file_in_the_archive_is_refused(site: Site, target: Path, content: bytes) -> None:
    site.serve(made([(SOURCE.member, content)]))
    refused(target, "dropped")


@pytest.mark.parametrize(
    "entry",
    [
        ("../models/tiny.bin", CONTENT),
        (f"./{SOURCE.member}", CONTENT),
        (f"/{SOURCE.member}", CONTENT),
        (SOURCE.member.upper(), CONTENT),
        (special(SOURCE.member, tarfile.SYMTYPE, "/etc/hostname"), b""),
        (special(SOURCE.member, tarfile.LNKTYPE, "compose-test-weights-1.2/other"), b""),
        (special(SOURCE.member, tarfile.DIRTYPE), b""),
        (special(SOURCE.member, tarfile.FIFOTYPE), b""),
        (special(SOURCE.member, tarfile.CHRTYPE), b""),
    ],
    ids=["outside", "dot", "root", "case", "symlink", "hard link", "folder", "pipe", "device"],
)
def test_only_a_regular_file_of_that_very_name_is_taken(
    site: Site, target: Path, entry: Entry
) -> None:
    site.serve(made([("compose-test-weights-1.2/other", CONTENT), entry]))
    refused(target, r"has no file compose-test-weights-1\.2/models/tiny\.bin")


def test_a_sparse_file_is_not_taken(site: Site, target: Path) -> None:
    info = tarfile.TarInfo(SOURCE.member)
    info.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(2**50)}
    site.serve(made([(info, b"x")]))
    refused(target, "has no file")


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("kept", [0, 5, 200, 0.5, 0.99])
def test_a_truncated_archive_is_told(site: Site, target: Path, kept: float, listed: bool) -> None:
    archive = made([(SOURCE.member, CONTENT)])
    cut = archive[: kept if isinstance(kept, int) else int(len(archive) * kept)]
    site.serve(cut)
    site.list_file(digest=hashlib.sha256(archive if listed else cut).hexdigest())
    refused(target, "is not what" if listed else r"is damaged|has no file")


@pytest.mark.parametrize("send_length", [False, True])
def test_a_broken_line_is_told(site: Site, target: Path, send_length: bool) -> None:
    site.breaks, site.send_length = 100_000, send_length
    refused(target, r"broke off \(after 100000 of" if send_length else "is damaged")


def test_archives_with_any_byte_damaged_end_in_a_sentence_or_the_right_file(
    site: Site, target: Path
) -> None:
    whole = bytearray(made([(SOURCE.member, CONTENT)]))
    dice = random.Random(6)
    for _ in range(60):
        spoilt = bytearray(whole)
        for place in (dice.randrange(400), dice.randrange(len(whole))):
            spoilt[place] ^= 1 << dice.randrange(8)
        site.serve(bytes(spoilt))
        target.unlink(missing_ok=True)
        try:
            fetch(target)
        except ModelError as error:
            assert str(error).isprintable()  # noqa: PT017
            assert not target.exists()
        else:
            assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("field", ["size", "mtime", "path", "hdrcharset", "GNU.sparse.major"])
@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 400, "1e999", "\x00"])
def test_headers_that_make_no_sense_end_in_a_sentence_or_the_right_file(
    site: Site, target: Path, field: str, value: str
) -> None:
    info = tarfile.TarInfo(SOURCE.member)
    info.pax_headers = {field: value}
    site.serve(made([(info, CONTENT)]))
    try:
        fetch(target)
    except ModelError as error:
        assert str(error).isprintable()  # noqa: PT017
        assert not target.exists()
    else:
        assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["before", SOURCE.member])
def test_a_bomb_does_not_unfold(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("compose.models.source_archive._BESIDES", 2**20)
    site.serve(made([(name, bytes(40 * 2**20)), (SOURCE.member, CONTENT)]))
    refused(target, "unfolds to far more" if name == "before" else "does not have the size")


def test_a_bomb_of_a_header_does_not_unfold(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compose.models.source_archive._BESIDES", 2**20)
    info = tarfile.TarInfo(SOURCE.member)
    info.pax_headers = {"comment": "0" * (20 * 2**20)}
    site.serve(made([(info, CONTENT)]))
    refused(target, "unfolds to far more")


@pytest.mark.parametrize("send_length", [False, True])
def test_an_archive_that_is_too_large_is_not_downloaded_to_its_end(
    site: Site, target: Path, send_length: bool
) -> None:
    site.send_length = send_length
    with pytest.raises(ModelError, match="more than 1000 bytes"):
        fetch(target, largest=1000)
    assert [path for path in target.parent.parent.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("html", [False, True])
def test_an_index_without_the_file_is_told(site: Site, target: Path, html: bool) -> None:
    site.list_file(html=html)
    kind, page = site.pages["/simple/compose-test-weights/"]
    page = page.replace(FILE.encode(), b"compose-test-weights-1.3.tar.gz")
    site.pages["/simple/compose-test-weights/"] = kind, page
    sentence = refused(target, rf"has no {FILE} of Compose_Test\.weights")
    assert site.url in sentence


@pytest.mark.parametrize("missing", ["/simple/compose-test-weights/", f"/files/{FILE}"])
def test_what_the_index_does_not_have_is_told(site: Site, target: Path, missing: str) -> None:
    del site.pages[missing]
    refused(target, r"answered 404 \(Not Found\)")


@pytest.mark.parametrize(
    ("kind", "page", "match"),
    [
        (JSON, b"", "damaged answer"),
        (JSON, b'{"files": [', "damaged answer"),
        (JSON, b"\xff\xfe\xfa", "damaged answer"),
        (JSON, b"[" * 200_000, "damaged answer"),
        (JSON, b"[]", "has no"),
        (JSON, b'{"files": {"filename": 1}}', "has no"),
        (JSON, b'{"files": [1, null, {}, {"filename": 1, "url": 2, "hashes": 3}]}', "has no"),
        ("text/html", b"", "has no"),
        ("text/html", b"<![foo[<a href=x>", "has no"),
        ("text/html", b"<a><a href><a href=''>\xff\x00", "has no"),
        ("nonsense", b"\x00" * 1000, "has no"),
    ],
)
def test_pages_that_make_no_sense_are_told(
    site: Site, target: Path, kind: str, page: bytes, match: str
) -> None:
    site.pages["/simple/compose-test-weights/"] = kind, page
    refused(target, match)


@pytest.mark.parametrize(
    "link",
    [
        f"https://127.0.0.1/{FILE}",
        f"file:///etc/{FILE}",
        f"ftp://127.0.0.1/{FILE}",
        f"//[::1/{FILE}",
    ],
)
def test_a_link_that_leads_elsewhere_is_refused(site: Site, target: Path, link: str) -> None:
    site.list_file(link)
    refused(target, "by https")
    assert len(site.asked) == 1


def test_an_enormous_page_is_refused(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compose.models.index_http.LARGEST_PAGE", 100)
    refused(target, "more than 100 bytes")


def test_relative_links_begin_where_a_redirect_led(site: Site, target: Path) -> None:
    site.list_file(f"../../files/{FILE}")
    page = site.pages.pop("/simple/compose-test-weights/")
    site.pages["/mirror/deep/compose-test-weights/"] = page
    site.redirects["/simple/compose-test-weights/"] = "/mirror/deep/compose-test-weights/"
    site.pages[f"/mirror/files/{FILE}"] = site.pages.pop(f"/files/{FILE}")
    fetch(target)
    assert target.read_bytes() == CONTENT


def test_an_index_that_is_not_there_is_told(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    refused(target, r"http://127\.0\.0\.1:9/simple did not give .*refused")


def test_an_index_without_https_is_refused(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(target.parent.parent))
    monkeypatch.setenv("PIP_INDEX_URL", "http://packages.example/simple")
    with pytest.raises(ModelError, match="by https only"):
        fetch_sdist(SOURCE, ROW, target)


def test_a_password_goes_to_the_index_alone(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:s%40cret@127.0.0.1:{site.port}/simple/")
    site.login = f"Basic {base64.b64encode(b'me:s@cret').decode()}"
    fetch(target)
    assert target.read_bytes() == CONTENT
    site.login = None
    site.asked.clear()
    site.list_file(f"http://other:words@localhost:{site.port}/files/{FILE}")
    fetch(target)
    assert "Authorization" in site.asked[0][1]
    assert "Authorization" not in site.asked[1][1]
    site.asked.clear()
    site.redirects[f"/files/{FILE}"] = f"http://localhost:{site.port}/elsewhere"
    site.pages["/elsewhere"] = site.pages[f"/files/{FILE}"]
    site.list_file()
    fetch(target)
    assert ["Authorization" in headers for _, headers in site.asked] == [True, True, False]


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@127.0.0.1:9/simple",
        "http://me:secret@127.0.0.1:PORT/simple",
        "http://me:secret@127.0.0.1:PORT/nothing",
        "https://me:secret@packages.example/simple",
        "ftp://me:secret@packages.example/simple",
        "http://me:x/secret@127.0.0.1:9/simple",
        "http://me:sec ret@[::1/simple",
        "http://me:secret@127.0.0.1:secret/simple",
        "http://me:secret@127.0.0.1:123456/simple",
        "http://127.0.0.1:9/sec ret/@secret",
        "me:secret@",
    ],
)
def test_a_password_is_in_no_message(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    site.login = "Basic other"
    monkeypatch.setenv("PIP_INDEX_URL", url.replace("PORT", str(site.port)))
    with pytest.raises(ModelError) as caught:
        fetch(target)
    assert "cret" not in str(caught.value)
    assert caught.value.__suppress_context__ or "cret" not in str(caught.value.__context__)
    assert "cret" not in repr(parse_index("https://me:secret@packages.example/simple"))


def test_pip_s_settings_say_which_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    settings = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    settings.write_text("[global]\nindex-url = https://one.example/it's\nno-index = false\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert index_url(empty) == "https://one.example/it's"
    settings.write_text(settings.read_text() + "[install]\nindex_url = https://two.example\n")
    assert index_url(empty) == "https://two.example"
    monkeypatch.setenv("PIP_INDEX_URL", "https://three.example")
    assert index_url(empty) == "https://three.example"
    settings.write_text("[global]\nno-index = true\n")
    with pytest.raises(ModelError, match="forbid every package index"):
        index_url(empty)
    settings.write_text("index-url = https://me:secret@one.example\n")
    with pytest.raises(ModelError, match="cannot read its own settings") as caught:
        index_url(empty)
    assert "secret" not in str(caught.value)


def test_without_pip_the_public_index_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert index_url(tmp_path) == "https://pypi.org/simple"


def test_a_cache_that_cannot_be_written_is_told(
    site: Site, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="COMPOSE_HOME"):
        fetch(target)
    assert site.asked == []
